"""Limits and approvals against operators who act at the same moment."""

import asyncio

from server import db
from server.rules.approvals import RefundApprove
from server.services.common.approvals import Awaiting
from server.services.desk import approvals
from tests.races.arena import in_one_moment, outcomes
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.purse import points_of, set_policy
from tests.support.shop import make_sku, shopper, stock
from tests.support.shop import product as product_entry
from tests.support.staff import (
    ADA,
    BEA,
    CAT,
    FIN,
    OPS,
    SAM,
    activity,
    coupon,
    employ,
    points,
    prices,
    state,
    waits,
)

MEMBER = "SELECT FROM members WHERE id = $1 FOR UPDATE"
ROUNDS = 6


async def tried(mall: Mall, *amounts: int) -> list[str]:
    """Let Sam give these amounts to different members at once; return what became of each."""
    members = [await shopper(mall, f"o-{n}") for n in range(len(amounts))]
    acts = [points(one.id, amount, f"once-{one.id}") for one, amount in zip(members, amounts, strict=True)]
    calls = (approvals.submit(mall.deps, SAM, act) for act in acts)
    came = await asyncio.gather(*calls, return_exceptions=True)
    return sorted("waits" if isinstance(one, Awaiting) else str(one) for one in came)


async def test_two_at_once_do_not_both_stay_below_the_limit(mall: Mall) -> None:
    await employ(mall, ADA, SAM)
    assert await tried(mall, *[6_000] * 6) == ["True", *["waits"] * 5]
    assert await db.fetch_value("SELECT sum(points) FROM point_credits") == 6_000
    assert await db.fetch_value("SELECT used FROM limit_uses") == 6_000
    await proved(mall)


async def test_the_same_act_at_once_waits_once(mall: Mall) -> None:
    await employ(mall, ADA, SAM)
    me = await shopper(mall)
    calls = (approvals.submit(mall.deps, SAM, points(me.id, 20_000)) for _ in range(5))
    came = await asyncio.gather(*calls, return_exceptions=True)
    assert len({one.approval_id for one in came if isinstance(one, Awaiting)}) == 1
    assert await db.fetch_value("SELECT count(*) FROM approvals") == 1


async def test_of_several_approvers_one_acts(mall: Mall) -> None:
    await employ(mall, ADA, BEA, CAT, SAM)
    me = await shopper(mall)
    for n in range(1, ROUNDS + 1):
        asked = await waits(mall, SAM, points(me.id, 20_000, f"once-{n}"))
        calls = [approvals.approve(mall.deps, asked, who, "同意") for who in (ADA, BEA, CAT)]
        came = await in_one_moment(MEMBER, me.id, *calls)
        assert sorted(map(str, came)) == ["None", *["state_conflict"] * 2]
        assert await points_of(me) == 20_000 * n
    assert await db.fetch_value("SELECT count(*) FROM audit_log WHERE action = 'approval.approve'") == ROUNDS
    await proved(mall)


async def test_a_refund_approved_rejected_and_cancelled_at_once(mall: Mall) -> None:
    """Exactly one of the three happens, and the refund is granted only with an approval."""
    await employ(mall, ADA, FIN, SAM)
    me, sku = await shopper(mall), await make_sku(300_000)
    for _ in range(ROUNDS):
        order_no = await me.buy(sku)
        await me.receive(order_no)
        act = RefundApprove(refund_no=(await me.refund(order_no))["refund_no"], reason="坏了")
        asked = await waits(mall, SAM, act)
        came = await outcomes(
            approvals.approve(mall.deps, asked, ADA, "同意"),
            approvals.reject(mall.deps, asked, FIN, "不行"),
            approvals.cancel(mall.deps, asked, "sam", "算了"),
        )
        assert sorted(map(str, came)) == ["None", "state_conflict", "state_conflict"]
        granted = await db.fetch_value("SELECT state FROM refunds WHERE refund_no = $1", act.refund_no) != "requested"
        assert granted is (await state(asked) == "approved")
    await proved(mall)


async def test_of_several_approvers_one_makes_the_activity(mall: Mall) -> None:
    await employ(mall, ADA, BEA, CAT, OPS)
    await stock(mall, product_entry("mask", "面膜", 10_000))
    good = {"sku": "mask-1", "points": 1, "stock": 5}
    for n in range(1, ROUNDS + 1):
        asked = await waits(mall, OPS, activity(points_goods=[{"slug": f"cup-{n}", **good}]))
        came = await outcomes(*(approvals.approve(mall.deps, asked, who, "同意") for who in (ADA, BEA, CAT)))
        assert sorted(map(str, came)) == ["None", *["state_conflict"] * 2]
        assert await db.fetch_value("SELECT count(*) FROM points_goods") == n
    assert await db.fetch_value("SELECT count(*) FROM audit_log WHERE action = 'activity.apply'") == ROUNDS
    await proved(mall)


async def test_a_price_and_an_activity_at_once_do_not_both_stay_below_the_limit(mall: Mall) -> None:
    """The price of the SKU and that of its activity are counted in one row."""
    await employ(mall, ADA, OPS)
    for n in range(ROUNDS):
        await stock(mall, product_entry(f"mask-{n}", "面膜", 10_000))
        code = f"mask-{n}-1"
        cheaper = prices({"slug": f"mask-{n}", "skus": [{"code": code, "price_fen": 8_000}]})
        exchange = activity(points_goods=[{"slug": f"cup-{n}", "sku": code, "points": 7_100, "stock": 5}])
        calls = (approvals.submit(mall.deps, OPS, act) for act in (cheaper, exchange))
        came = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(one, Awaiting) for one in came) == 1, came


async def test_publications_at_once_do_not_both_stay_below_the_limit(mall: Mall) -> None:
    await employ(mall, ADA, OPS)
    await set_policy(mall, limit_operations_coupons=1)
    calls = (
        approvals.submit(mall.deps, OPS, coupon({"slug": f"gift-{n}", "name": "礼券", "amount_fen": 500}))
        for n in range(ROUNDS)
    )
    came = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, Awaiting) for one in came) == ROUNDS - 1
    assert await db.fetch_value("SELECT count(*) FROM coupon_templates") == 1
