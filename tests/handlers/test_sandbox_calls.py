"""The calls for development: they act for a phone, and move the clock."""

from typing import Any

from server.core.clock import SystemClock
from server.handlers import rooms
from tests.support.mall import Mall, free_port
from tests.support.people import error_of, log_in
from tests.support.shop import join, make_sku


async def test_a_code_logs_in(mall: Mall) -> None:
    code = (await mall.http.post("/sandbox/code", json={"openid": "o-anna"})).json()["code"]
    assert (await mall.http.post("/api/login", json={"code": code})).status_code == 200


async def test_a_phone_code_binds_the_number(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    form = {"openid": "o-anna", "phone": "13812341234"}
    code = (await mall.http.post("/sandbox/phone", json=form)).json()["code"]
    assert (await anna.call("POST", "/me/phone", json={"code": code})).json() == {"phone": "138****1234"}


async def test_an_allowed_message_reaches_the_sandbox(mall: Mall) -> None:
    await log_in(mall, "o-anna")
    form = {"openid": "o-anna", "template_id": ["some-template"]}
    assert (await mall.http.post("/sandbox/subscribe", json=form)).status_code == 200


async def test_a_paid_order_is_shipped_once(mall: Mall) -> None:
    shopper = await join(mall)
    order_no = await shopper.buy(await make_sku())
    form = {"order_no": order_no}
    assert (await mall.http.post("/sandbox/ship", json=form)).status_code == 200
    assert (await shopper.order(order_no))["status"] == "shipped"
    assert error_of(await mall.http.post("/sandbox/ship", json=form)) == (409, "state_conflict")
    assert error_of(await mall.http.post("/sandbox/ship", json={"order_no": "none"})) == (404, "not_found")


async def test_the_sandboxes_refusals_come_in_our_envelope(mall: Mall) -> None:
    for path, form, status, code in (
        ("code", {"openid": "two words"}, 400, "bad_request"),
        ("phone", {"openid": "o-anna", "phone": "many"}, 400, "bad_request"),
        ("pay", {"order_no": "NOSUCH"}, 404, "not_found"),
        ("pay", {"out_trade_no": "NOSUCH"}, 400, "bad_request"),
        ("knobs", {"no_such_knob": 1}, 400, "bad_request"),
    ):
        answer = await mall.http.post(f"/sandbox/{path}", json=form)
        assert error_of(answer) == (status, code), answer.text
        assert answer.json()["error"]["detail"]["problem"]


async def test_knobs(mall: Mall) -> None:
    assert (await mall.http.post("/sandbox/knobs", json={"user_blocked": 1})).json()["user_blocked"] == {
        "count": 1,
        "op": None,
    }


async def test_the_clock_moves_for_all(mall: Mall) -> None:
    before = mall.clock.now()
    answer = await mall.http.post("/sandbox/clock", json={"advance_s": 86400})
    assert answer.status_code == 200
    assert (mall.clock.now() - before).total_seconds() >= 86400
    for step in (-1, 1e12, "x", None):
        assert error_of(await mall.http.post("/sandbox/clock", json={"advance_s": step})) == (400, "bad_request")
    assert (mall.clock.now() - before).total_seconds() < 2 * 86400


async def test_without_a_sandbox_of_ours_there_is_only_the_clock(mall: Mall, swap: Any) -> None:
    swap(sandbox_control_url="")
    assert error_of(await mall.http.post("/sandbox/code", json={"openid": "o"})) == (404, "not_found")
    assert (await mall.http.post("/sandbox/clock", json={"advance_s": 1})).status_code == 200
    swap(clock=SystemClock())
    assert error_of(await mall.http.post("/sandbox/clock", json={"advance_s": 1})) == (404, "not_found")


async def test_a_sandbox_that_is_down(mall: Mall, swap: Any) -> None:
    swap(sandbox_control_url=f"http://127.0.0.1:{free_port()}")
    assert error_of(await mall.http.post("/sandbox/code", json={"openid": "o"})) == (503, "wechat_unavailable")


def test_production_has_none_of_it() -> None:
    assert [blueprint.name for blueprint in rooms.plain(development=False) if "sandbox" in blueprint.name] == []
