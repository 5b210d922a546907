"""No header, no cookie and no nesting makes the mall fail: every byte that HTTP lets through, at every kind of door."""

import asyncio
import itertools
import random
import re
from collections.abc import Iterator

import msgspec
import pytest

from server import db
from server.handlers import rooms
from server.handlers.endpoint import Endpoint
from server.rules.operators import Role
from server.services.common import security
from server.services.operators import accounts as operator_accounts
from tests.support.mall import Mall
from tests.support.shop import join
from tests.support.wire import say

_BUSY = 503
_DRAWN = 500
DOORS = (
    (b"GET", "/api/me"),
    (b"GET", "/api/products?limit=1"),
    (b"POST", "/api/login"),
    (b"POST", "/api/orders"),
    (b"POST", "/api/me/avatar"),
    (b"DELETE", "/api/addresses/1"),
    (b"GET", "/admin"),
    (b"GET", "/admin/login"),
    (b"POST", "/admin/login"),
    (b"POST", "/admin/login/code"),
    (b"POST", "/admin/logout"),
    (b"GET", "/h5/"),
    (b"GET", "/metrics"),
    (b"GET", "/readyz"),
    (b"GET", "/wechat/push?signature=1"),
    (b"POST", "/wechat/push?encrypt_type=aes"),
    (b"POST", "/wechat/pay/notify"),
    (b"POST", "/sandbox/pay"),
    (b"GET", "/nowhere"),
)
NAMES = (
    b"Accept", b"Accept-Encoding", b"Authorization", b"Connection", b"Content-Type", b"Cookie", b"Expect", b"Forwarded",
    b"Host", b"Idempotency-Key", b"If-None-Match", b"Origin", b"Range", b"Upgrade", b"User-Agent", b"Via",
    b"Wechatpay-Nonce", b"Wechatpay-Serial", b"Wechatpay-Signature", b"Wechatpay-Timestamp", b"X-CSRF-Token",
    b"X-Forwarded-For", b"X-Forwarded-Host", b"X-Real-IP",
)  # fmt: skip
SHAPES = (
    b"", b"Bearer ", b"Token ", b"Basic ", b"tuisan_operator=", b"tuisan_operator_ticket=", b"a=1; a=", b"http://",
    b"multipart/form-data; boundary=", b"application/x-www-form-urlencoded; charset=", b"gzip;q=", b"127.0.0.1, ",
    b"bytes=", b"100-",
)  # fmt: skip
ODD = (
    b"", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\x00", b"a\x00b", b"\x7f", "令牌".encode(), b"%ff", b"%00", b"[",
    b"]:", b"[::1", b"fe80::1%" + b"x" * 99, b'"', b"\\", b";", b"=", b",", b"9" * 400, b"-1", b"1e999", b"x" * 6000,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _a_flood_of_refusals_is_forgotten() -> Iterator[None]:
    """Leave nothing in the count that keeps a flood out of the security log."""
    yield
    security._recorded.clear()


async def failures(mall: Mall, asked: list[tuple[bytes, str, bytes]]) -> list[str]:
    """Send each request with its one header line; return those that the mall failed to answer."""
    at_once = asyncio.Semaphore(10)

    async def one(method: bytes, path: str, line: bytes) -> str:
        async with at_once:
            status, text = await say(mall.base_url, method, path, line, body=b"{}" if method == b"POST" else b"")
        failed = status >= 500 and status != _BUSY
        return f"{method.decode()} {path} {line[:80]!r}: {status} {text[:200]!r}" if failed else ""

    return [found for found in await asyncio.gather(*(one(*each) for each in asked)) if found]


async def test_what_once_failed_is_answered(mall: Mall) -> None:
    lines = [
        b"Authorization: Bearer \xff",
        b"Cookie: tuisan_operator=\xff",
        b"Cookie: tuisan_operator_ticket=\xff",
        b"Expect: \xff",
        b"Origin: http://[::1",
        b"X-Forwarded-For: \xff",
    ]
    assert await failures(mall, [(*door, line) for door in DOORS for line in lines]) == []


async def test_any_header_at_any_door(mall: Mall) -> None:
    every = list(itertools.product(DOORS, NAMES, SHAPES, ODD))
    drawn = random.sample(every, _DRAWN)
    asked = [(*door, b"%s: %s%s" % (name, shape, odd)) for door, name, shape, odd in drawn]
    assert await failures(mall, asked) == []


@pytest.mark.parametrize("agent", [b"\xff", b"a\x00b", "浏览器".encode() * 200])
async def test_an_operator_logs_in_with_whatever_browser(mall: Mall, agent: bytes) -> None:
    password = await operator_accounts.create(mall.deps, "anna", Role.OWNER, "test", must_change=False)
    body = f"name=anna&password={password}".encode()
    form = b"Content-Type: application/x-www-form-urlencoded"
    status, _ = await say(mall.base_url, b"POST", "/admin/login", form, b"User-Agent: " + agent, body=body)
    assert status == 303
    kept = await db.fetch_value("SELECT agent FROM operator_sessions")
    assert kept == agent.decode("utf-8", "replace").replace("\0", "\ufffd")[:200]


def acting() -> list[Endpoint]:
    """Return the calls that take a body."""
    return [one for room in rooms.SHOP for one in room.endpoints if one.method != "GET"]


async def test_no_nesting_is_too_deep_to_answer(mall: Mall) -> None:
    me = await join(mall)
    deep = b'{"a":' * 5_000 + b"1" + b"}" * 5_000
    for endpoint in acting():
        path = "/api" + re.sub(r"<\w+(?::\w+)?>", "1", endpoint.path)
        fields = [field.encode_name for field in msgspec.structs.fields(endpoint.takes)]
        for body in (deep, *(b'{"%s":%s}' % (name.encode(), deep) for name in fields)):
            headers = me.headers | {"Idempotency-Key": "deep"}
            answer = await mall.http.request(endpoint.method, path, content=body, headers=headers)
            assert answer.status_code < 500 or answer.status_code == _BUSY, (path, answer.text)
