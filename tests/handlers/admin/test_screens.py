import re
from typing import Any

import pytest

from server import db
from server.rules.operators import PERMISSIONS, SMALLEST_ROLE, Permission, Role
from server.services.common import audit_log, listings
from tests.handlers.admin.conftest import Desk, actions
from tests.handlers.admin.staged import XSS, of_goods, stage
from tests.support.mall import Mall
from tests.support.shop import make_sku, shopper

PAGES = {
    "/": Permission.DASHBOARD,
    "/alarms": Permission.ALARMS_VIEW,
    "/approvals": Permission.APPROVALS_VIEW,
    "/approvals/{approval}": Permission.APPROVALS_VIEW,
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
    "/alarms/seen": Permission.ALARMS_SEE,
    "/approvals/{approval}/approve": Permission.APPROVALS_DECIDE,
    "/approvals/{approval}/reject": Permission.APPROVALS_DECIDE,
    "/approvals/{approval}/cancel": Permission.APPROVALS_DECIDE,
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
    assert "<del>待审核</del> → <ins>已拒绝</ins>" in log
    assert f">退款 {refund_no}</a>" in log
    assert refund_no in (await desk.get("/audit", q=f"退款 {refund_no}")).text
    assert "order_no" not in log
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


async def test_a_new_operator_can_change_nothing_unless_somebody_chooses(desks: Any) -> None:
    desk: Desk = await desks()
    form = (await desk.get("/operators")).text.partition('action="/admin/operators"')[2].partition("</form>")[0]
    assert re.findall(r'<option value="(\w+)" selected', form) == ["auditor"]
    changing = {permission for path, permission in ACTIONS.items() if not path.startswith("/exports")}
    rights = {role: sum(role in PERMISSIONS[permission] for permission in changing) for role in Role}
    assert min(rights, key=lambda role: rights[role]) is SMALLEST_ROLE
    assert rights[SMALLEST_ROLE] == 0


async def test_the_log_as_a_file_has_words(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    assert (await desk.post("/operators", name="new-one", role="auditor")).status_code == 303
    rows = await listings.page(mall.deps, audit_log.LOG, {"action": "operator.create"}, "", 1)
    told = {column.label: value for column, value in listings.cells(audit_log.LOG, rows.rows[0])}
    many = {"after": {"skus": {f"s-{n}": {"price_fen": n} for n in range(20)}}}
    async with db.transaction() as tx:
        await audit_log.record(tx, mall.clock.now(), "cli", "product.apply", "catalogue", many)
    page = (await desk.get("/audit", action="product.apply")).text
    assert "<summary>其余 12 项</summary>" in page, "a long record does not hide the others"
    assert (told["操作"], told["对象"], told["内容"]) == ("新增操作员", "操作员 new-one", "角色：审计")
