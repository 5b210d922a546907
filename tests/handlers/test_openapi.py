"""The OpenAPI document is complete and correct: compared with the running mall, and fuzzed."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok

from server.handlers import rooms
from tests.support.mall import Mall
from tests.support.shop import Shopper, join, make_sku, publish, work

_EXAMPLES = 25
_HEADER = st.tuples(
    st.sampled_from(("Authorization", "Cookie", "User-Agent", "Idempotency-Key", "X-Forwarded-For", "Content-Type")),
    st.tuples(
        st.sampled_from((b"x", b"Bearer ", b"tuisan_operator=", b"a=", b"multipart/form-data; boundary=")),
        st.binary(max_size=40).map(lambda some: some.replace(b"\r", b"").replace(b"\n", b"")),
    ).map(b"".join),
)
"""A header or cookie with any bytes that a client can send."""
_UNFIT = ("unsupported_method", "missing_required_header", "ignored_auth", "positive_data_acceptance")
"""Checks for things that the interface does not promise."""


async def test_every_declared_call_stands_in_the_document(mall: Mall) -> None:
    document = (await mall.http.get("/openapi.json")).json()
    declared = {
        (endpoint.method.lower(), endpoint.path.count("/"), endpoint.summary)
        for room in rooms.SHOP
        for endpoint in room.endpoints
    }
    shown = {
        (method, path.removeprefix("/api").count("/"), operation["summary"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if path.startswith("/api/")
    }
    assert shown == declared
    page = await mall.http.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text.replace("http-equiv", "")


async def test_wechats_calls_stand_in_the_document_as_they_are_served(mall: Mall) -> None:
    document = (await mall.http.get("/openapi.json")).json()
    assert mall.app is not None
    served = {
        (method.lower(), f"/{route.path}", route.name.partition(".")[2])
        for route in mall.app.router.routes
        if route.path.startswith("wechat/")
        for method in route.methods
    }
    shown = {
        (method, path, operation["operationId"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if path.startswith("/wechat/")
    }
    assert shown == served
    for path, operations in document["paths"].items():
        if path.startswith("/wechat/"):
            for method, operation in operations.items():
                answer = await mall.http.request(method, path)
                assert str(answer.status_code) in operation["responses"]
    assert "支付结果通知" in (await mall.http.get("/docs")).text


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_no_input_makes_the_mall_fail_or_break_its_word(mall: Mall) -> None:
    await publish(mall, pick="member_chooses")
    sku = await make_sku()
    anna = await join(mall)
    await anna.buy(sku)
    pending = await anna.place(sku)
    await work(mall)
    document = (await mall.http.get("/openapi.json")).json()
    names = {"order_no": pending["order_no"], "share_code": await anna.share_code()}
    failures = await asyncio.to_thread(_fuzz, document, mall.base_url, anna, names)
    assert failures == []


def _fuzz(document: dict[str, Any], base_url: str, member: Shopper, names: dict[str, str]) -> list[str]:
    """Send generated input to every call as a logged-in member; return what broke the document's promises."""
    schema = schemathesis.openapi.from_dict(document)
    schema.config.base_url = base_url
    checks = [check for check in CHECKS.get_all() if check.__name__ not in _UNFIT]
    failures: list[str] = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @settings(
            max_examples=_EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        )
        @given(case=operation.as_strategy(), odd=st.one_of(st.none(), _HEADER))
        def one(case: Any, odd: tuple[str, bytes] | None) -> None:
            for name, value in names.items():
                if name in case.path_parameters:
                    case.path_parameters[name] = value
            headers = dict(member.headers)
            answer = case.call(headers=headers | dict([odd] if odd else []), timeout=30)
            if odd is None:
                case.validate_response(answer, checks=checks, headers=headers)
            else:  # what the document says is about calls without such a header
                assert answer.status_code < 500 or answer.status_code == 503, (odd, answer.text)

        try:
            one()
        except (FailureGroup, AssertionError) as failure:
            failures.append(f"{operation.method} {operation.path}: {failure}"[:1500])
    return failures
