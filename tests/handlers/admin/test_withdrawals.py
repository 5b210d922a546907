"""Withdrawals in the panel: evidence, one or two approvals, many at once, and the real name shown for a reason."""

from typing import Any

import pytest

from server import db
from server.rules.operators import Role
from server.services.common import audit_log
from tests.handlers.admin.conftest import Desk, actions
from tests.support.circle import circle
from tests.support.mall import Mall
from tests.support.purse import ask, earn, rich, send, set_policy, state_of
from tests.support.shop import join, publish, work


async def reasons(action: str) -> list[Any]:
    return [
        row["detail"]
        for row in await db.fetch(
            "SELECT detail->>'before' || '>' || (detail->>'after') || ' ' || (detail->>'reason') AS detail"
            " FROM audit_log WHERE action = $1 ORDER BY id",
            action,
        )
    ]


async def test_the_evidence_says_where_the_money_came_from(mall: Mall, desks: Any) -> None:
    await publish(mall, withdrawable=True, observe_days=0)
    group = await circle(mall)
    friends = await group.bring(3)
    await group.receive_all()
    await group.me.address()
    mall.clock.advance(60)
    await work(mall)
    no = await ask(group.me, 5_000)
    await friends[0].person.post(
        "/me/phone",
        {"code": (await mall.control("phone", openid=friends[0].person.openid, phone="13800138000"))["code"]},
    )
    await group.me.post(
        "/me/phone", {"code": (await mall.control("phone", openid=group.me.openid, phone="13800138000"))["code"]}
    )
    desk: Desk = await desks(Role.FINANCE)
    page = (await desk.get(f"/withdrawals/{no}")).text
    assert "推荐了</dt><dd>3 人" in page
    assert "好友同手机号</dt><dd>3 人" in page
    assert "好友同地址</dt><dd>3 人" in page
    assert "已返还 3" in page
    assert "返一</dt><dd>1 笔，共 ¥100.00" in page
    assert "自己半年订单</dt><dd>1 单，退款 0 单" in page
    assert "1 / 5 次，¥50.00 / ¥20000.00" in page
    assert "返一解冻到账" in page
    assert f"/admin/rebates/{(await group.rebate())['id']}" in page
    assert "申请提现" in page
    assert "138****8000" in page
    assert "13800138000" not in page
    assert (await desk.get("/withdrawals/W404")).status_code == 404


async def test_a_large_one_takes_two_operators(mall: Mall, desks: Any) -> None:
    await set_policy(mall, withdrawal_second_from_fen=4_000)
    me = await rich(mall)
    no = await ask(me, 5_000)
    first: Desk = await desks(Role.FINANCE, "first")
    second: Desk = await desks(Role.OWNER, "second")
    assert "需要两位操作员同意" in (await first.get(f"/withdrawals/{no}")).text
    for reason in ("", "  ", "x" * 201):
        assert (await first.post(f"/withdrawals/{no}/approve", reason=reason)).status_code == 400
    assert (await first.post(f"/withdrawals/{no}/approve", reason="材料齐全")).status_code == 303
    told = (await first.get(f"/withdrawals/{no}")).text
    assert "等待另一位操作员复核" in told
    assert "你已同意" in told
    assert (await first.post(f"/withdrawals/{no}/approve", reason="再来一次")).status_code == 403
    assert no in (await second.get("/withdrawals", review="second")).text
    assert no not in (await second.get("/withdrawals", review="first")).text
    assert (await second.post(f"/withdrawals/{no}/approve", reason="复核无误")).status_code == 303
    assert "已同意提现" in (await second.get(f"/withdrawals/{no}")).text
    assert (await second.post(f"/withdrawals/{no}/approve", reason="再来一次")).status_code == 409
    assert (await second.post(f"/withdrawals/{no}/reject", reason="晚了")).status_code == 409
    assert await reasons("withdrawal_approve") == ["requested>requested 材料齐全", "requested>approved 复核无误"]
    assert "理由：复核无误" in (await second.get("/audit", q=f"withdrawal:{no}")).text


async def test_a_no_gives_the_money_back_and_so_does_calling_off(mall: Mall, desks: Any) -> None:
    me = await rich(mall)
    desk: Desk = await desks(Role.FINANCE)
    refused, stopped = await ask(me, 2_000), await ask(me, 3_000)
    assert (await desk.post(f"/withdrawals/{refused}/reject", reason="资料不符")).status_code == 303
    page = (await desk.get(f"/withdrawals/{refused}")).text
    assert "未通过" in page
    assert "资料不符" in page
    assert "/approve" not in page
    assert (await desk.post(f"/withdrawals/{stopped}/approve", reason="同意")).status_code == 303
    assert (await desk.post(f"/withdrawals/{stopped}/cancel", reason="")).status_code == 400
    assert (await desk.post(f"/withdrawals/{stopped}/cancel", reason="会员来电")).status_code == 303
    assert (await desk.post(f"/withdrawals/{stopped}/cancel", reason="会员来电")).status_code == 409
    page = (await desk.get(f"/withdrawals/{stopped}")).text
    assert "已撤销提现" in page
    assert f"· {desk.name}" in page
    assert (await me.wallet())["withdrawable_fen"] == 10_000
    assert await reasons("withdrawal_cancel") == ["approved>cancelled 会员来电"]
    there = await send(mall, me, 1_000)
    assert (await desk.post(f"/withdrawals/{there}/cancel", reason="撤回")).status_code == 303
    page = (await desk.get(f"/withdrawals/{there}")).text
    assert "正在向微信撤销" in page
    assert "等待微信" in page
    assert "撤销中" in (await desk.get("/withdrawals", state="confirming")).text


async def test_many_are_decided_each_on_its_own(mall: Mall, desks: Any) -> None:
    await set_policy(mall, withdrawal_second_from_fen=4_000)
    me = await rich(mall)
    small, large, gone = await ask(me, 1_000), await ask(me, 4_000), await ask(me, 2_000)
    await me.post(f"/withdrawals/{gone}/cancel")
    desk: Desk = await desks(Role.FINANCE)
    chosen = [small, large, gone, "W404", small]
    assert (await desk.post("/withdrawals", do="approve", reason="批量同意", number=chosen)).status_code == 303
    told = (await desk.get("/withdrawals", state="requested")).text
    assert "同意了 1 笔，1 笔等待另一位操作员复核，2 笔没有处理" in told
    assert f"<li>{small}：已同意</li>" in told
    assert f"<li>{large}：已同意，等待另一位操作员复核</li>" in told
    assert f"{gone}：没有处理，当前状态不支持此操作" in told
    assert "W404：没有处理，没有找到" in told
    assert [await state_of(me, no) for no in (small, large, gone)] == ["approved", "requested", "cancelled"]
    assert await reasons("withdrawal_approve") == ["requested>approved 批量同意", "requested>requested 批量同意"]
    await desk.post("/withdrawals", do="approve", reason="批量同意", number=[large])
    assert f"{large}：没有处理，需要另一位操作员复核" in (await desk.get("/withdrawals")).text
    await desk.post("/withdrawals", do="reject", reason="批量拒绝", number=[large])
    assert f"{large}：已拒绝" in (await desk.get("/withdrawals")).text
    assert await state_of(me, large) == "rejected"


@pytest.mark.parametrize(
    "form",
    [
        {"do": "approve", "reason": "理由"},
        {"do": "pay", "reason": "理由", "number": "W1"},
        {"do": "approve", "reason": "", "number": "W1"},
        {"do": "approve", "number": "W1"},
        {"reason": "理由", "number": "W1"},
        {"do": "approve", "reason": "理由", "number": [f"W{n}" for n in range(51)]},
        {"do": "approve", "reason": "理由", "number": ["W1", "W\0"]},
    ],
)
async def test_what_no_form_of_ours_sends_is_refused(mall: Mall, desks: Any, form: dict[str, Any]) -> None:
    desk: Desk = await desks(Role.FINANCE)
    before = await actions()
    assert (await desk.post("/withdrawals", **form)).status_code == 400
    assert await actions() == before


async def test_the_list_is_searched_and_offers_nothing_to_who_may_not_decide(mall: Mall, desks: Any) -> None:
    me = await rich(mall)
    other = await rich(mall)
    no, theirs = await ask(me, 1_000), await ask(other, 1_000)
    phone = (await mall.control("phone", openid=me.openid, phone="13912345678"))["code"]
    await me.post("/me/phone", {"code": phone})
    desk: Desk = await desks(Role.SERVICE)
    page = ""
    for q in (no.lower(), f"#{me.id}", "13912345678"):
        page = (await desk.get("/withdrawals", q=q)).text
        assert (no in page, theirs in page) == (True, False), q
    assert 'type="checkbox"' not in page
    assert "/approve" not in (await desk.get(f"/withdrawals/{no}")).text
    assert "/admin/ledger" not in (await desk.get(f"/withdrawals/{no}")).text
    unfit = (await desk.get("/withdrawals", q="张三")).text
    assert "这里可以查：提现号、手机号或 #会员号。“张三”不是其中一种。" in unfit
    assert 'value="张三"' in unfit, "the search stays, to be corrected"
    assert (await desk.get("/withdrawals", state="odd")).status_code == 400


async def test_a_name_is_shown_once_and_the_log_knows(mall: Mall, desks: Any) -> None:
    await set_policy(mall, withdrawal_name_from_fen=1_000)
    me = await join(mall)
    await earn(mall, me.id, 10_000)
    no = await ask(me, 5_000, real_name="欧阳明")
    desk: Desk = await desks(Role.SERVICE)
    assert "查看实名" in (await desk.get(f"/withdrawals/{no}")).text
    assert (await desk.post(f"/withdrawals/{no}/name", reason="")).status_code == 400
    assert (await desk.post(f"/withdrawals/{no}/name", reason="核对身份")).status_code == 303
    assert "欧阳明" in (await desk.get(f"/withdrawals/{no}")).text
    assert "欧阳明" not in (await desk.get(f"/withdrawals/{no}")).text
    assert "欧阳明" not in str(await db.fetch("SELECT detail FROM audit_log"))
    assert (await actions())[-1] == "withdrawal.name"
    finance: Desk = await desks(Role.FINANCE)
    assert "查看实名" not in (await finance.get(f"/withdrawals/{no}")).text
    assert (await finance.post(f"/withdrawals/{no}/name", reason="x")).status_code == 403
    await finance.post(f"/withdrawals/{no}/reject", reason="不符")
    assert (await desk.post(f"/withdrawals/{no}/name", reason="晚了")).status_code == 404
    async with db.snapshot() as reader:
        assert (await audit_log.verify(reader))[1] == []
