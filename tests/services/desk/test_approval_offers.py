"""What would give goods away needs a second operator: activities, levels, the matrix, coupons, settings of money."""

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from server import db
from server.core.errors import NotAllowed, StateConflict
from server.rules.approvals import (
    ActivityChange,
    CouponIssue,
    CouponPublish,
    LevelsPublish,
    SettingsChange,
    StackingPublish,
)
from server.rules.levels import Level
from server.rules.shop import ShopPolicy
from server.rules.stacking import Combination, Matrix
from server.services.desk import approvals
from server.services.terms import levels, policy, stacking
from tests.support.mall import Mall
from tests.support.purse import set_policy
from tests.support.shop import join, stock
from tests.support.shop import product as product_entry
from tests.support.staff import ADA, BEA, FIN, OPS, PIA, activity, coupon, employ, prices, state, waits

HOUR = timedelta(hours=1)
CHANGED = "当前状态不支持此操作：提交之后情况已经改变，请重新提交"


@pytest.fixture
async def shop(mall: Mall) -> Mall:
    """Return a shop with two owners and an operator of the role 运营, and one product for 100 yuan."""
    await employ(mall, ADA, BEA, OPS)
    await stock(mall, product_entry("mask", "面膜", 10_000))
    return mall


def flash(mall: Mall, price_fen: int, slug: str = "noon", pieces: int = 5, **more: Any) -> ActivityChange:
    """Return an act that makes or changes a session, which begins in an hour, with one item."""
    item = {"sku": "mask-1", "price_fen": price_fen, "stock": pieces, "per_member": 1}
    now = mall.clock.now()
    times = {"starts_at": now + HOUR, "ends_at": now + 2 * HOUR}
    return activity(flash_sales=[{"slug": slug, "name": "秒杀", "items": [item]} | times | more])


def sale(**fields: Any) -> ActivityChange:
    """Return an act that changes the session."""
    return activity(flash_sales=[{"slug": "noon"} | fields])


def team(mall: Mall, price_fen: int, **more: Any) -> ActivityChange:
    """Return an act that makes a group buy."""
    now = mall.clock.now()
    entry = {"slug": "three", "title": "三人团", "product": "mask", "size": 3, "window_hours": 24, "starts_at": now}
    price = {"code": "mask-1", "price_fen": price_fen}
    return activity(group_buys=[entry | {"ends_at": now + HOUR, "skus": [price]} | more])


def good(points: int, price_fen: int = 0, **more: Any) -> ActivityChange:
    """Return an act that makes a good of the points mall."""
    entry = {"slug": "cup", "sku": "mask-1", "points": points, "price_fen": price_fen, "stock": 5}
    return activity(points_goods=[entry | more])


def at_price(price_fen: int) -> Any:
    return prices({"slug": "mask", "skus": [{"code": "mask-1", "price_fen": price_fen}]})


async def ends_at() -> datetime:
    found: datetime = await db.fetch_value("SELECT ends_at FROM flash_sales")
    return found


async def sales() -> list[int]:
    """Return the prices of all items of flash sales."""
    return [row["price_fen"] for row in await db.fetch("SELECT price_fen FROM flash_items ORDER BY id")]


async def measured(approval_id: int) -> int:
    return int(await db.fetch_value("SELECT weight FROM approvals WHERE id = $1", approval_id))


# --- Activities -------------------------------------------------------------------------------------------------------


async def test_a_flash_sale_for_a_fen_waits_for_another_operator_and_happens_once(shop: Mall) -> None:
    asked = await waits(shop, OPS, flash(shop, 1))
    assert (await sales(), await measured(asked)) == ([], 9_999)
    assert await db.fetch_value("SELECT reserved FROM skus") == 0, "nothing of it stays"
    with pytest.raises(NotAllowed):
        await approvals.approve(shop.deps, asked, OPS, "自己")
    await employ(shop, FIN)
    with pytest.raises(NotAllowed):
        await approvals.approve(shop.deps, asked, FIN, "财务不管活动")
    assert await approvals.approve(shop.deps, asked, BEA, "年终引流") is None
    assert (await sales(), await state(asked)) == ([1], "approved")
    with pytest.raises(StateConflict):
        await approvals.approve(shop.deps, asked, ADA, "再来")
    row = await db.fetch_row("SELECT actor, subject, detail FROM audit_log WHERE action = 'activity.apply'")
    assert row is not None
    said = orjson.loads(row["detail"])
    assert (row["actor"], row["subject"]) == ("ops", "flash_sale:noon")
    assert (said["asked_by"], said["approved_by"], said["approval"]) == ("ops", "bea", asked)
    assert said["before"]["mask-1"] == {"price_fen": 10_000}, "what it cost before"
    assert said["after"]["mask-1"] == {"price_fen": 1, "stock": 5, "per_member": 1}


async def test_a_rejected_or_expired_activity_is_not_made(shop: Mall) -> None:
    rejected, expired = await waits(shop, OPS, flash(shop, 1)), await waits(shop, OPS, team(shop, 1))
    await approvals.reject(shop.deps, rejected, ADA, "太便宜")
    shop.clock.advance(timedelta(days=8).total_seconds())
    await approvals.expire_due(shop.deps)
    assert [await state(one) for one in (rejected, expired)] == ["rejected", "expired"]
    assert await db.fetch_value("SELECT (SELECT count(*) FROM flash_sales) + (SELECT count(*) FROM group_buys)") == 0


async def test_a_role_may_discount_a_sku_as_far_as_it_may_change_the_price(shop: Mall) -> None:
    """30 % for 运营: the deepest activity of the day and the changes of the SKU's own price add up."""
    for slug in ("noon", "two", "three"):
        assert (await approvals.submit(shop.deps, OPS, flash(shop, 8_000, slug))).activities == 1
    assert await db.fetch_value("SELECT peak FROM limit_uses") == 2_000, "three discounts of 20 % are one"
    await waits(shop, OPS, at_price(8_900))
    assert (await approvals.submit(shop.deps, OPS, at_price(9_000))).skus == 1
    await waits(shop, OPS, flash(shop, 7_100, "four"))
    assert (await approvals.submit(shop.deps, OPS, flash(shop, 7_200, "four"))).activities_new == 1
    assert (await approvals.submit(shop.deps, ADA, flash(shop, 4_500, "five"))).activities_new == 1, (
        "an owner's is 50 %"
    )
    shop.clock.advance(86_400)
    assert (await approvals.submit(shop.deps, OPS, flash(shop, 6_300, "six"))).activities_new == 1


async def test_more_of_a_deep_discount_is_as_much_as_a_new_one(shop: Mall) -> None:
    """What was approved for an hour and five pieces is not prolonged or enlarged by one operator."""
    asked = await waits(shop, OPS, flash(shop, 1))
    assert await approvals.approve(shop.deps, asked, BEA, "引流") is None
    end = await ends_at()
    for wider in (
        sale(ends_at=end + HOUR),
        sale(starts_at=end - 2 * HOUR),
        sale(items=[{"sku": "mask-1", "stock": 6}]),
        sale(items=[{"sku": "mask-1", "per_member": 5}]),
    ):
        assert await measured(await waits(shop, OPS, wider)) == 9_999
    for narrower in (
        sale(name="新名字"),
        sale(ends_at=end - HOUR / 2),
        sale(items=[{"sku": "mask-1", "stock": 4}]),
        sale(items=[{"sku": "mask-1", "price_fen": 2}]),
        sale(items=[{"sku": "mask-1", "stock": 0}]),
        sale(stop=True),
    ):
        assert (await approvals.submit(shop.deps, OPS, narrower)).activities == 1
    assert await db.fetch_value("SELECT count(*) FROM limit_uses") == 0


async def test_a_group_buy_is_measured_by_its_lower_price(shop: Mall) -> None:
    leader = {"code": "mask-1", "price_fen": 9_000, "leader_price_fen": 100}
    asked = await waits(shop, OPS, team(shop, 9_000, skus=[leader]))
    assert await measured(asked) == 9_900
    assert await approvals.approve(shop.deps, asked, BEA, "团长福利") is None
    fewer = activity(group_buys=[{"slug": "three", "title": "新名", "active": False}])
    assert (await approvals.submit(shop.deps, OPS, fewer)).activities == 1

    def three(**fields: Any) -> ActivityChange:
        return activity(group_buys=[{"slug": "three"} | fields])

    for wider in (
        three(skus=[leader | {"price_fen": 8_999}]),
        three(skus=[leader | {"leader_price_fen": 99}]),
        three(active=True),
        three(size=2),
        three(stock_limit=9, virtual_fill=True),
    ):
        await waits(shop, OPS, wider)
    dearer = three(skus=[leader | {"leader_price_fen": 8_000}])
    assert (await approvals.submit(shop.deps, OPS, dearer)).activities == 1


async def test_points_count_for_what_they_pay_of_an_order(shop: Mall) -> None:
    await set_policy(shop, points_per_fen=2)
    assert await measured(await waits(shop, OPS, good(1))) == 10_000
    assert await measured(await waits(shop, OPS, good(2_000, 5_999))) == 3_001
    assert (await approvals.submit(shop.deps, OPS, good(2_000, 6_000))).activities_new == 1
    for wider in ({"slug": "cup", "points": 1_998}, {"slug": "cup", "price_fen": 5_999}):
        await waits(shop, OPS, activity(points_goods=[dict(wider)]))
    less = activity(points_goods=[{"slug": "cup", "points": 4_000, "stock": 3, "per_member": 1}])
    assert (await approvals.submit(shop.deps, OPS, less)).activities == 1


async def test_a_file_waits_whole_and_a_price_that_changed_meanwhile_lets_it_fail(shop: Mall) -> None:
    deep, mild = flash(shop, 1), flash(shop, 9_900, "two")
    lists = [orjson.loads(one.document)["flash_sales"] for one in (deep, mild)]
    asked = await waits(shop, OPS, activity(flash_sales=[*lists[0], *lists[1]]))
    assert await db.fetch_value("SELECT subject FROM approvals") == "activities"
    detail = orjson.loads(await db.fetch_value("SELECT detail FROM approvals"))
    assert set(detail["after"]) == {"flash_sale:noon", "flash_sale:two"}
    assert (await approvals.submit(shop.deps, ADA, at_price(11_000))).skus == 1
    assert await approvals.approve(shop.deps, asked, BEA, "好") == CHANGED
    assert (await sales(), await state(asked)) == ([], "failed")


async def test_an_activity_that_changed_meanwhile_is_not_overwritten(shop: Mall) -> None:
    assert (await approvals.submit(shop.deps, OPS, flash(shop, 9_000))).activities_new == 1
    asked = await waits(shop, OPS, sale(items=[{"sku": "mask-1", "price_fen": 1}]))
    assert (await approvals.submit(shop.deps, OPS, sale(items=[{"sku": "mask-1", "price_fen": 9_500}]))).activities == 1
    assert await approvals.approve(shop.deps, asked, BEA, "好") == CHANGED
    late = await waits(shop, OPS, sale(items=[{"sku": "mask-1", "price_fen": 1}]))
    shop.clock.advance(2 * 3_600)
    failed = await approvals.approve(shop.deps, late, BEA, "好")
    assert failed is not None
    assert "本场已结束" in failed
    assert await sales() == [9_500]


async def test_a_new_sku_is_no_way_around_the_price(shop: Mall) -> None:
    def with_sku(code: str, price_fen: int) -> Any:
        sku = {"code": code, "price_fen": price_fen, "spec": {"款": code}, "stock_add": 9}
        return prices({"slug": "mask", "skus": [sku]})

    asked = await waits(shop, OPS, with_sku("mask-2", 1))
    assert await measured(asked) == 9_999
    assert (await approvals.submit(shop.deps, OPS, with_sku("mask-3", 7_000))).skus_new == 1
    assert (await approvals.submit(shop.deps, OPS, with_sku("mask-4", 50_000))).skus_new == 1
    assert await approvals.approve(shop.deps, asked, BEA, "试用装") == CHANGED, "the cheapest one is another now"
    fresh = product_entry("soap", "香皂", 1)
    assert (await approvals.submit(shop.deps, OPS, prices(fresh))).products_new == 1


# --- Publications -----------------------------------------------------------------------------------------------------

GOLD = [Level("普通", 0), Level("金卡", 9, discount_bp=5_000)]


async def test_levels_are_published_by_two(shop: Mall) -> None:
    first, second = [
        await waits(shop, ADA, LevelsPublish(levels=set_, version=levels.version(()), reason="开张"))
        for set_ in (GOLD, GOLD[:1])
    ]
    assert await levels.current() == ()
    with pytest.raises(NotAllowed):
        await approvals.approve(shop.deps, first, OPS, "运营不能改等级")
    assert await approvals.approve(shop.deps, first, BEA, "好") is None
    assert list(await levels.current()) == GOLD
    failed = await approvals.approve(shop.deps, second, BEA, "好")
    assert failed is not None
    assert "等级已被别人修改" in failed
    same = LevelsPublish(levels=GOLD, version=levels.version(GOLD), reason="再来")
    assert await approvals.submit(shop.deps, ADA, same) is False
    assert await db.fetch_value("SELECT detail->>'approved_by' FROM audit_log WHERE action = 'levels.change'") == "bea"


async def test_the_matrix_is_published_by_two(shop: Mall) -> None:
    open_ = Matrix(flash_sale=Combination(promotion=True))
    first = await waits(shop, OPS, StackingPublish(matrix=open_, base=0, reason="全开"))
    second = await waits(shop, OPS, StackingPublish(matrix=Matrix(), base=0, reason="照旧"))
    assert (await stacking.newest()).version == 0
    assert await approvals.approve(shop.deps, first, ADA, "好") is None
    assert (await stacking.newest()).matrix == open_
    assert await approvals.approve(shop.deps, second, ADA, "好") is not None
    assert (await stacking.newest()).version == 1


GIFT = {"slug": "gift", "name": "礼券", "amount_fen": 5_000, "total": 10, "valid_days": 9}


async def test_a_coupon_is_published_by_two_and_narrowed_by_one(shop: Mall) -> None:
    await employ(shop, PIA)
    asked = await waits(shop, OPS, coupon(GIFT))
    assert await db.fetch_value("SELECT count(*) FROM coupon_templates") == 0
    assert await approvals.approve(shop.deps, asked, PIA, "好") is None

    def gift(**fields: Any) -> CouponPublish:
        return coupon({"slug": "gift"} | fields)

    less = gift(name="小券", amount_fen=4_000, total=9, threshold_fen=100, active=False)
    assert (await approvals.submit(shop.deps, OPS, less)).templates == 1
    for wider in (
        gift(amount_fen=4_001),
        gift(off_bp=9_000),
        gift(total=None),
        gift(valid_days=10),
        gift(birthday_gift=True),
        gift(active=True),
    ):
        await waits(shop, OPS, wider)
    other = await waits(shop, OPS, gift(audience="new"))
    assert (await approvals.submit(shop.deps, OPS, gift(amount_fen=3_000))).templates == 1
    raised = await waits(shop, OPS, gift(amount_fen=4_500))
    assert (await approvals.submit(shop.deps, OPS, gift(amount_fen=2_000))).templates == 1
    assert await approvals.approve(shop.deps, raised, ADA, "好") == CHANGED
    assert await approvals.approve(shop.deps, other, ADA, "好") is None
    assert await db.fetch_value("SELECT amount_fen FROM coupon_templates") == 2_000


async def test_coupons_for_many_are_issued_by_two(shop: Mall) -> None:
    await set_policy(shop, limit_operations_issues=2)
    people = [(await join(shop)).id for _ in range(3)]
    asked = await waits(shop, OPS, coupon(GIFT))
    assert await approvals.approve(shop.deps, asked, BEA, "好") is None
    template = await db.fetch_value("SELECT id FROM coupon_templates")

    def issue(members: list[int], once: str, segment: str = "list") -> CouponIssue:
        return CouponIssue(
            template_id=template,
            slug="gift",
            segment=segment,
            days=None,
            members=members,
            levels=[],
            once=once,
            reason="补",
        )

    await waits(shop, OPS, issue([], "everybody", "all"))
    asked = await waits(shop, OPS, issue(people, "three"))
    assert await measured(asked) == 3
    assert await db.fetch_value("SELECT count(*) FROM coupon_issues") == 0
    assert await approvals.submit(shop.deps, OPS, issue(people[:2], "two"))
    await waits(shop, OPS, issue(people[:1], "one"))
    assert await approvals.approve(shop.deps, asked, BEA, "好") is None
    row = await db.fetch_row("SELECT operator, members FROM coupon_issues ORDER BY id DESC LIMIT 1")
    assert row is not None
    assert (row["operator"], row["members"]) == ("ops", 3)
    assert await db.fetch_value("SELECT (detail->>'issue')::int FROM audit_log ORDER BY id DESC LIMIT 1") is not None
    stale = await waits(shop, OPS, issue(people, "again"))
    assert (await approvals.submit(shop.deps, OPS, coupon({"slug": "gift", "amount_fen": 4_000}))).templates == 1
    assert await approvals.approve(shop.deps, stale, BEA, "好") == CHANGED


async def test_a_total_bounds_what_an_issue_measures(shop: Mall) -> None:
    people = [(await join(shop)).id for _ in range(3)]
    asked = await waits(shop, OPS, coupon(GIFT | {"total": 1}))
    assert await approvals.approve(shop.deps, asked, BEA, "好") is None
    await set_policy(shop, limit_operations_issues=1)
    act = CouponIssue(
        template_id=await db.fetch_value("SELECT id FROM coupon_templates"),
        slug="gift",
        segment="list",
        days=None,
        members=people,
        levels=[],
        once="k",
        reason="补",
    )
    assert await approvals.submit(shop.deps, OPS, act)


@pytest.mark.parametrize(
    "money", [{"withdrawal_auto_below_fen": 10**9}, {"points_per_yuan": 100}, {"freight_fen": 0}, {"refund_days": 1}]
)
async def test_settings_that_move_money_are_changed_by_two(shop: Mall, money: dict[str, Any]) -> None:
    held = await policy.stored()
    act = SettingsChange(policy=ShopPolicy(name="新名", **money), version=held.version, reason="改")
    asked = await waits(shop, ADA, act)
    assert await measured(asked) == 1, "the name is nobody's business"
    assert (await policy.stored()).policy == held.policy
    assert await approvals.approve(shop.deps, asked, BEA, "好") is None
    assert (await policy.stored()).policy == act.policy
