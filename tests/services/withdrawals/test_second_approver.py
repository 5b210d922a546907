"""The second approval of a large withdrawal waits in the operators' queue. It is decided there or on its own page."""

from datetime import timedelta
from typing import Any

import pytest

from server import db
from server.core.errors import NotAllowed, StateConflict
from server.rules.approvals import ApprovalState, WithdrawalApprove
from server.rules.operators import Role
from server.services.common.approvals import Awaiting
from server.services.desk import approvals
from server.services.operators import accounts as operator_accounts
from server.services.withdrawals import requests as withdrawal_requests
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.purse import ask, rich, set_policy, state_of
from tests.support.shop import Shopper
from tests.support.staff import ADA, BEA, FIN, SAM, employ, state, waits


async def half_approved(mall: Mall) -> tuple[Shopper, str, int]:
    """Make a withdrawal that `fin` has approved; return its member, its number and its approval."""
    await employ(mall, ADA, FIN, SAM)
    await set_policy(mall, withdrawal_second_from_fen=4_000)
    me = await rich(mall)
    no = await ask(me, 5_000)
    return me, no, await waits(mall, FIN, WithdrawalApprove(withdrawal_no=no, reason="来源清楚"))


async def row() -> tuple[Any, ...]:
    found = await db.fetch_row("SELECT state, approved_by, second_by FROM withdrawals")
    assert found is not None
    return tuple(found)


async def test_a_second_operator_approves_it_in_the_queue(mall: Mall) -> None:
    me, no, asked = await half_approved(mall)
    measured = await db.fetch_row("SELECT kind, subject, weight, allowed, asked_by, role FROM approvals")
    assert measured is not None
    assert tuple(measured) == ("withdrawal_approve", f"withdrawal:{no}", 5_000, 4_000, "fin", "finance")
    for somebody in (FIN, SAM):
        with pytest.raises(NotAllowed):
            await approvals.approve(mall.deps, asked, somebody, "同意")
    assert await approvals.approve(mall.deps, asked, ADA, "复核无误") is None
    assert await row() == ("approved", "fin", "ada")
    assert await state(asked) == "approved"
    assert await state_of(me, no) == "approved"
    assert await db.fetch_value("SELECT count(*) FROM outbox WHERE job = 'send_withdrawal'") == 1


async def test_the_withdrawals_page_ends_its_approval_too(mall: Mall) -> None:
    _, no, asked = await half_approved(mall)
    await withdrawal_requests.approve(mall.deps, no, "ada", "复核")
    assert (await row(), await state(asked)) == (("approved", "fin", "ada"), "approved")
    with pytest.raises(StateConflict):
        await approvals.approve(mall.deps, asked, ADA, "再来")


@pytest.mark.parametrize("where", ["queue", "page"])
async def test_a_rejection_gives_the_money_back(mall: Mall, where: str) -> None:
    me, no, asked = await half_approved(mall)
    if where == "queue":
        await approvals.reject(mall.deps, asked, ADA, "资料不符")
    else:
        await withdrawal_requests.reject(mall.deps, no, "ada", "资料不符")
    assert await state(asked) == "rejected"
    assert (await me.get(f"/withdrawals/{no}"))["why"] == "资料不符"
    assert (await me.wallet())["withdrawable_fen"] == 10_000
    await proved(mall)


@pytest.mark.parametrize("how", ["cancelled", "expired"])
async def test_without_a_second_approval_it_waits_for_a_first_again(mall: Mall, how: str) -> None:
    _, no, asked = await half_approved(mall)
    if how == "cancelled":
        await approvals.cancel(mall.deps, asked, "fin", "看错了")
    else:
        mall.clock.advance(timedelta(days=8).total_seconds())
        assert await approvals.expire_due(mall.deps) == 1
    assert (await row(), await state(asked)) == (("requested", None, None), how)
    again = await waits(mall, FIN, WithdrawalApprove(withdrawal_no=no, reason="再看"))
    assert again != asked
    with pytest.raises(StateConflict):
        await approvals.cancel(mall.deps, asked, "fin", "再来")


async def test_the_member_calls_it_off(mall: Mall) -> None:
    me, no, asked = await half_approved(mall)
    await me.post(f"/withdrawals/{no}/cancel")
    found = await db.fetch_row("SELECT state, decided_by, why FROM approvals")
    assert found is not None
    assert tuple(found) == ("failed", "system", "已取消提现")
    with pytest.raises(StateConflict):
        await withdrawal_requests.take_back_approval(mall.deps, no, ApprovalState.CANCELLED, "fin", "晚了")
    with pytest.raises(StateConflict):
        await approvals.approve(mall.deps, asked, ADA, "晚了")


async def test_a_first_approval_that_was_taken_back_makes_the_second_the_first(
    mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, asked = await half_approved(mall)
    approve = withdrawal_requests.approve

    async def after_taking_back(*args: Any) -> Any:
        monkeypatch.setattr(withdrawal_requests, "approve", approve)
        await approvals.cancel(mall.deps, asked, "fin", "看错了")
        return await approve(*args)

    monkeypatch.setattr(withdrawal_requests, "approve", after_taking_back)
    with pytest.raises(Awaiting) as waiting:
        await approvals.approve(mall.deps, asked, ADA, "同意")
    assert waiting.value.approval_id != asked
    assert await row() == ("requested", "ada", None)


async def test_without_a_first_approval_nothing_waits(mall: Mall) -> None:
    no = await ask(await rich(mall), 5_000)
    await withdrawal_requests.reject(mall.deps, no, "ada", "资料不符")
    assert await db.fetch_value("SELECT count(*) FROM approvals") == 0


async def test_an_account_that_the_first_operator_has_just_made_is_no_second_one(mall: Mall) -> None:
    _, no, asked = await half_approved(mall)
    await operator_accounts.create(mall.deps, "bea", Role.OWNER, "fin")
    for approves in (
        lambda: approvals.approve(mall.deps, asked, BEA, "同意"),
        lambda: withdrawal_requests.approve(mall.deps, no, "bea", "同意"),
    ):
        with pytest.raises(NotAllowed):
            await approves()
    assert await row() == ("requested", "fin", None)
