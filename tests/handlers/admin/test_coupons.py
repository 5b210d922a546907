"""Coupon templates in the panel, and the coupons that members claimed."""

from typing import Any

from server import db
from server.rules.operators import Role
from tests.handlers.admin.conftest import Desk, last_record, send
from tests.support.mall import Mall
from tests.support.shop import shopper

COUPON = {"slug": "ten", "name": "满百减十", "amount_fen": "10", "threshold_fen": "100", "valid_days": "7"}


async def test_coupons_are_made_and_changed(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    form = COUPON | {"total": "5", "per_member": "2", "active": "1"}
    assert (await send(desk, "/coupon-templates/new", form)).status_code == 303
    again = await send(desk, "/coupon-templates/new", form)
    assert again.status_code == 422
    assert "已有这个优惠券" in again.text
    number = await db.fetch_value("SELECT id FROM coupon_templates")
    me = await shopper(mall)
    await me.post(f"/coupon-templates/{number}/claim", {})
    place = f"/coupon-templates/{number}"
    assert (await send(desk, place, form | {"name": "新"})).status_code == 422
    wrong: dict[str, dict[str, str]] = {
        "amount_fen": {"amount_fen": "0"},
        "threshold_fen": {"threshold_fen": "-1"},
        "valid_days": {"valid_days": "9999"},
        "per_member": {"per_member": ""},
        "total": {"total": "0"},
        "name": {"name": "长" * 41},
    }
    for field, change in wrong.items():
        refused = await send(desk, place, form | {"reason": "x"} | change)
        assert refused.status_code == 422, field
        assert f'data-field="{field}"' in refused.text, field
    form.pop("active")
    assert (await send(desk, place, form | {"reason": "停发", "total": "1"})).status_code == 303
    record = await last_record()
    assert record["subject"] == "coupon:ten"
    assert record["detail"] == {
        "before": {"ten": {"total": 5, "active": True}},
        "after": {"ten": {"total": 1, "active": False}},
        "reason": "停发",
    }
    assert (await send(desk, place, form | {"reason": "同样", "total": "1"})).status_code == 303
    assert (await last_record())["detail"]["after"] == {}
    page = (await desk.get("/coupons", q=str(me.id), template="ten", state="unused")).text
    assert "满百减十" in page
    assert "满百减十" in (await desk.get("/coupons", template=f"#{number}")).text
    assert "没有符合条件" in (await desk.get("/coupons", state="expired")).text
    mall.clock.advance(8 * 86_400)
    await desk.log_in()
    assert "已过期" in (await desk.get("/coupons", state="expired")).text
    assert "没有符合条件" in (await desk.get("/coupons", state="unused")).text
    assert "没有符合条件" in (await desk.get("/coupons", state="used")).text
