"""A form tells all its mistakes at once: those of format and those of the rules; nothing is saved meanwhile."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

from server import db
from server.core.clock import SHANGHAI
from server.rules import rule_forms
from server.rules.operators import Role
from server.rules.rebates import RuleTerms
from server.services.terms import levels
from tests.handlers.admin.conftest import Desk, actions, send
from tests.handlers.admin.test_freight import NEW as FREIGHT
from tests.handlers.admin.test_goods import NEW as GOODS
from tests.handlers.admin.test_group_buys import FORM as GROUP_BUY
from tests.handlers.admin.test_levels import row
from tests.support.mall import Mall
from tests.support.shop import make_sku, product, stock


async def told(desk: Desk, path: str, form: dict[str, str]) -> dict[str, str]:
    """Send a form with mistakes; return what is said of each field."""
    before = await actions()
    refused = await send(desk, path, form)
    assert (refused.status_code, await actions()) == (422, before)
    found = re.findall(r'<li data-field="([^"]*)">(.*?)</li>', refused.text)
    assert len({field for field, _ in found}) == len(found), found
    return {field: unescape(text).rpartition("：")[2] for field, text in found}


async def test_of_goods(mall: Mall, desks: Any) -> None:
    await stock(mall)
    await stock(mall, product("other", "别的", skus=[{"code": "O-1", "price_fen": 100, "stock_add": 1}]))
    desk: Desk = await desks(Role.OPERATIONS)
    wrong = GOODS | {"slug": "Ü", "title": "", "limit_each": "x", "category": "none", "freight": "none"}
    wrong |= {"skus[0].price_fen": "1.234", "skus[0].stock_add": "-5", "skus[2].code": "O-1", "skus[2].price_fen": "1"}
    assert await told(desk, "/products/new", wrong) == {
        "slug": "以小写字母开头，只含小写字母、数字和 -",
        "title": "请填写",
        "limit_each": "请填写整数",
        "category": "没有分类 none",
        "freight": "没有运费模板 none",
        "skus[0].price_fen": "请填写金额，单位元，最多两位小数，例如 39.90",
        "skus[0].stock_add": "可用库存只有 0，不能减少 5",
        "skus[2].code": "SKU O-1 属于商品 other",
    }
    times = {"on_from": "bald", "off_from": "2026-01-01T00:00:00", "skus[0].stock_add": "-5"}
    assert set(await told(desk, "/products/new", GOODS | times)) == {"on_from", "skus[0].stock_add"}
    sku = await db.fetch_value("SELECT id FROM skus")
    seen = await db.fetch_value("SELECT updated_at FROM products")
    change = {"seen": seen.isoformat(), "stock_add": "-2", "alert_at": "x", "reason": ""}
    assert await told(desk, f"/stock/{sku}", change) == {
        "reason": "请填写",
        "alert_at": "请填写整数",
        "stock_add": "可用库存只有 1，不能减少 2",
    }
    assert await db.fetch_value("SELECT count(*) FROM products") == 1


async def test_of_coupons(desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    wrong = {"slug": "ten", "name": "", "off_bp": "x", "most_fen": "5", "scope": "products", "scope_ids": "none"}
    wrong |= {"valid_days": "9999", "claim_from": "2026-02-01T00:00", "claim_until": "2026-01-01T00:00"}
    assert await told(desk, "/coupon-templates/new", wrong | {"per_member": "0"}) == {
        "name": "请填写",
        "off_bp": "请填写几折，例如 8.5",
        "scope": "没有商品 none",
        "valid_days": "不能大于 3650",
        "claim_until": "结束要晚于开始",
        "per_member": "不能小于 1",
    }
    assert set(await told(desk, "/coupon-templates/new", wrong | {"scope": "odd", "claim_until": "x"})) == {
        "name",
        "off_bp",
        "scope",
        "valid_days",
        "claim_until",
        "per_member",
    }


async def test_of_flash_sales_and_the_points_mall(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    sku = await make_sku(10_000, stock=20)
    code = await db.fetch_value("SELECT code FROM skus WHERE id = $1", sku)
    soon = f"{(mall.clock.now() - timedelta(hours=1)).astimezone(SHANGHAI):%Y-%m-%dT%H:%M:%S}"
    form = {"slug": "noon", "name": "", "starts_at": soon, "ends_at": soon}
    form |= {"items[1].sku": code, "items[1].price_fen": "x", "items[1].stock": "21", "items[1].per_member": "1"}
    form |= {"items[2].sku": "none", "items[2].price_fen": "1", "items[2].stock": "1", "items[2].per_member": "1"}
    assert await told(desk, "/flash-sales/new", form) == {
        "name": "请填写",
        "items[1].price_fen": "请填写金额，单位元，最多两位小数，例如 39.90",
        "ends_at": "结束时间须在开始之后，最长 31 天",
        "items[1].stock": "商品可售库存只剩 20 件，最多 20 件",
        "items[2].sku": "没有在售的 SKU 用这个编码",
    }
    assert "ends_at" not in await told(desk, "/flash-sales/new", form | {"starts_at": "x"})
    good = {"slug": "tea", "sku": code, "points": "viel", "price_fen": "100", "stock": "3", "active": "1"}
    assert await told(desk, "/points-goods/new", good) == {
        "points": "请填写整数",
        "price_fen": "应低于商品售价，差额由积分兑换",
    }


async def test_of_group_buys_and_freight(mall: Mall, desks: Any) -> None:
    skus = [{"code": f"tea-{n}", "price_fen": 5_900, "stock_add": 50, "spec": {"规格": f"{n} 两"}} for n in (1, 2)]
    await stock(mall, product("tea", "茶", skus=skus))
    desk: Desk = await desks(Role.OPERATIONS)
    wrong = GROUP_BUY | {"size": "x", "ends_at": "2025-01-01T00:00:00", "skus[0].price_fen": "0"}
    wrong |= {"skus[0].leader_price_fen": "9", "skus[1].price_fen": "60"}
    assert await told(desk, "/group-buys/new", wrong) == {
        "size": "请填写整数",
        "skus[0].price_fen": "金额应在 0.01 到 10000000.00 元之间",
        "ends_at": "结束时间应晚于开始时间",
        "skus[1].price_fen": "拼团价不能高于售价",
    }
    assert set(await told(desk, "/group-buys/new", wrong | {"starts_at": "x"})) == {
        "size",
        "starts_at",
        "skus[0].price_fen",
        "skus[1].price_fen",
    }
    twice = {"zones[2].provinces": "新疆", "zones[2].first": "1", "zones[2].first_fen": "x", "zones[2].next": "1"}
    twice |= {"zones[2].next_fen": "2000", "elsewhere.first": "0", "elsewhere.next": "", "excluded": "火星"}
    assert await told(desk, "/freight/new", FREIGHT | twice) == {
        "elsewhere.next": "请填写",
        "zones[2].first_fen": "请填写金额，单位元，最多两位小数，例如 39.90",
        "elsewhere.first": "不能小于 1",
        "zones[2].next_fen": "不能大于 100000",
        "excluded": "请填写省级地区的名称，如 浙江",
    }
    del twice["excluded"]
    assert "terms" in await told(desk, "/freight/new", FREIGHT | twice), "a province is named twice"


async def test_of_levels_and_the_rule(desks: Any) -> None:
    desk: Desk = await desks(Role.OWNER)
    form = row(0, "普通", "x") | row(1, "金卡", "0", colour="gold") | row(2, "钻石", "5", points_bp="1")
    refused = await send(desk, "/levels", form | {"version": levels.version(()), "reason": ""})
    assert refused.status_code == 422
    found = re.findall(r'data-field="([^"]*)">(.*?)</li>', refused.text)
    assert {field for field, _ in found} == {
        "levels[0].growth",
        "levels[1].colour",
        "levels[2].points_bp",
        "levels",
        "reason",
    }
    assert "“金卡”的成长值必须高于“普通”" in refused.text
    typed = rule_forms.filled(RuleTerms()) | {"base": "0"}
    typed |= {"required": "1", "stages_bp": "30, 40", "scope": "products", "scope_ids": "999999"}
    page = (await desk.get("/rules/new", **(typed | {"cap_fen": "x"}))).text
    assert re.findall('id="([^"]+)-wrong"', page) == ["required", "cap_fen", "scope"]
    more = (await desk.get("/rules/new", **(typed | {"required": "3"}))).text
    assert re.findall('id="([^"]+)-wrong"', more) == ["stages_bp", "scope"]


async def test_a_form_that_is_right_is_saved(mall: Mall, desks: Any) -> None:
    await stock(mall)
    desk: Desk = await desks(Role.OPERATIONS)
    assert (await send(desk, "/products/new", GOODS)).status_code == 303
