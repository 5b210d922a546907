from datetime import timedelta
from typing import Any

import orjson
import pytest

from server import db
from server.rules.operators import PERMISSIONS, Permission, Role
from server.services import audit_log, commission_policies, rules
from tests.handlers.admin.conftest import Desk, actions
from tests.support.mall import Mall
from tests.support.shop import Shopper, make_sku, shopper, work

PAGES = {
    "/": Permission.DASHBOARD,
    "/alarms": Permission.ALARMS_VIEW,
    "/orders": Permission.ORDERS_VIEW,
    "/orders/{order}": Permission.ORDERS_VIEW,
    "/refunds": Permission.ORDERS_VIEW,
    "/shipping": Permission.ORDERS_SHIP,
    "/products": Permission.PRODUCTS_VIEW,
    "/products/new": Permission.PRODUCTS_EDIT,
    "/products/{product}": Permission.PRODUCTS_VIEW,
    "/stock": Permission.PRODUCTS_VIEW,
    "/skus/{sku}/cards": Permission.PRODUCTS_VIEW,
    "/categories": Permission.PRODUCTS_VIEW,
    "/coupon-templates": Permission.COUPONS_VIEW,
    "/coupon-templates/new": Permission.COUPONS_EDIT,
    "/coupon-templates/{coupon}": Permission.COUPONS_VIEW,
    "/freight": Permission.PRODUCTS_VIEW,
    "/freight/new": Permission.PRODUCTS_EDIT,
    "/freight/{freight}": Permission.PRODUCTS_VIEW,
    "/coupons": Permission.COUPONS_VIEW,
    "/stacking": Permission.PROMOTIONS_VIEW,
    "/group-buys": Permission.PROMOTIONS_VIEW,
    "/group-buys/new": Permission.PROMOTIONS_EDIT,
    "/group-buys/{group_buy}": Permission.PROMOTIONS_VIEW,
    "/teams": Permission.PROMOTIONS_VIEW,
    "/teams/G1": Permission.PROMOTIONS_VIEW,
    "/coupon-issues": Permission.COUPONS_VIEW,
    "/coupon-issues/new?template={coupon}": Permission.COUPONS_EDIT,
    "/flash-sales": Permission.PROMOTIONS_VIEW,
    "/flash-sales/new": Permission.PROMOTIONS_EDIT,
    "/flash-sales/{sale}": Permission.PROMOTIONS_VIEW,
    "/flash-items": Permission.PROMOTIONS_VIEW,
    "/points-goods": Permission.PROMOTIONS_VIEW,
    "/points-goods/new": Permission.PROMOTIONS_EDIT,
    "/points-goods/{points_good}": Permission.PROMOTIONS_VIEW,
    "/members": Permission.MEMBERS_VIEW,
    "/members/{member}": Permission.MEMBERS_VIEW,
    "/members/{member}/chain": Permission.MEMBERS_VIEW,
    "/members/{member}/binding": Permission.MEMBERS_CORRECT,
    "/levels": Permission.MEMBERS_VIEW,
    "/growth": Permission.MEMBERS_VIEW,
    "/rules": Permission.REBATES_VIEW,
    "/rules/1": Permission.REBATES_VIEW,
    "/rules/compare?old=1&new=1": Permission.REBATES_VIEW,
    "/rules/new": Permission.RULES_PUBLISH,
    "/qualifications": Permission.REBATES_VIEW,
    "/rebates": Permission.REBATES_VIEW,
    "/commissions": Permission.COMMISSIONS_VIEW,
    "/commission-policies": Permission.COMMISSIONS_VIEW,
    "/commission-policies/1": Permission.COMMISSIONS_VIEW,
    "/commission-policies/compare?old=1&new=1": Permission.COMMISSIONS_VIEW,
    "/commission-policies/new": Permission.COMMISSIONS_PUBLISH,
    "/exports": Permission.EXPORTS,
    "/reconciliation": Permission.RECONCILIATION_VIEW,
    "/reconciliation/2026-01-01": Permission.RECONCILIATION_VIEW,
    "/differences": Permission.RECONCILIATION_VIEW,
    "/jobs": Permission.JOBS_VIEW,
    "/notices": Permission.NOTICES_VIEW,
    "/settings": Permission.SETTINGS_VIEW,
    "/withdrawals": Permission.WITHDRAWALS_VIEW,
    "/withdrawals/W1": Permission.WITHDRAWALS_VIEW,
    "/ledger": Permission.LEDGER_VIEW,
    "/ledger/accounts/1": Permission.LEDGER_VIEW,
    "/ledger/entries/1": Permission.LEDGER_VIEW,
    "/ledger-entries": Permission.LEDGER_VIEW,
    "/audit": Permission.AUDIT_VIEW,
    "/operators": Permission.OPERATORS_MANAGE,
}
ACTIONS = {
    "/alarms/{alarm}/seen": Permission.ALARMS_SEE,
    "/orders/{order}/ship": Permission.ORDERS_SHIP,
    "/orders/{order}/receiver": Permission.ORDERS_SHIP,
    "/orders/{order}/refund": Permission.REFUNDS_DECIDE,
    "/shipping": Permission.ORDERS_SHIP,
    "/exports/orders": Permission.EXPORTS,
    "/refunds/none/approve": Permission.REFUNDS_DECIDE,
    "/refunds/none/return": Permission.REFUNDS_DECIDE,
    "/refunds/none/reject": Permission.REFUNDS_DECIDE,
    "/reconciliation/2026-01-01/run": Permission.RECONCILIATION_RUN,
    "/jobs/1/retry": Permission.JOBS_RETRY,
    "/notices/paid": Permission.NOTICES_EDIT,
    "/settings": Permission.SETTINGS_EDIT,
    "/withdrawals": Permission.WITHDRAWALS_DECIDE,
    "/withdrawals/W1/approve": Permission.WITHDRAWALS_DECIDE,
    "/withdrawals/W1/reject": Permission.WITHDRAWALS_DECIDE,
    "/withdrawals/W1/cancel": Permission.WITHDRAWALS_DECIDE,
    "/withdrawals/W1/name": Permission.MEMBERS_REVEAL,
    "/products/new": Permission.PRODUCTS_EDIT,
    "/products/{product}": Permission.PRODUCTS_EDIT,
    "/products/{product}/pictures": Permission.PRODUCTS_EDIT,
    "/products/{product}/pictures/move": Permission.PRODUCTS_EDIT,
    "/stock/{sku}": Permission.PRODUCTS_EDIT,
    "/skus/{sku}/cards": Permission.PRODUCTS_EDIT,
    "/categories": Permission.PRODUCTS_EDIT,
    "/freight/new": Permission.PRODUCTS_EDIT,
    "/freight/{freight}": Permission.PRODUCTS_EDIT,
    "/categories/{category}": Permission.PRODUCTS_EDIT,
    "/categories/{category}/icon": Permission.PRODUCTS_EDIT,
    "/coupon-templates/new": Permission.COUPONS_EDIT,
    "/coupon-templates/{coupon}": Permission.COUPONS_EDIT,
    "/coupon-issues/new": Permission.COUPONS_EDIT,
    "/coupon-issues/0/stop": Permission.COUPONS_EDIT,
    "/coupon-issues/0/void": Permission.COUPONS_EDIT,
    "/coupons": Permission.COUPONS_EDIT,
    "/flash-sales/new": Permission.PROMOTIONS_EDIT,
    "/flash-sales/{sale}": Permission.PROMOTIONS_EDIT,
    "/flash-sales/{sale}/stop": Permission.PROMOTIONS_EDIT,
    "/points-goods/new": Permission.PROMOTIONS_EDIT,
    "/points-goods/{points_good}": Permission.PROMOTIONS_EDIT,
    "/operators": Permission.OPERATORS_MANAGE,
    "/members/{member}/reveal": Permission.MEMBERS_REVEAL,
    "/members/{member}/block": Permission.MEMBERS_BLOCK,
    "/members/{member}/unblock": Permission.MEMBERS_BLOCK,
    "/members/{member}/binding": Permission.MEMBERS_CORRECT,
    "/levels": Permission.SETTINGS_EDIT,
    "/members/{member}/points": Permission.MEMBERS_CORRECT,
    "/members/{member}/growth": Permission.MEMBERS_CORRECT,
    "/rules": Permission.RULES_PUBLISH,
    "/stacking": Permission.PROMOTIONS_EDIT,
    "/group-buys/new": Permission.PROMOTIONS_EDIT,
    "/group-buys/{group_buy}": Permission.PROMOTIONS_EDIT,
    "/qualifications/0/pass": Permission.QUALIFICATIONS_REVIEW,
    "/qualifications/0/void": Permission.QUALIFICATIONS_REVIEW,
    "/commission-policies": Permission.COMMISSIONS_PUBLISH,
    "/commission-policies/preview": Permission.COMMISSIONS_PUBLISH,
}
_RUN = """
WITH run AS (INSERT INTO reconciliations (day, operator, state, sums, problem, started_at, finished_at)
  VALUES ('2026-01-01', left($2::text, 40), 'differences', '{}', $2::text, $1, $1) RETURNING id)
INSERT INTO reconciliation_differences (run_id, bill, kind, subject, ours)
  SELECT id, 'trade', 'ours_only', left($2::text, 64),
    jsonb_build_object('amount_fen', 1, 'state', $2::text, 'about', $2::text) FROM run
"""
_WITHDRAWAL = """
INSERT INTO withdrawals (withdrawal_no, member_id, amount_fen, fee_fen, tax_fen, payout_fen, state, requested_at, why,
  approved_by, checks) VALUES ('W1', $1, 100, 0, 0, 100, 'requested', $2, $3::text, left($3::text, 40), 0)
"""
XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


async def stage(mall: Mall) -> tuple[Shopper, str, str, int]:
    """A member whose texts are poisonous, with a paid order and a refund that waits; an alarm."""
    sku = await make_sku(10_000)
    product = await db.fetch_value("SELECT product_id FROM skus WHERE id = $1", sku)
    await rules.publish(mall.deps, orjson.dumps({"scope": {"products": [product]}}), XSS, XSS[:40])
    policy = {"kind": "fixed", "fixed_fen": 1, "scope": "product", "ids": [product]}
    await commission_policies.apply(mall.deps, orjson.dumps({"policies": [policy]}).decode(), XSS, XSS[:40])
    me = await shopper(mall)
    await me.do("PATCH", "/me", {"nickname": XSS[:20]})
    items = [{"sku_id": sku, "quantity": 2}]
    placed = await me.post("/orders", {"items": items, "address_id": await me.address(), "remark": XSS})
    order_no: str = placed["order_no"]
    await me.pay(order_no)
    await work(mall)
    line = await db.fetch_value("SELECT min(id) FROM order_lines")
    refund = await me.refund(order_no, lines=[{"line_id": line, "quantity": 1}], reason=XSS)
    async with db.transaction() as tx:
        await poison_goods(tx, mall)
        await tx.execute("UPDATE order_lines SET title = $1, spec = jsonb_build_object($2::text, $2::text)", XSS, XSS)
        await tx.execute(
            "INSERT INTO outbox (job, args, due_at, attempts, last_error, created_at)"
            " VALUES (left($1::text, 40), jsonb_build_object($1::text, $1::text),"
            " $2::timestamptz + interval '1 day', 3, $1::text, $2)",
            XSS,
            mall.clock.now(),
        )
        await tx.execute(
            "INSERT INTO notice_templates (key, template_id, title, page, fields)"
            " SELECT left(x, 24), left(x, 40), left(x, 40), x, jsonb_build_object(x, x) FROM (SELECT $1::text AS x) t",
            XSS,
        )
        await tx.execute(
            "INSERT INTO shop_policy (id, terms, updated_at) VALUES (1, jsonb_build_object('slogan', $1::text), $2)",
            XSS[:40],
            mall.clock.now(),
        )
        await tx.execute(_RUN, mall.clock.now(), XSS)
        await tx.execute(_WITHDRAWAL, me.id, mall.clock.now(), XSS)
        alarm: int = await tx.fetchval(
            "INSERT INTO alarms (kind, subject, detail, at) VALUES ($1, $2, jsonb_build_object($4::text, $4::text), $3)"
            " RETURNING id",
            "odd",
            XSS,
            mall.clock.now(),
            XSS,
        )
        await poison_people(tx, mall, me)
        await audit_log.record(tx, mall.clock.now(), "x", XSS[:40], XSS, {"before": XSS, "reason": XSS, XSS: XSS})
    return me, order_no, refund["refund_no"], alarm


async def poison_people(tx: db.Connection, mall: Mall, me: Shopper) -> None:
    await tx.execute(
        "INSERT INTO bindings (member_id, referrer_id, how, operator, reason, valid_from, valid_to)"
        " VALUES ($1, $1, 'correction', $2, $3, $4, $4)",
        me.id,
        XSS[:40],
        XSS,
        mall.clock.now(),
    )
    await tx.execute(
        "INSERT INTO coupons (member_id, source, name, amount_fen, state, starts_at, expires_at, created_at,"
        " threshold_fen, discount_fen) VALUES ($1, 'x', $2, 100, 'unused', $3, $4, $3, 0, 0)",
        me.id,
        XSS[:40],
        mall.clock.now(),
        mall.clock.now() + timedelta(days=1),
    )
    await tx.execute(
        "INSERT INTO levels (place, name, growth, discount_bp, points_bp, free_freight, commission_bonus_bp,"
        " colour, icon) VALUES (0, left($1::text, 10), 0, 10000, 10000, false, 0, '#8C7A6B', 'user')",
        XSS,
    )
    await tx.execute(
        "INSERT INTO growth_entries (member_id, key, source, kind, amount, base_fen, counts_at, why, operator, at)"
        " VALUES ($1, 'x', 'x', 'correction', 1, 0, $2, $3::text, left($3::text, 40), $2)",
        me.id,
        mall.clock.now(),
        XSS,
    )
    await tx.execute(
        "INSERT INTO level_changes (member_id, before, after, name, growth, why, at)"
        " VALUES ($1, 0, 1, left($2::text, 10), 1, 'growth', $3)",
        me.id,
        XSS,
        mall.clock.now(),
    )


async def poison_goods(tx: db.Connection, mall: Mall) -> None:
    await tx.execute(
        "UPDATE products SET title = $1::text, subtitle = $1::text, detail = $1::text, slug = left($1::text, 60),"
        " images = $2",
        XSS,
        orjson.dumps([XSS]).decode(),
    )
    await tx.execute("UPDATE skus SET code = left($1::text, 60), spec = jsonb_build_object($1::text, $1::text)", XSS)
    await tx.execute("UPDATE categories SET name = left($1::text, 40), slug = left($1::text, 40), icon = $1::text", XSS)
    rate = {"first": 1, "first_fen": 1, "next": 1, "next_fen": 1, "free_from_fen": None}
    zones = [{"provinces": ["浙江"], **rate}]
    await tx.execute(
        "INSERT INTO freight_templates (slug, name, terms, updated_at)"
        " VALUES (left($1::text, 40), left($1::text, 40), $2, $3)",
        XSS,
        orjson.dumps({"by": "piece", "elsewhere": rate, "zones": zones, "excluded": []}).decode(),
        mall.clock.now(),
    )
    await tx.execute("UPDATE products SET freight_template_id = (SELECT id FROM freight_templates)")
    await tx.execute(
        "INSERT INTO coupon_templates (slug, name, amount_fen, threshold_fen, valid_days, claimed, per_member,"
        " active, created_at) VALUES (left($1::text, 40), left($1::text, 40), 1, 0, 1, 0, 1, true, $2)",
        XSS,
        mall.clock.now(),
    )
    await tx.execute(
        "WITH sale AS (INSERT INTO flash_sales (slug, name, starts_at, ends_at, created_at)"
        " VALUES (left($1::text, 40), left($1::text, 40), $2, $2::timestamptz + interval '1 hour', $2) RETURNING id)"
        " INSERT INTO flash_items (sale_id, sku_id, price_fen, stock, returned, per_member)"
        " SELECT sale.id, skus.id, 1, 0, 0, 1 FROM sale, skus",
        XSS,
        mall.clock.now(),
    )
    await tx.execute(
        "INSERT INTO points_goods (slug, sku_id, points, price_fen, stock, taken, active, created_at)"
        " SELECT left($1::text, 40), id, 1, 0, 1, 0, true, $2 FROM skus",
        XSS,
        mall.clock.now(),
    )
    await tx.execute(_GROUP_BUY, XSS, mall.clock.now())


_GROUP_BUY = """
WITH made AS (INSERT INTO group_buys (slug, title, product_id, size, window_hours, taken, virtual_fill, active,
    starts_at, ends_at, created_at) SELECT left($1::text, 40), left($1::text, 40), id, 2, 1, 0, true, true,
    $2::timestamptz, $2::timestamptz + interval '1 day', $2 FROM products RETURNING id),
  priced AS (INSERT INTO group_buy_skus (group_buy_id, sku_id, price_fen) SELECT made.id, skus.id, 1 FROM made, skus),
  team AS (INSERT INTO teams (team_no, group_buy_id, leader_id, size, state, taken, paid, filled, opened_at, closes_at,
    due_at, ended_at) SELECT 'G1', id, 1, 2, 'succeeded', 1, 1, 1, $2, $2, $2, $2 FROM made RETURNING id)
UPDATE orders SET team_id = team.id FROM team
"""


async def of_goods() -> dict[str, int]:
    """The numbers of what `stage` made beside the order."""
    found = await db.fetch_row(
        "SELECT s.id AS sku, p.id AS product, p.category_id AS category, t.id AS coupon,"
        " g.id AS group_buy, f.id AS sale, p.freight_template_id AS freight, e.id AS points_good"
        " FROM skus s JOIN products p ON p.id = s.product_id, coupon_templates t, group_buys g, flash_sales f,"
        " points_goods e"
    )
    return dict(found or {})


@pytest.mark.parametrize("role", Role)
async def test_each_role_sees_and_does_what_it_may(mall: Mall, desks: Any, role: Role) -> None:
    me, order_no, _, alarm = await stage(mall)
    desk: Desk = await desks(role)
    places = {"order": order_no, "alarm": alarm, "member": me.id, **await of_goods()}
    for path, permission in PAGES.items():
        page = await desk.get(path.format(**places))
        allowed = role in PERMISSIONS[permission]
        assert page.status_code == (200 if allowed else 403), path
        assert page.headers["content-type"].startswith("text/html")
        assert ("没有权限" in page.text) is not allowed
    offered = (await desk.get("/")).text
    assert ('href="/admin/operators"' in offered) is (role is Role.OWNER)
    detail = (await desk.get(f"/orders/{order_no}")).text
    assert ("/ship" in detail) is (role in PERMISSIONS[Permission.ORDERS_SHIP])
    assert ("/approve" in detail) is (role in PERMISSIONS[Permission.REFUNDS_DECIDE])
    before = await actions()
    for path, permission in ACTIONS.items():
        if role not in PERMISSIONS[permission]:
            assert (await desk.post(path.format(**places), reason="r")).status_code == 403, path
    assert await actions() == before


async def test_what_people_typed_stays_text_on_every_screen(mall: Mall, desks: Any) -> None:
    me, order_no, _, _ = await stage(mall)
    desk: Desk = await desks()
    seen = ""
    places = {"order": order_no, "member": me.id, **await of_goods()}
    for path in PAGES:
        page = (await desk.get(path.format(**places))).text
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        seen += page
    for path in ("/orders", "/audit", "/alarms", "/refunds", "/members", "/products", "/stock", "/coupons"):
        for field in ("q", "actor", "subject", "action", "show", "state", "cursor", "status"):
            page = (await desk.get(path, **{field: XSS[:30]})).text
            assert "<script>alert" not in page, (path, field)
    assert seen.count("&lt;script&gt;alert") >= 8


async def test_an_operators_day(mall: Mall, desks: Any) -> None:
    me, order_no, refund_no, alarm = await stage(mall)
    desk: Desk = await desks()
    overview = (await desk.get("/")).text
    assert "¥200.00" in overview
    assert (await desk.post(f"/refunds/{refund_no}/approve", reason="")).status_code == 400
    assert (await desk.post(f"/refunds/{refund_no}/reject", reason="凭证不足")).status_code == 303
    assert (await desk.post(f"/refunds/{refund_no}/approve", reason="改主意")).status_code == 409
    line_id = (await me.order(order_no))["lines"][0]["line_id"]
    again = await me.refund(order_no, lines=[{"line_id": line_id, "quantity": 1}])
    assert again["state"] == "requested"
    assert (await desk.post(f"/refunds/{again['refund_no']}/approve", reason="同意")).status_code == 303
    assert (await me.order(order_no))["refunded_fen"] > 0
    assert (await desk.post("/refunds/R404/approve", reason="x")).status_code == 404
    other = await me.buy(await make_sku())
    shipped = await desk.post(f"/orders/{other}/ship", company="SF", tracking_no="SF123")
    assert shipped.headers["location"] == f"/admin/orders/{other}"
    page = (await desk.get(f"/orders/{other}")).text
    assert "已发货" in page
    assert "SF123" in page
    assert (await desk.post(f"/orders/{other}/ship")).status_code == 409
    assert (await desk.post(f"/alarms/{alarm}/seen")).status_code == 303
    assert (await desk.post(f"/alarms/{alarm}/seen")).status_code == 404
    log = (await desk.get("/audit", q=f"refund:{refund_no}")).text
    assert "理由：凭证不足" in log
    assert "requested → rejected" in log
    assert {"refund_reject", "order_ship", "alarm.seen", "operator.login"} <= set(await actions())
    async with db.snapshot() as reader:
        assert (await audit_log.verify(reader))[1] == []


async def test_orders_are_found_by_number_phone_and_state_page_by_page(
    mall: Mall, desks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.handlers.admin.lists.PAGE_ROWS", 2)
    me = await shopper(mall)
    await me.post("/me/phone", {"code": (await mall.control("phone", openid=me.openid, phone="13812345678"))["code"]})
    sku = await make_sku()
    numbers = [(await me.place(sku))["order_no"] for _ in range(3)]
    desk: Desk = await desks()
    first = (await desk.get("/orders")).text
    assert [number in first for number in numbers] == [False, True, True]
    cursor = first.partition("cursor=")[2].partition('"')[0].partition("&")[0]
    second = (await desk.get("/orders", cursor=cursor)).text
    assert [number in second for number in numbers] == [True, False, False]
    assert "cursor=" not in second
    by_number = (await desk.get("/orders", q=f" {numbers[0].lower()} ")).text
    assert [f"/orders/{number}" in by_number for number in numbers] == [True, False, False]
    assert numbers[2] in (await desk.get("/orders", q="13812345678")).text
    assert numbers[2] not in (await desk.get("/orders", q="13812345679")).text
    assert numbers[2] in (await desk.get("/orders", status="pending")).text
    assert "没有符合条件的订单" in (await desk.get("/orders", status="paid")).text
    assert "138****5678" in (await desk.get(f"/orders/{numbers[0]}")).text
    for query in ({"status": "odd"}, {"cursor": "nonsense"}):
        assert (await desk.get("/orders", **query)).status_code == 400
    assert (await desk.get("/orders/none")).status_code == 404
