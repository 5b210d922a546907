"""The caller's address: that of the connection, or the one that a trusted proxy reports."""

import ipaddress

from sanic import Request

from server.gateways.ports import Deps


def client_ip(request: Request) -> str:
    """Return the client's address. `X-Forwarded-For` is read from the right and only past trusted proxies.

    Several lines of it are one list: a proxy may append a line of its own instead of adding to the client's.
    The header is ignored if it did not come through a trusted proxy or if its value is not an address.
    """
    deps: Deps = request.app.ctx.deps
    address = request.conn_info.client_ip if request.conn_info else ""
    said = [part.strip() for part in ",".join(request.headers.getall("x-forwarded-for", [])).split(",")]
    while said and _trusted(address, deps):
        nearer = said.pop()
        if not _is_address(nearer):
            break
        address = nearer
    return address


def _trusted(address: str, deps: Deps) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in one for one in deps.trusted_proxies)


def _is_address(text: str) -> bool:
    """Return whether it is an address. One with a zone (`fe80::1%eth0`) means something to its own machine only."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
