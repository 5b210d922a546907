"""The claim centre for members: claim periods, audiences, scopes and percentages."""

from datetime import timedelta
from typing import Any

import pytest

from server import db
from server.core.clock import shanghai_day
from server.core.errors import FileInvalid
from server.services.coupons import apply as coupon_apply
from tests.support.calendar import MINUTE, move_to, next_month
from tests.support.mall import Mall
from tests.support.shop import join, make_sku, pass_days, product, stock

TEN: dict[str, Any] = {"slug": "ten", "name": "满99减10", "amount_fen": 1000}


async def offer(mall: Mall, **fields: Any) -> int:
    entry = {**TEN, **fields}
    entry = {name: value for name, value in entry.items() if value is not ...}
    await coupon_apply.apply(mall.deps, {"templates": [entry]}, "cli")
    found: int = await db.fetch_value("SELECT id FROM coupon_templates WHERE slug = $1", entry["slug"])
    return found


async def test_a_percentage_is_told_in_words_everywhere(mall: Mall) -> None:
    await offer(mall, amount_fen=..., off_bp=1500, most_fen=2000)
    me = await join(mall)
    shown = (await me.get("/coupon-templates"))["items"][0]
    assert (shown["worth"], shown["scope_label"], shown["valid_days"]) == ("8.5 折，最多减 20 元", "全场通用", 30)
    claimed = await me.post(f"/coupon-templates/{shown['id']}/claim")
    assert (claimed["amount_fen"], claimed["off_bp"], claimed["most_fen"]) == (0, 1500, 2000)
    mine = (await me.get("/coupons"))["items"][0]
    assert (mine["worth"], mine["scoped"], mine["scope_label"]) == ("8.5 折，最多减 20 元", False, "全场通用")


async def test_an_own_period_and_a_window_of_claiming(mall: Mall) -> None:
    now = mall.clock.now()
    day = timedelta(days=1)
    period = {"starts_at": now + 2 * day, "ends_at": now + 4 * day}
    number = await offer(mall, claim_from=now + day, claim_until=now + 3 * day, **period)
    me = await join(mall)
    answer = await me.get("/coupon-templates")
    shown = answer["items"][0]
    assert answer["now"].startswith(now.strftime("%Y-%m-%d"))
    assert (shown["claimable"], shown["refusal"], shown["problem"]) == (False, "coupon_closed", "还没到领取时间")
    assert await me.refused_post(f"/coupon-templates/{number}/claim") == "422 coupon_closed"
    mall.clock.advance(day.total_seconds())
    claimed = await me.post(f"/coupon-templates/{number}/claim")
    assert (claimed["starts_at"][:10], claimed["expires_at"][:10]) == tuple(
        moment.strftime("%Y-%m-%d") for moment in (now + 2 * day, now + 4 * day)
    )
    assert (await me.get("/coupons"))["items"][0]["started"] is False
    early = await me.basket(await make_sku(), coupon_id=claimed["id"])
    assert await me.refused_post("/orders", early) == "422 coupon_unusable"
    await pass_days(mall, 2)
    other = await join(mall)
    assert (await other.get("/coupon-templates"))["items"] == []
    assert await other.refused_post(f"/coupon-templates/{number}/claim") == "422 coupon_closed"


async def test_for_new_members_until_they_paid_and_by_a_link_only(mall: Mall) -> None:
    number = await offer(mall, audience="new", per_member=2, listed=False)
    me = await join(mall)
    assert (await me.get("/coupon-templates"))["items"] == []
    await me.post(f"/coupon-templates/{number}/claim")
    await me.buy(await make_sku())
    refused = await me.call("POST", f"/coupon-templates/{number}/claim", {}, key="late")
    assert refused.json()["error"]["code"] == "not_for_you"
    assert refused.json()["error"]["detail"]["reason"] == "new"


async def test_in_the_month_of_birth(mall: Mall) -> None:
    number = await offer(mall, audience="birthday")
    me = await join(mall)
    assert await me.refused_post(f"/coupon-templates/{number}/claim") == "422 not_for_you"
    assert (await me.get("/coupon-templates"))["items"][0]["problem"] == "生日当月才能领取，请先填写生日"
    local = mall.clock.now() + timedelta(hours=8)
    await me.do("PATCH", "/me", {"birthday": f"1990-{local.month:02}-01"})
    await me.post(f"/coupon-templates/{number}/claim")


async def test_the_month_of_birth_begins_at_midnight_in_shanghai(mall: Mall) -> None:
    number, edge = await offer(mall, audience="birthday"), next_month(mall)
    move_to(mall, edge - MINUTE * 5)
    me = await join(mall)
    await me.do("PATCH", "/me", {"birthday": f"1990-{shanghai_day(edge).month:02}-01"})
    assert await me.refused_post(f"/coupon-templates/{number}/claim") == "422 not_for_you"
    move_to(mall, edge + MINUTE)
    await me.post(f"/coupon-templates/{number}/claim")


async def test_for_some_levels(mall: Mall) -> None:
    number = await offer(mall, levels=[1, 2])
    me = await join(mall)
    assert (await me.get("/coupon-templates"))["items"][0]["problem"] == "你的会员等级还不能领取"
    assert await me.refused_post(f"/coupon-templates/{number}/claim") == "422 not_for_you"
    await db.fetch("INSERT INTO member_levels (member_id, position, kept_until) VALUES ($1, 2, now())", me.id)
    await me.post(f"/coupon-templates/{number}/claim")


async def test_some_goods_only(mall: Mall) -> None:
    goods = [product("cream", "面霜"), product("bottle", "奶瓶", category="baby"), product("oil", "护肤油")]
    await stock(mall, *goods)
    cream = await db.fetch_value("SELECT id FROM products WHERE slug = 'cream'")
    one = await offer(mall, slug="one", products=[cream])
    two = await offer(mall, slug="two", products=["cream", "oil"])
    kinds = await offer(mall, slug="kinds", categories=["beauty"])
    me = await join(mall)
    labels = {one["id"]: one["scope_label"] for one in (await me.get("/coupon-templates"))["items"]}
    assert labels == {one: "限「面霜」", two: "限 2 件指定商品", kinds: "限美妆个护类商品"}

    async def usable(template: int) -> set[str]:
        claimed = await me.post(f"/coupon-templates/{template}/claim")
        path = f"/coupons/{claimed['id']}/products"
        found = await me.get(f"{path}?limit=1")
        titles = {item["title"] for item in found["items"]}
        while found["next_cursor"]:
            found = await me.get(f"{path}?limit=1&cursor={found['next_cursor']}")
            titles |= {item["title"] for item in found["items"]}
        assert await (await join(mall)).refused("GET", path) == "404 not_found"
        return titles

    assert await usable(one) == {"面霜"}
    assert await usable(two) == {"面霜", "护肤油"}
    assert await usable(kinds) == {"面霜", "护肤油"}
    held = [one for one in (await me.get("/coupons"))["items"] if one["scoped"]]
    assert len(held) == 3


async def test_many_categories_are_counted(mall: Mall) -> None:
    shelves = [{"slug": f"c{n}", "name": f"第{n}类", "position": n} for n in range(5)]
    await stock(mall, categories=shelves)
    await offer(mall, categories=[shelf["slug"] for shelf in shelves])
    shown = (await (await join(mall)).get("/coupon-templates"))["items"][0]
    assert shown["scope_label"] == "限第0类、第1类、第2类等 5 类商品"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"off_bp": 1500}, "amount_fen"),
        ({"slug": "x y"}, "slug"),
        ({"amount_fen": ...}, "amount_fen"),
        ({"off_bp": 10_000}, "off_bp"),
        ({"most_fen": 500}, "most_fen"),
        ({"products": [1]}, "products"),
        ({"categories": ["none"]}, "categories"),
        ({"products": []}, "products"),
        ({"starts_at": "2026-01-01T00:00:00+08:00"}, "ends_at"),
        ({"ends_at": "2026-01-01T00:00:00+08:00"}, "ends_at"),
        ({"starts_at": "2026-01-02T00:00:00+08:00", "ends_at": "2026-01-01T00:00:00+08:00"}, "ends_at"),
        ({"starts_at": "2026-01-02T00:00:00", "ends_at": "2026-01-03T00:00:00+08:00"}, "starts_at"),
        (
            {"valid_days": 3, "starts_at": "2026-01-01T00:00:00+08:00", "ends_at": "2026-01-02T00:00:00+08:00"},
            "ends_at",
        ),
        ({"claim_from": "2026-01-02T00:00:00Z", "claim_until": "2026-01-02T00:00:00Z"}, "claim_until"),
        ({"audience": "friends"}, "audience"),
        ({"levels": [10]}, "levels[0]"),
        ({"levels": []}, "levels"),
    ],
)
async def test_a_file_that_cannot_be_meant(mall: Mall, fields: dict[str, Any], path: str) -> None:
    with pytest.raises(FileInvalid) as refused:
        await offer(mall, **fields)
    assert {one["path"] for one in refused.value.detail["problems"]} == {f"$.templates[0].{path}"}


async def test_a_new_one_needs_a_name(mall: Mall) -> None:
    with pytest.raises(FileInvalid) as refused:
        await offer(mall, name=...)
    assert refused.value.detail["problems"] == [{"path": "$.templates[0]", "problem": "新优惠券缺少字段 name"}]


async def test_both_scopes_at_once_cannot_be_meant(mall: Mall) -> None:
    await stock(mall, product("cream", "面霜"))
    with pytest.raises(FileInvalid) as refused:
        await offer(mall, products=["cream"], categories=["beauty"])
    assert [one["path"] for one in refused.value.detail["problems"]] == ["$.templates[0].products"]


async def test_saying_one_of_a_pair_unsays_the_other(mall: Mall) -> None:
    await stock(mall, product("cream", "面霜"))
    await offer(mall, products=["cream"], off_bp=1000, amount_fen=..., most_fen=100)
    now = mall.clock.now()
    await offer(mall, categories=["beauty"], starts_at=now, ends_at=now + timedelta(days=1))
    row = await db.fetch_row("SELECT * FROM coupon_templates")
    assert row
    assert (row["amount_fen"], row["off_bp"], row["most_fen"], row["valid_days"]) == (1000, 0, None, None)
    assert (row["products"], row["categories"] is None) == (None, False)
    await offer(mall, categories=None, valid_days=3)
    row = await db.fetch_row("SELECT * FROM coupon_templates")
    assert row
    assert (row["categories"], row["ends_at"], row["valid_days"]) == (None, None, 3)
