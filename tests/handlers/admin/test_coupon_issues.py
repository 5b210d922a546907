"""Coupons issued to many members in the panel, and unused ones taken back."""

import re
from typing import Any

import pytest

from server import db
from server.jobs import coupons as jobs
from server.rules.operators import Role
from server.services.coupons import issues
from server.services.terms import levels
from tests.handlers.admin.conftest import Desk, last_record, send
from tests.handlers.admin.test_coupons import COUPON
from tests.support.mall import Mall
from tests.support.shop import join, make_sku, product, stock, until


async def made(desk: Desk, **fields: str) -> int:
    assert (
        await send(desk, "/coupon-templates/new", COUPON | {"active": "1", "per_member": "1"} | fields)
    ).status_code == 303
    found: int = await db.fetch_value("SELECT max(id) FROM coupon_templates")
    return found


async def form_of(desk: Desk, number: int, **fields: str) -> dict[str, str]:
    page = (await desk.get("/coupon-issues/new", template=str(number))).text
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once
    return {"template": str(number), "once": once[1], "segment": "all", "reason": "双十一"} | fields


async def test_a_template_with_all_its_terms(mall: Mall, desks: Any) -> None:
    await stock(mall, product("cream", "面霜"))
    desk: Desk = await desks(Role.OPERATIONS)
    terms = {
        "amount_fen": "",
        "off_bp": "8.5",
        "most_fen": "20",
        "valid_days": "",
        "starts_at": "2026-01-01T00:00:00",
        "ends_at": "2036-01-01T00:00:00",
        "claim_from": "2026-01-01T00:00",
        "claim_until": "2036-01-01T00:00",
        "scope": "categories",
        "scope_ids": "beauty, baby",
        "audience": "new",
        "listed": "1",
        "birthday_gift": "1",
    }
    number = await made(desk, **terms)
    page = (await desk.get(f"/coupon-templates/{number}")).text
    for shown in ('value="8.5"', 'value="20.00"', 'value="2036-01-01T00:00:00"', "限美妆个护、母婴类商品"):
        assert shown in page
    wrong: dict[str, dict[str, str]] = {
        "amount_fen": {"off_bp": ""},
        "off_bp": {"off_bp": "85折"},
        "valid_days": {"starts_at": "", "ends_at": ""},
        "starts_at": {"starts_at": ""},
        "ends_at": {"ends_at": "2020-01-01T00:00:00"},
        "claim_until": {"claim_until": "2020-01-01T00:00:00"},
        "claim_from": {"claim_from": "morgen"},
        "scope": {"scope_ids": ""},
        "audience": {"audience": "friends"},
    }
    form = COUPON | {"per_member": "1", "reason": "x"} | terms
    for field, change in wrong.items():
        refused = await send(desk, f"/coupon-templates/{number}", form | change)
        assert refused.status_code == 422, field
        assert f'data-field="{field}"' in refused.text, field
    assert (await send(desk, f"/coupon-templates/{number}", form | {"scope": "odd"})).status_code == 422
    for unknown in ({"scope_ids": "none"}, {"scope": "products", "scope_ids": "999"}):
        assert 'data-field="scope"' in (await send(desk, f"/coupon-templates/{number}", form | unknown)).text, unknown
    plain = COUPON | {"per_member": "1", "reason": "改成立减"}
    assert (await send(desk, f"/coupon-templates/{number}", plain)).status_code == 303
    assert "减 10 元" in (await desk.get("/coupon-templates")).text


async def test_given_to_everybody_and_seen_in_the_results(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    me, other = await join(mall), await join(mall)
    number = await made(desk, threshold_fen="0")
    assert (await desk.get("/coupon-issues/new", template="999")).status_code == 404
    assert "还没有发放过优惠券" in (await desk.get("/coupon-issues")).text
    form = await form_of(desk, number)
    assert (await send(desk, "/coupon-issues/new", form)).status_code == 303
    assert (await last_record())["detail"]["reason"] == "双十一"
    assert (await send(desk, "/coupon-issues/new", form)).status_code == 409
    running = (await desk.get("/coupon-issues")).text
    assert "<progress" in running
    assert "0 / 2 位会员" in running
    await jobs.issue(mall.deps)
    assert "已发 " in (await desk.get("/coupon-issues", q=f"#{number}")).text
    assert "<progress" not in (await desk.get("/coupon-issues")).text
    (coupon,) = (await me.get("/coupons"))["items"]
    await me.buy(await make_sku(5_000), coupon_id=coupon["id"])
    results = (await desk.get(f"/coupon-templates/{number}")).text
    for shown in ("<b>2</b>", "<b>1</b>", "<b>¥10.00</b>", "<b>¥48.00</b>"):
        assert shown in results
    issue = await db.fetch_value("SELECT id FROM coupon_issues")
    assert "减 10 元" in (await desk.get(f"/members/{me.id}")).text
    listed = (await desk.get("/coupons", issue=f"#{issue}")).text
    assert [f"/admin/members/{one.id}" in listed for one in (me, other)] == [True, True]


async def test_given_to_a_list_typed_and_from_a_file(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    first, second, _third = await join(mall), await join(mall), await join(mall)
    number = await made(desk)
    form = await form_of(desk, number, segment="list", list=f"#{first.id}")
    assert (await send(desk, "/coupon-issues/new", form, f"{second.id}\n".encode())).status_code == 303
    await jobs.issue(mall.deps)
    held = await db.fetch("SELECT member_id FROM coupons ORDER BY member_id")
    assert [row["member_id"] for row in held] == [first.id, second.id]


@pytest.mark.parametrize(
    ("fields", "file", "field"),
    [
        ({"segment": "friends"}, None, "segment"),
        ({"template": ""}, None, "template"),
        ({"once": ""}, None, "once"),
        ({"reason": ""}, None, "reason"),
        ({"segment": "bought"}, None, "days"),
        ({"segment": "not_bought", "days": "0"}, None, "days"),
        ({"segment": "bought", "days": "x"}, None, "days"),
        ({"segment": "level"}, None, "levels"),
        ({"segment": "list"}, None, "list"),
        ({"segment": "list", "list": "x"}, None, "list"),
        ({"segment": "list", "list": "1 2 3 4 5 6 7 8 9 10"}, None, "list"),
        ({"segment": "list"}, b"\xff\xfe\xff", "list"),
        ({"segment": "list"}, b"\0", "list"),
    ],
)
async def test_what_cannot_be_meant_is_told(
    mall: Mall, desks: Any, fields: dict[str, str], file: bytes | None, field: str
) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    form = await form_of(desk, await made(desk))
    refused = await send(desk, "/coupon-issues/new", form | fields, file)
    assert refused.status_code == 422
    assert f'data-field="{field}"' in refused.text
    assert await db.fetch_value("SELECT count(*) FROM coupon_issues") == 0


async def test_for_a_level_by_its_name(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    await db.fetch(
        "INSERT INTO levels (place, name, growth, discount_bp, points_bp, free_freight, commission_bonus_bp, colour,"
        " icon) SELECT n, name, n * 100, 10000, 10000, false, 0, '#8C7A6B', 'user'"
        " FROM (VALUES (0, '普通'), (1, '黄金')) AS level (n, name)"
    )
    await levels_seen()
    _me, gold = await join(mall), await join(mall)
    await db.fetch("INSERT INTO member_levels (member_id, position, kept_until) VALUES ($1, 1, now())", gold.id)
    number = await made(desk, **{"level.1": "1"})
    page = (await desk.get(f"/coupon-templates/{number}")).text
    assert 'name="level.1" value="1" checked>黄金' in page
    assert 'name="level.0" value="1">普通' in page
    form = await form_of(desk, number, segment="level", **{"level.1": "1"})
    assert (await send(desk, "/coupon-issues/new", form)).status_code == 303
    await jobs.issue(mall.deps)
    held = await db.fetch("SELECT member_id FROM coupons")
    assert [row["member_id"] for row in held] == [gold.id]


async def levels_seen() -> None:
    """Wait until the cached levels are renewed: they may be a second old."""

    async def there() -> bool:
        return len(await levels.current()) == 2

    await until(there)


async def test_a_list_that_is_too_long(mall: Mall, desks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.handlers.admin.coupon_issues.LIST_MOST", 1)
    desk: Desk = await desks(Role.OPERATIONS)
    people = [await join(mall), await join(mall)]
    form = await form_of(desk, await made(desk), segment="list", list=" ".join(str(one.id) for one in people))
    assert "最多 1 个会员" in (await send(desk, "/coupon-issues/new", form)).text


async def test_a_job_is_stopped_with_a_reason(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    await join(mall)
    await send(desk, "/coupon-issues/new", await form_of(desk, await made(desk)))
    issue = await db.fetch_value("SELECT id FROM coupon_issues")
    assert (await send(desk, f"/coupon-issues/{issue}/stop", {"reason": ""})).status_code == 400
    assert (await send(desk, f"/coupon-issues/{issue}/stop", {"reason": "写错了"})).status_code == 303
    record = await last_record()
    assert (record["action"], record["subject"]) == ("coupon.issue_stop", f"coupon_issue:{issue}")
    assert (await send(desk, f"/coupon-issues/{issue}/stop", {"reason": "再停"})).status_code == 409
    assert not await issues.step(mall.deps)
    assert "已停止" in (await desk.get("/coupon-issues")).text
    assert "没有符合条件的发放" in (await desk.get("/coupon-issues", show="running")).text


async def test_what_one_giving_out_issued_is_voided_where_it_was_not_used(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    me, other = await join(mall), await join(mall)
    number = await made(desk, threshold_fen="0")
    await me.post(f"/coupon-templates/{number}/claim")
    page = (await desk.get(f"/members/{me.id}")).text
    assert f'<option value="{number}">' in page
    assert f'name="member" value="{me.id}"' in page
    await send(desk, "/coupon-issues/new", await form_of(desk, number))
    issue = await db.fetch_value("SELECT id FROM coupon_issues")
    early = await send(desk, f"/coupon-issues/{issue}/void", {"reason": "发错了"})
    assert (early.status_code, "请先停止" in early.text) == (409, True)
    await jobs.issue(mall.deps)
    given = await db.fetch_value("SELECT id FROM coupons WHERE issue_id = $1 AND member_id = $2", issue, other.id)
    await other.place(await make_sku(), coupon_id=given)
    assert (await send(desk, "/coupon-issues/999/void", {"reason": "发错了"})).status_code == 404
    assert f'action="/admin/coupon-issues/{issue}/void"' in (await desk.get("/coupon-issues")).text
    assert (await send(desk, f"/coupon-issues/{issue}/void", {"reason": "发错了"})).status_code == 303
    assert "已作废 1 张未使用的优惠券" in (await desk.get("/coupon-issues")).text
    states = await db.fetch("SELECT state, issue_id IS NULL AS claimed FROM coupons ORDER BY id")
    assert sorted((row["claimed"], row["state"]) for row in states) == [
        (False, "locked"),
        (False, "void"),
        (True, "unused"),
    ]
    record = await last_record()
    assert (record["action"], record["subject"]) == ("coupon.issue_void", f"coupon_issue:{issue}")
    assert record["detail"] == {"before": "unused", "after": "void", "coupons": 1, "reason": "发错了"}


async def test_unused_coupons_are_voided_and_others_stay(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    me = await join(mall)
    number = await made(desk, per_member="3", threshold_fen="0")
    for _ in range(3):
        await me.post(f"/coupon-templates/{number}/claim")
    used, held, free = sorted(one["id"] for one in (await me.get("/coupons"))["items"])
    await me.buy(await make_sku(), coupon_id=used)
    await me.place(await make_sku(), coupon_id=held)
    ticked = {"coupon": [str(one) for one in (used, held, free)], "reason": "发错了"}
    assert (await send(desk, "/coupons", ticked)).status_code == 303
    page = (await desk.get("/coupons")).text
    assert "已作废 1 张优惠券" in page
    assert f"#{held} 没有作废" in page
    record = await last_record()
    assert (record["subject"], record["detail"]["reason"]) == (f"coupon:{free}", "发错了")
    states = await db.fetch("SELECT state FROM coupons ORDER BY id")
    assert [row["state"] for row in states] == ["used", "locked", "void"]
    assert (await send(desk, "/coupons", {"reason": "没有选"})).status_code == 303
    assert (await send(desk, "/coupons", ticked | {"reason": ""})).status_code == 400
    basket = await me.basket(await make_sku(), coupon_id=free)
    assert await me.refused_post("/orders", basket) == "422 coupon_unusable"
