"""Messages to members about money: one for each step, in a form that WeChat accepts, with a link to the right page."""

from typing import Any

import orjson
import pytest

from server import db
from server.sandbox.mini_messages import check_value
from server.seed.plant import _NOTICES
from server.services.orders import refunds, returns
from server.services.withdrawals import requests as withdrawal_requests
from tests.browser.routes import listed
from tests.support.mall import Mall
from tests.support.purse import ask, rich, send, set_policy
from tests.support.shop import join, make_sku, pass_days, publish, publish_commission, until, work


async def told(member_id: int) -> list[tuple[str, str, str]]:
    """Return template, state and query of a member's messages about money, in order; each fits its template."""
    templates = {one["key"]: one for one in _NOTICES}
    rows = await db.fetch("SELECT args FROM outbox WHERE job = 'send_notice' ORDER BY id")
    found = []
    for row in rows:
        said: dict[str, Any] = orjson.loads(row["args"])
        fields = templates[said["template"]]["fields"]
        assert set(fields.values()) <= set(said["values"])
        for field, name in fields.items():
            check_value(field, said["values"][name])
        if said["member_id"] == member_id and "state" in said["values"]:
            found.append((said["template"], said["values"]["state"], said["query"]))
    return found


def test_every_message_leads_to_a_page() -> None:
    assert {one["page"] for one in _NOTICES} <= listed()


async def test_a_commission_comes_and_is_released(mall: Mall) -> None:
    await publish(mall, required=10)
    await publish_commission(mall, policies=[{"kind": "ratio", "ratio_bp": 500}])
    me = await join(mall)
    friend = await join(mall, me)
    order_no = await friend.buy(await make_sku())
    await work(mall)
    (commission,) = (await me.get("/commissions"))["items"]
    query = f"id={commission['id']}"
    assert await told(me.id) == [("commission_frozen", "已入账（冻结中）", query)]
    await friend.receive(order_no)
    await pass_days(mall, 8)
    assert (await told(me.id))[-1] == ("commission_settled", "已到账", query)


async def test_a_withdrawal_step_by_step(mall: Mall) -> None:
    me = await rich(mall)
    paid = await send(mall, me, 1_000)
    await mall.http.post(f"/sandbox/transfers/{paid}/confirm")
    rejected = await ask(me, 1_000)
    await withdrawal_requests.reject(mall.deps, rejected, "tester", "资料不符")
    assert await told(me.id) == [
        ("withdrawal", "待转账", f"no={paid}"),
        ("withdrawal", "待确认收款", f"no={paid}"),
        ("withdrawal", "已到账", f"no={paid}"),
        ("withdrawal", "未通过", f"no={rejected}"),
    ]


async def amounts(member_id: int, template: str) -> list[str]:
    """Return the amounts that a member's messages of one template name, in order."""
    rows = await db.fetch(
        "SELECT args -> 'values' ->> 'amount' AS amount FROM outbox WHERE job = 'send_notice'"
        " AND args ->> 'template' = $1 AND (args ->> 'member_id')::bigint = $2 ORDER BY id",
        template,
        member_id,
    )
    return [row["amount"] for row in rows]


async def test_a_withdrawal_with_a_fee_names_what_arrives_or_what_returns(mall: Mall) -> None:
    await set_policy(mall, withdrawal_fee_bp=150)
    me = await rich(mall)
    paid = await send(mall, me, 1_000)
    await mall.http.post(f"/sandbox/transfers/{paid}/confirm")
    rejected = await ask(me, 1_000)
    await withdrawal_requests.reject(mall.deps, rejected, "tester", "资料不符")
    assert await amounts(me.id, "withdrawal") == ["9.85元", "9.85元", "9.85元", "10.00元"]


async def test_a_refund_names_the_freight_that_returns_too(mall: Mall) -> None:
    await set_policy(mall, freight_fen=800)
    me = await join(mall)
    order_no = await me.buy(await make_sku(1_000))
    await me.refund(order_no)
    assert await amounts(me.id, "refund") == ["18.00元"]


@pytest.mark.parametrize("back", [False, True])
async def test_a_refund_step_by_step(mall: Mall, back: bool) -> None:
    me = await join(mall)
    order_no = await me.buy(await make_sku())
    await me.receive(order_no)
    turned_down = (await me.refund(order_no))["refund_no"]
    await refunds.reject(mall.deps, turned_down, "tester", "已过期限")
    refund_no = (await me.refund(order_no))["refund_no"]
    if back:
        await returns.accept(mall.deps, refund_no, "售后部", "", "tester")
    await refunds.approve(mall.deps, refund_no, "tester")
    await work(mall)

    async def arrived() -> bool:
        return (await told(me.id))[-1][1] == "已到账"

    await until(arrived)
    states = ["未通过审核", *(["请寄回商品"] if back else []), "已同意退款", "已到账"]
    assert await told(me.id) == [("refund", state, f"order_no={order_no}") for state in states]
