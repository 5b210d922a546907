"""有效推荐, rebates and commissions in the panel: found, explained, reviewed; policies previewed and published once."""

import asyncio
import json
from typing import Any

import msgspec
import orjson
import pytest

from server import db
from server.rules.commissions import CommissionTerms
from server.rules.operators import Role
from server.services.rebates import blocking
from server.services.terms import commission_policies
from tests.handlers.admin.conftest import Desk
from tests.handlers.admin.staged import XSS
from tests.support.circle import Circle, circle
from tests.support.mall import Mall
from tests.support.shop import join, make_sku, publish, work

RATIO = {"policies": [{"kind": "ratio", "ratio_bp": 1_000}]}


@pytest.fixture
async def ring(mall: Mall) -> Circle:
    """Return a member with three friends who bought, a closed cycle, and commission from each friend."""
    await publish(mall)
    await commission_policies.apply(mall.deps, msgspec.convert(RATIO, CommissionTerms), "开始", "tester")
    mall.clock.advance(1)  # from then on they are in force
    found = await circle(mall)
    await found.bring(3)
    return found


async def ids(table: str) -> list[int]:
    return [row["id"] for row in await db.fetch(f"SELECT id FROM {table} ORDER BY id")]


async def last_record() -> tuple[str, str, str, Any]:
    row = await db.fetch_row("SELECT actor, action, subject, detail FROM audit_log ORDER BY id DESC LIMIT 1")
    assert row is not None
    return row["actor"], row["action"], row["subject"], orjson.loads(row["detail"])


async def test_what_was_earned_is_found_and_explained(ring: Circle, desks: Any) -> None:
    desk: Desk = await desks()
    friend = ring.friends[0]
    [rebate], commissions, qualified = await ids("rebates"), await ids("commissions"), await ids("qualifications")
    for path, number in (("rebates", rebate), ("commissions", commissions[0]), ("qualifications", qualified[0])):
        state = {"state": ""} if path == "qualifications" else {}
        link = f'href="/admin/{path}/{number}"'
        for query in ({}, {"q": f"#{ring.me.id}"}, {"since": "2020-01-01", "until": "2099-01-01"}):
            assert link in (await desk.get(f"/{path}", **state, **query)).text, (path, query)
        for query in ({"q": "#999999"}, {"since": "2099-01-01"}, {"state": "reversed" if state == {} else "void"}):
            assert link not in (await desk.get(f"/{path}", **state | query)).text, (path, query)
        assert "“x”不是其中一种" in (await desk.get(f"/{path}", q="x")).text
        assert (await desk.get(f"/{path}", state="odd")).status_code == 400
        assert (await desk.get(f"/{path}/999999")).status_code == 404
    order = ring.own.lower()
    assert f'href="/admin/rebates/{rebate}"' in (await desk.get("/rebates", q=order)).text
    assert f'href="/admin/commissions/{commissions[0]}"' in (await desk.get("/commissions", q=friend.order_no)).text
    assert f"#{friend.person.id}" not in (await desk.get("/qualifications")).text  # the list shows held ones
    page = (await desk.get(f"/rebates/{rebate}")).text
    for text in (f"订单 {ring.own} 现金实付", "¥100.00", "3 / 3", "返一入账", f"/admin/members/{friend.person.id}"):
        assert text in page, text
    assert 'data-label="金额" class="n">¥100.00</td>' in page.partition("<h2>分录</h2>")[2]
    page = (await desk.get(f"/commissions/{commissions[0]}")).text
    for text in ("全店策略：实付 200.00 元 × 10.00%", "¥20.00", friend.order_no, "佣金入账", "commission-policies/1"):
        assert text in page, text
    page = (await desk.get(f"/qualifications/{qualified[0]}")).text
    for text in ("从绑定到付款", friend.order_no, f"/admin/rebates/{rebate}", "现金实付"):
        assert text in page, text
    finance: Desk = await desks(Role.FINANCE)
    assert "作废的理由" not in (await finance.get(f"/qualifications/{qualified[0]}")).text


async def test_a_rebate_as_a_coupon_shows_what_the_coupon_is_worth(mall: Mall, desks: Any) -> None:
    await publish(mall, pay_as="coupon", observe_days=0)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    desk: Desk = await desks(Role.FINANCE)
    page = (await desk.get(f"/rebates/{(await a.rebate())['id']}")).text
    assert 'data-label="金额" class="n">券 ¥100.00</td>' in page.partition("<h2>分录</h2>")[2]


async def test_evidence_stands_out(ring: Circle, desks: Any) -> None:
    desk: Desk = await desks()
    [number, *_] = await ids("qualifications")
    friend = ring.friends[0].person
    async with db.transaction() as tx:
        await tx.execute("UPDATE members SET phone_blind = 'same' WHERE id = ANY ($1)", [ring.me.id, friend.id])
        await tx.execute("UPDATE members SET bound_at = bound_at - interval '3 days' WHERE id = $1", friend.id)
    page = (await desk.get(f"/qualifications/{number}")).text
    assert page.count('<b class="wrong">与推荐人相同</b>') == 3
    assert "3 天" in page
    for shift, told in (("2 days 23 hours", "60 分钟"), ("2 hours", "先付款，后绑定")):
        async with db.transaction() as tx:
            await tx.execute(f"UPDATE members SET bound_at = bound_at + interval '{shift}' WHERE id = $1", friend.id)
        assert told in (await desk.get(f"/qualifications/{number}")).text, told
    async with db.transaction() as tx:
        await tx.execute("UPDATE members SET bound_at = NULL WHERE id = $1", friend.id)
    assert "从绑定到付款" not in (await desk.get(f"/qualifications/{number}")).text


async def test_a_review_has_a_reason(mall: Mall, ring: Circle, desks: Any) -> None:
    desk: Desk = await desks(Role.SERVICE)
    friend = await join(mall, ring.me)
    await blocking.block(mall.deps, ring.me.id, "核查", "boss")
    await friend.buy(ring.sku)
    await work(mall)
    number = (await ids("qualifications"))[-1]
    here = f"/qualifications/{number}"
    assert f'href="/admin{here}"' in (await desk.get("/qualifications")).text
    assert "推荐人被封禁" in (await desk.get(here)).text
    for reason in ("", " ", "x" * 201):
        assert (await desk.post(f"{here}/pass", reason=reason)).status_code == 400
    assert (await desk.post(f"{here}/pass", reason="真实购买")).status_code == 303
    detail = {"before": "held", "after": "counted", "reason": "真实购买"}
    assert await last_record() == (desk.name, "qualification_review", f"qualification:{number}", detail)
    assert (await desk.post(f"{here}/pass", reason="再来")).status_code == 409
    assert (await desk.post("/qualifications/999999/void", reason="x")).status_code == 404
    [first, *_] = await ids("qualifications")
    assert (await desk.post(f"/qualifications/{first}/void", reason="自买自荐")).status_code == 303
    page = (await desk.get(f"/qualifications/{first}")).text
    assert "审核不通过" in page
    assert "作废的理由" not in page
    [rebate, *_] = await ids("rebates")
    page = (await desk.get(f"/rebates/{rebate}")).text
    assert "已收回" in page
    assert "收回后，它们恢复计入或已作废" in page


async def test_commission_that_shrank_says_so(mall: Mall, ring: Circle, desks: Any) -> None:
    desk: Desk = await desks()
    await ring.friends[0].refund()
    await work(mall)
    page = (await desk.get(f"/commissions/{(await ids('commissions'))[0]}")).text
    assert "随退款收回" in page
    assert "收回" in page


async def test_what_people_typed_stays_text(ring: Circle, desks: Any) -> None:
    desk: Desk = await desks()
    async with db.transaction() as tx:
        await tx.execute("UPDATE order_lines SET title = $1", XSS)
        await tx.execute("UPDATE members SET nickname = $1", XSS[:40])
    commissions, qualified, rebates = await ids("commissions"), await ids("qualifications"), await ids("rebates")
    for path in (
        f"/commissions/{commissions[0]}",
        f"/qualifications/{qualified[0]}",
        f"/rebates/{rebates[0]}",
        f"/members/{ring.me.id}/chain",
        f"/members/{ring.me.id}",
    ):
        page = await desk.get(path)
        assert page.status_code == 200, path
        assert "<script>alert" not in page.text, path
        assert "<img src=x" not in page.text, path


async def versions() -> int:
    found: int = await db.fetch_value("SELECT count(*) FROM commission_versions")
    return found


async def test_policies_are_previewed_and_then_published(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    here = "/commission-policies"
    assert "还没有发布过分润策略" in (await desk.get(here)).text
    assert (await desk.get(f"{here}/preview")).status_code == 404
    assert (await desk.get(f"{here}/new", edit="1")).status_code == 404
    assert "第一版" in (await desk.get(f"{here}/new")).text
    text = json.dumps(RATIO, indent=2)
    sent = await desk.post(f"{here}/preview", text=text, base="0")
    assert sent.headers["location"] == f"/admin{here}/preview"
    preview = (await desk.get(f"{here}/preview")).text
    assert "<ins>实付的 10%</ins>" in preview
    assert "ratio_bp" in (await desk.get(f"{here}/new", edit="1")).text
    assert await versions() == 0
    done = await desk.post(here, text=text, base="0", note="开始分润")
    assert done.headers["location"] == f"/admin{here}/1"
    detail = {"before": 0, "after": 1, "reason": "开始分润"}
    assert await last_record() == (desk.name, "commission.apply", "commission_version:1", detail)
    assert (await desk.post(here, text=text, base="1", note="一样")).status_code == 303
    assert "与此相同" in (await desk.get(f"{here}/1")).text
    sku = await make_sku()
    product = await db.fetch_value("SELECT product_id FROM skus WHERE id = $1", sku)
    category = await db.fetch_value("SELECT id FROM categories")
    more = RATIO["policies"] + [
        {"kind": "fixed", "fixed_fen": 300, "scope": "product", "ids": [product]},
        {"kind": "fixed", "fixed_fen": 200, "scope": "category", "ids": [category]},
    ]
    second = json.dumps({"policies": more})
    await desk.post(f"{here}/preview", text=second, base="1")
    assert f"商品 #{product} 商品" in (await desk.get(f"{here}/preview")).text
    assert (await desk.post(here, text=second, base="1", note="单品")).status_code == 303
    page = (await desk.get(f"{here}/2")).text
    assert "<ins>每件 3.00 元</ins>" in page
    assert f"类目 #{category} care" in page
    assert "<del>每件 3.00 元</del>" in (await desk.get(f"{here}/compare", old=2, new=1)).text
    assert 'href="/admin/commission-policies/2"' in (await desk.get(here)).text
    for path, status in ((f"{here}/9", 404), (f"{here}/compare?old=1&new=9", 404), (f"{here}/compare?old=1", 400)):
        assert (await desk.get(path)).status_code == status, path


async def test_a_text_with_mistakes_is_told_by_line(desks: Any) -> None:
    desk: Desk = await desks()
    here = "/commission-policies"
    bad = json.dumps(
        {"policies": [{"kind": "ratio", "ratio_bp": 0}, {"kind": "fixed", "fixed_fen": 1, "scope": "product"}]},
        indent=1,
    )
    for path, more in ((f"{here}/preview", {}), (here, {"note": "x"})):
        refused = await desk.post(path, text=bad, base="0", **more)
        assert refused.status_code == 422
        assert "第 5 行" in refused.text
    refused = await desk.post(
        f"{here}/preview",
        text='{"policies": [{"kind": "fixed", "fixed_fen": 1, "scope": "product", "ids": [99]}]}',
        base="0",
    )
    assert "没有编号为 99 的商品" in refused.text
    for text in ("{", "[]", "[" * 5_000, "<script>"):
        refused = await desk.post(f"{here}/preview", text=text, base="0")
        assert refused.status_code == 422, text[:10]
        assert "<script>" not in refused.text.partition("<main")[2]
    for form in ({"text": "{}"}, {"base": "0"}, {"text": "", "base": "0"}, {"text": "{}", "base": "x"}):
        assert (await desk.post(f"{here}/preview", **form)).status_code == 400
    for note in ("", " ", "x" * 201):
        assert (await desk.post(here, text="{}", base="0", note=note)).status_code == 400
    assert await versions() == 0


async def test_of_two_who_publish_policies_from_the_same_version_one_is_told(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks()
    other: Desk = await desks(name="other-owner")
    here = "/commission-policies"
    await desk.post(f"{here}/preview", text="{}", base="0")
    texts = (json.dumps(RATIO | {"observe_days": days}) for days in (8, 9))
    answers = await asyncio.gather(
        *(one.post(here, text=text, base="0", note="x") for one, text in zip((desk, other), texts, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert await versions() == 1
    assert "这份草稿不能再发布" in (await desk.get(f"{here}/preview")).text
