"""Acts of operators above their limits: what acts at once, what waits, and how it ends."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from server import db
from server.core.clock import day_start, shanghai_day
from server.core.errors import Busy, NotAllowed, NotFound, StateConflict
from server.rules.approvals import (
    ApprovalState,
    Asked,
    RulePublish,
)
from server.rules.operators import Role
from server.rules.rebates import RuleTerms
from server.services.common import approvals as steps
from server.services.common import audit_log
from server.services.desk import approvals
from server.services.operators import accounts as operator_accounts
from server.services.points import movements
from tests.support.mall import Mall
from tests.support.purse import points_of, set_policy
from tests.support.shop import shopper
from tests.support.staff import ADA, BEA, CAT, CLI, FIN, SAM, employ, points, state, waits


async def log() -> list[tuple[str, str]]:
    """Return who did what, without the making of accounts."""
    rows = await db.fetch("SELECT actor, action FROM audit_log WHERE action NOT LIKE 'operator.%' ORDER BY id")
    return [(row["actor"], row["action"]) for row in rows]


async def detail_of(action: str) -> dict[str, Any]:
    text = await db.fetch_value("SELECT detail FROM audit_log WHERE action = $1 ORDER BY id DESC LIMIT 1", action)
    return dict(orjson.loads(text))


async def why(approval_id: int) -> str:
    return str(await db.fetch_value("SELECT why FROM approvals WHERE id = $1", approval_id))


# --- The limit --------------------------------------------------------------------------------------------------------


async def test_a_role_acts_alone_up_to_its_sum_of_a_day_in_shanghai(mall: Mall) -> None:
    await employ(mall, ADA, SAM)
    me = await shopper(mall)
    tomorrow = day_start(shanghai_day(mall.clock.now()) + timedelta(days=1))
    mall.clock.advance((tomorrow - mall.clock.now()).total_seconds() - 30)
    assert await approvals.submit(mall.deps, SAM, points(me.id, 6_000, "a"))
    assert await approvals.submit(mall.deps, SAM, points(me.id, -4_000, "b")), "what is taken counts, too"
    await waits(mall, SAM, points(me.id, 1, "c"))
    assert await points_of(me) == 2_000
    assert await approvals.submit(mall.deps, ADA, points(me.id, 1, "d")), "another role has its own limit"
    mall.clock.advance(60)
    assert await approvals.submit(mall.deps, SAM, points(me.id, 10_000, "e"))


async def test_without_a_limit_or_where_nobody_else_could_approve_everything_is_done_at_once(mall: Mall) -> None:
    me = await shopper(mall)
    million = 1_000_000
    assert await approvals.submit(mall.deps, SAM, points(me.id, million, "dev"))
    await employ(mall, ADA)
    await operator_accounts.create(mall.deps, "fin", Role.FINANCE, "cli")
    assert await approvals.submit(mall.deps, ADA, points(me.id, million, "alone")), "finance cannot give points"
    await operator_accounts.create(mall.deps, "sam", Role.SERVICE, "cli")
    await operator_accounts.disable(mall.deps, await operator_accounts.named("sam"), "离职", "cli")
    assert await approvals.submit(mall.deps, ADA, points(me.id, million, "disabled"))
    await operator_accounts.enable(mall.deps, await operator_accounts.named("sam"), "回来", "cli")
    await waits(mall, ADA, points(me.id, million, "two"))
    assert await approvals.submit(mall.deps, CLI, points(me.id, million, "cli")), "none by default"
    await set_policy(mall, limit_cli_points=5)
    await waits(mall, CLI, points(me.id, 6, "cli-2"))


async def test_the_same_act_asked_for_twice_is_one(mall: Mall) -> None:
    await employ(mall, ADA, SAM)
    me = await shopper(mall)
    first = await waits(mall, SAM, points(me.id, 20_000))
    assert await waits(mall, SAM, points(me.id, 20_000)) == first
    assert await waits(mall, SAM, points(me.id, 20_000, reason="另一个理由")) == first
    with pytest.raises(StateConflict) as refused:
        await approvals.submit(mall.deps, SAM, points(me.id, 30_000))
    assert f"#{first}" in refused.value.detail["problem"]
    assert await log() == [("sam", "approval.ask")]
    await approvals.cancel(mall.deps, first, "sam", "不用了")
    assert await waits(mall, SAM, points(me.id, 30_000)) != first


# --- A second operator ------------------------------------------------------------------------------------------------


async def test_a_second_operator_lets_it_happen_once_and_the_log_names_both(mall: Mall) -> None:
    await employ(mall, ADA, SAM, FIN)
    me = await shopper(mall)
    asked = await waits(mall, SAM, points(me.id, 20_000))
    assert await points_of(me) == 0
    for somebody in (SAM, FIN):
        with pytest.raises(NotAllowed):
            await approvals.approve(mall.deps, asked, somebody, "我自己同意")
    assert await approvals.approve(mall.deps, asked, ADA, "核实过") is None
    assert await points_of(me) == 20_000
    assert await log() == [("sam", "approval.ask"), ("ada", "approval.approve"), ("sam", "member.points")]
    said = await detail_of("member.points")
    assert (said["asked_by"], said["approved_by"], said["approval"]) == ("sam", "ada", asked)
    assert await detail_of("approval.approve") == {
        "before": "waiting",
        "after": "approved",
        "reason": "核实过",
        "asked_by": "sam",
    }
    for decide in (approvals.approve, approvals.reject):
        with pytest.raises(StateConflict):
            await decide(mall.deps, asked, ADA, "再来")
    with pytest.raises(NotFound):
        await approvals.approve(mall.deps, 404, ADA, "再来")
    assert await approvals.submit(mall.deps, SAM, points(me.id, 9_000, "b")), "what was approved uses up no limit"
    async with db.snapshot() as reader:
        assert (await audit_log.verify(reader))[1] == []


@pytest.mark.parametrize("lost", ["role", "account"])
async def test_who_has_lost_the_permission_cannot_approve(mall: Mall, lost: str) -> None:
    await employ(mall, ADA, BEA, SAM)
    me = await shopper(mall)
    asked = await waits(mall, SAM, points(me.id, 20_000))
    bea = await operator_accounts.named("bea")
    if lost == "role":
        await operator_accounts.set_role(mall.deps, bea, Role.FINANCE, "换岗", "cli")
    else:
        await operator_accounts.disable(mall.deps, bea, "离职", "cli")
    with pytest.raises(NotAllowed):
        await approvals.approve(mall.deps, asked, BEA, "我还是店主")
    assert (await state(asked), await points_of(me)) == ("waiting", 0)


async def test_a_rejection_a_cancellation_and_the_end_of_the_time_do_nothing_else(mall: Mall) -> None:
    await employ(mall, ADA, SAM)
    me = await shopper(mall)
    rejected, cancelled, expired = [await waits(mall, SAM, points(me.id, 20_000, once)) for once in "abc"]
    with pytest.raises(NotAllowed):
        await approvals.reject(mall.deps, rejected, SAM, "自己拒绝")
    await approvals.reject(mall.deps, rejected, ADA, "太多")
    with pytest.raises(NotAllowed):
        await approvals.cancel(mall.deps, cancelled, "ada", "别人的")
    await approvals.cancel(mall.deps, cancelled, "sam", "填错了")
    mall.clock.advance(timedelta(days=7).total_seconds() - 5)
    assert await approvals.expire_due(mall.deps) == 0
    mall.clock.advance(10)
    assert (
        await approvals.approve(mall.deps, expired, ADA, "晚了") == "当前状态不支持此操作：这项申请已过期，请重新提交"
    )
    late = await waits(mall, SAM, points(me.id, 20_000, "d"))
    mall.clock.advance(timedelta(days=8).total_seconds())
    assert await approvals.expire_due(mall.deps) == 1
    assert [await state(one) for one in (rejected, cancelled, expired, late)] == [
        "rejected",
        "cancelled",
        "failed",
        "expired",
    ]
    assert [await why(one) for one in (rejected, cancelled, late)] == ["太多", "填错了", "一直没有人审批"]
    assert await points_of(me) == 0
    ended = [action for _, action in await log() if action != "approval.ask"]
    assert ended == ["approval.reject", "approval.cancel", "approval.fail", "approval.expire"]
    assert (await log())[-1][0] == "system"


@pytest.mark.parametrize("decide", ["approve", "reject", "cancel"])
@pytest.mark.parametrize("kind", ["points", "rule"])
async def test_decisions_that_cross_leave_one(
    mall: Mall, monkeypatch: pytest.MonkeyPatch, decide: str, kind: str
) -> None:
    """Somebody who read the approval while it waited finds it decided under the lock."""
    await employ(mall, ADA, BEA, CAT)
    me = await shopper(mall)
    act: Asked = points(me.id, 60_000) if kind == "points" else RulePublish(terms=RuleTerms(), reason="开业")
    asked = await waits(mall, CAT, act)
    read = approvals._one

    async def then_approved(approval_id: int) -> Any:
        found = await read(approval_id)
        monkeypatch.setattr(approvals, "_one", read)
        assert await approvals.approve(mall.deps, approval_id, ADA, "抢先") is None
        return found

    monkeypatch.setattr(approvals, "_one", then_approved)
    late: dict[str, Callable[[], Awaitable[object]]] = {
        "approve": lambda: approvals.approve(mall.deps, asked, BEA, "同意"),
        "reject": lambda: approvals.reject(mall.deps, asked, BEA, "不行"),
        "cancel": lambda: approvals.cancel(mall.deps, asked, "cat", "撤回"),
    }
    with pytest.raises(StateConflict):
        await late[decide]()
    assert await state(asked) == "approved"
    assert await points_of(me) == (60_000 if kind == "points" else 0)
    assert await db.fetch_value("SELECT count(*) FROM rule_versions") == (kind == "rule")


async def test_what_was_decided_while_it_was_asked_for_again_is_told(
    mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    await employ(mall, ADA, SAM)
    me = await shopper(mall)
    asked = await waits(mall, SAM, points(me.id, 20_000))
    same = steps._same

    async def after_the_end(tx: db.Connection, act: Asked) -> int:
        await steps.end(tx, asked, ApprovalState.REJECTED, "ada", "太多", mall.clock.now())
        return await same(tx, act)

    monkeypatch.setattr(steps, "_same", after_the_end)
    with pytest.raises(StateConflict) as refused:
        await approvals.submit(mall.deps, SAM, points(me.id, 20_000))
    assert "刚刚已有人审批" in refused.value.detail["problem"]


# --- Checked again ----------------------------------------------------------------------------------------------------


async def test_points_that_the_member_has_no_more_cannot_be_taken(mall: Mall) -> None:
    await employ(mall, ADA, SAM)
    me = await shopper(mall)
    assert await approvals.submit(mall.deps, ADA, points(me.id, 20_000, "a"))
    asked = await waits(mall, SAM, points(me.id, -15_000, "b"))
    assert await approvals.submit(mall.deps, ADA, points(me.id, -10_000, "c"))
    failed = await approvals.approve(mall.deps, asked, ADA, "扣")
    assert failed is not None
    assert "可用积分现在是 10000" in failed
    assert (await state(asked), await why(asked), await points_of(me)) == ("failed", failed, 10_000)


async def test_what_was_done_meanwhile_is_not_done_again(mall: Mall) -> None:
    await employ(mall, ADA, SAM)
    me = await shopper(mall)
    asked = await waits(mall, SAM, points(me.id, 20_000))
    await set_policy(mall, limit_service_points=None)
    assert await approvals.submit(mall.deps, SAM, points(me.id, 20_000))
    failed = await approvals.approve(mall.deps, asked, ADA, "同意")
    assert (failed, await state(asked), await points_of(me)) == ("已经做过了，没有再做一次", "failed", 20_000)


async def test_trouble_of_the_engines_leaves_it_waiting_and_a_crash_leaves_nothing_half_done(
    mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    await employ(mall, ADA, SAM)
    me = await shopper(mall)
    asked = await waits(mall, SAM, points(me.id, 20_000))
    record = audit_log.record

    async def busy(*_args: Any) -> None:
        raise Busy

    async def crashes(tx: db.Connection, at: Any, actor: str, action: str, *more: Any) -> None:
        await record(tx, at, actor, action, *more)
        if action == "member.points":
            raise RuntimeError("the power went")

    for broken, raised in ((busy, Busy), (crashes, RuntimeError)):
        with monkeypatch.context() as patch:
            patch.setattr(audit_log, "record", broken)
            with pytest.raises(raised):
                await approvals.approve(mall.deps, asked, ADA, "同意")
        assert (await state(asked), await points_of(me)) == ("waiting", 0)
    assert await approvals.approve(mall.deps, asked, ADA, "同意") is None
    assert await points_of(me) == 20_000


# --- What waits too long ----------------------------------------------------------------------------------------------


async def test_what_waits_for_a_day_is_told_once(mall: Mall) -> None:
    await employ(mall, ADA, SAM)
    me = await shopper(mall)
    asked = await waits(mall, SAM, points(me.id, 20_000))
    await approvals.warn(mall.deps)
    assert await db.fetch_value("SELECT count(*) FROM alarms") == 0
    mall.clock.advance(86_401)
    await approvals.warn(mall.deps)
    await db.fetch("UPDATE alarms SET seen_at = at RETURNING id")
    await approvals.warn(mall.deps)
    (row,) = await db.fetch("SELECT kind, subject, detail FROM alarms")
    assert (row["kind"], row["subject"]) == ("approval_waits", f"approval:{asked}")
    assert orjson.loads(row["detail"]) == {"kind": "points_grant", "of": f"member:{me.id}", "asked_by": "sam"}


async def test_old_uses_of_limits_are_forgotten(mall: Mall) -> None:
    await employ(mall, ADA, SAM)
    me = await shopper(mall)
    await approvals.submit(mall.deps, SAM, points(me.id, 1))
    for days, left in ((30, 1), (2, 0)):
        mall.clock.advance(timedelta(days=days).total_seconds())
        await approvals.expire_due(mall.deps)
        assert await db.fetch_value("SELECT count(*) FROM limit_uses") == left


async def test_movements_without_a_leave_have_no_limit(mall: Mall) -> None:
    await employ(mall, ADA, SAM)
    me = await shopper(mall)
    assert await movements.adjust(mall.deps, me.id, 10**6, "k", "系统", "system")


# --- Whose second pair of eyes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["create", "enable", "reset", "role"])
async def test_an_account_that_the_asker_has_just_made_or_changed_is_no_second_operator(mall: Mall, way: str) -> None:
    await employ(mall, ADA, CAT)
    if way == "create":
        await operator_accounts.create(mall.deps, "bea", Role.OWNER, "ada")
    else:
        await employ(mall, BEA)
        bea = await operator_accounts.named("bea")
        if way == "enable":
            await operator_accounts.disable(mall.deps, bea, "休假", "cat")
            await operator_accounts.enable(mall.deps, bea, "回来", "ada")
        elif way == "reset":
            await operator_accounts.reset(mall.deps, bea, "忘了密码", "ada")
        else:
            await operator_accounts.set_role(mall.deps, bea, Role.OWNER, "升职", "ada")
    me = await shopper(mall)
    asked = await waits(mall, ADA, points(me.id, 60_000))
    with pytest.raises(NotAllowed):
        await approvals.approve(mall.deps, asked, BEA, "我是另一个人")
    assert (await state(asked), await points_of(me)) == ("waiting", 0)
    back = await waits(mall, BEA, points(me.id, 60_000, "bea"))
    with pytest.raises(NotAllowed):
        await approvals.approve(mall.deps, back, ADA, "反过来也不行")
    other = await waits(mall, CAT, points(me.id, 60_000, "cat"))
    assert await approvals.approve(mall.deps, other, BEA, "别人的可以") is None
    mall.clock.advance(timedelta(days=6, hours=23).total_seconds())
    with pytest.raises(NotAllowed):
        await approvals.approve(mall.deps, asked, BEA, "还是不行")
    again = await waits(mall, ADA, points(me.id, 60_000, "b"))
    mall.clock.advance(2 * 3_600)
    assert await approvals.approve(mall.deps, again, BEA, "一周以后") is None


async def test_a_lone_owner_is_not_limited_by_the_account_that_it_has_just_made(mall: Mall) -> None:
    await employ(mall, ADA)
    await operator_accounts.create(mall.deps, "sam", Role.SERVICE, "ada")
    me = await shopper(mall)
    assert await approvals.submit(mall.deps, ADA, points(me.id, 60_000))
    mall.clock.advance(timedelta(days=8).total_seconds())
    await waits(mall, ADA, points(me.id, 60_000, "b"))


@pytest.mark.parametrize("way", ["disable", "role"])
async def test_who_removes_the_second_operator_stays_limited_for_a_week(mall: Mall, way: str) -> None:
    await employ(mall, ADA, SAM)
    sam, me = await operator_accounts.named("sam"), await shopper(mall)
    if way == "disable":
        await operator_accounts.disable(mall.deps, sam, "离职", "ada")
    else:
        await operator_accounts.set_role(mall.deps, sam, Role.AUDITOR, "换岗", "ada")
    await waits(mall, ADA, points(me.id, 60_000))
    mall.clock.advance(timedelta(days=8).total_seconds())
    assert await approvals.submit(mall.deps, ADA, points(me.id, 60_000))
