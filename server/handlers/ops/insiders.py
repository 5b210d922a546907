"""Who may see how the shop is doing: whoever has METRICS_TOKEN, or, if none is set, the machine itself."""

import hmac
import ipaddress

from sanic import Request

from server.gateways.ports import Deps
from server.handlers.headers import bearer

_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-real-ip")
"""A request with one of these came through a proxy, so its connection says nothing about who sent it."""


def is_insider(request: Request) -> bool:
    """Return whether the caller may see metrics and the detail of readiness.

    With a token nothing else counts: behind a proxy on the same machine, every connection comes from loopback.
    """
    deps: Deps = request.app.ctx.deps
    if deps.metrics_token:
        return hmac.compare_digest(bearer(request), deps.metrics_token)
    peer = request.conn_info.client_ip if request.conn_info else ""
    return _is_loopback(peer) and not any(name in request.headers for name in _FORWARDED)


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback
