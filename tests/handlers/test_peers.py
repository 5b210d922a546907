from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sanic import Request
from sanic.compat import Header

from server.handlers.peers import client_ip


def asked(peer: str, forwarded: tuple[str, ...], *trusted: str) -> Request:
    headers = Header([("x-forwarded-for", line) for line in forwarded])
    deps = SimpleNamespace(trusted_proxies=tuple(ip_network(one) for one in trusted))
    made: Any = SimpleNamespace(
        conn_info=SimpleNamespace(client_ip=peer), headers=headers, app=SimpleNamespace(ctx=SimpleNamespace(deps=deps))
    )
    return cast("Request", made)


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "found"),
    [
        ("203.0.113.9", (), ["10.0.0.0/8"], "203.0.113.9"),
        ("203.0.113.9", ("1.2.3.4",), ["10.0.0.0/8"], "203.0.113.9"),
        ("10.0.0.1", ("1.2.3.4",), ["10.0.0.0/8"], "1.2.3.4"),
        ("10.0.0.1", ("6.6.6.6, 1.2.3.4",), ["10.0.0.0/8"], "1.2.3.4"),
        ("10.0.0.1", ("6.6.6.6, 1.2.3.4, 10.0.0.2",), ["10.0.0.0/8"], "1.2.3.4"),
        ("10.0.0.1", ("nonsense",), ["10.0.0.0/8"], "10.0.0.1"),
        ("10.0.0.1", ("1.2.3.4",), [], "10.0.0.1"),
        ("10.0.0.1", ("6.6.6.6", "1.2.3.4"), ["10.0.0.0/8"], "1.2.3.4"),
        ("10.0.0.1", ("6.6.6.6, 1.2.3.4", "10.0.0.2"), ["10.0.0.0/8"], "1.2.3.4"),
        ("10.0.0.1", ("1.2.3.4", "fe80::1%eth0"), ["10.0.0.0/8"], "10.0.0.1"),
        ("::1", ("2001:db8::7",), ["::1/128"], "2001:db8::7"),
    ],
)
def test_only_a_trusted_proxy_says_who_the_client_is(
    peer: str, forwarded: tuple[str, ...], trusted: list[str], found: str
) -> None:
    assert client_ip(asked(peer, forwarded, *trusted)) == found
