"""Withdrawals against everything else that moves the same money: each fen is spent only once."""

import asyncio

from server import db
from server.services.orders import refunds
from server.services.rebates import releases, reversals
from server.services.withdrawals import requests as withdrawal_requests
from server.services.withdrawals import transfers
from tests.races.arena import keyed, outcomes
from tests.support.circle import circle
from tests.support.locks import held, waiting
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.purse import ask, earn, rich, send, set_policy, state_of
from tests.support.shop import Shopper, publish, run_jobs, work

ROUNDS = 6


async def test_two_withdrawals_of_the_same_money(mall: Mall) -> None:
    anna = await rich(mall)
    calls = (withdrawal_requests.request(mall.deps, anna.id, 6_000, None, keyed()) for _ in range(4))
    found = await outcomes(*calls)
    assert sorted(str(one) for one in found if isinstance(one, str)) == ["balance_insufficient"] * 3
    wallet = await anna.wallet()
    assert (wallet["withdrawable_fen"], wallet["in_flight_fen"]) == (4_000, 6_000)
    await proved(mall)


async def test_two_withdrawals_share_the_limit_of_a_day(mall: Mall) -> None:
    """Both requests run before either is committed: the second waits for the first and sees its amount."""
    await set_policy(mall, withdrawal_day_fen=3_000)
    anna = await rich(mall)
    async with held("LOCK TABLE withdrawals IN SHARE MODE"):
        calls = (withdrawal_requests.request(mall.deps, anna.id, 2_000, None, keyed()) for _ in range(2))
        both = asyncio.gather(outcomes(*calls))
        await waiting(2)
    ((first, second),) = await both
    assert "withdrawal_limit" in (first, second)
    assert (await anna.wallet())["in_flight_fen"] == 2_000
    await proved(mall)


async def test_one_key_asks_once(mall: Mall) -> None:
    anna = await rich(mall)
    calls = (withdrawal_requests.request(mall.deps, anna.id, 2_000, None, keyed("one")) for _ in range(4))
    assert len(set(await outcomes(*calls))) == 1
    assert (await anna.wallet())["in_flight_fen"] == 2_000


async def test_a_withdrawal_against_a_claw_back(mall: Mall) -> None:
    """Money in flight cannot be clawed back: it becomes a debt, which is paid when the withdrawal comes back."""
    await publish(mall, observe_days=0, withdrawable=True)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    qualification = await db.fetch_value("SELECT min(id) FROM qualifications WHERE state = 'consumed'")

    async def claw_back() -> str:
        async with db.transaction() as tx:
            await tx.execute("SELECT 1 FROM members WHERE id = $1 FOR NO KEY UPDATE", a.me.id)
            await reversals.lose(tx, qualification, "review", mall.clock.now())
        return "taken"

    asked = withdrawal_requests.request(mall.deps, a.me.id, 10_000, None, keyed())
    found = await outcomes(asked, claw_back())
    wallet = await a.me.wallet()
    if found[0] == "balance_insufficient":
        assert (wallet["in_flight_fen"], wallet["debt_fen"]) == (0, 0)
    else:
        assert (wallet["in_flight_fen"], wallet["debt_fen"]) == (10_000, 10_000)
        no = await db.fetch_value("SELECT withdrawal_no FROM withdrawals")
        await withdrawal_requests.reject(mall.deps, no, "tester", "资料不符")
        wallet = await a.me.wallet()
        assert (wallet["withdrawable_fen"], wallet["debt_fen"]) == (0, 0)


async def test_approved_and_rejected_by_many_at_once(mall: Mall) -> None:
    anna = await rich(mall)
    for _ in range(ROUNDS):
        no = await ask(anna, 100)
        approvals = [withdrawal_requests.approve(mall.deps, no, f"operator {n}") for n in range(3)]
        found = await outcomes(*approvals, withdrawal_requests.reject(mall.deps, no, "tester", "资料不符"))
        assert sum(isinstance(one, str) for one in found) == 3
        assert await state_of(anna, no) in ("approved", "rejected")
        await db.fetch("UPDATE withdrawals SET requested_at = requested_at - interval '2 days' RETURNING id")
    await proved(mall)


async def test_a_notice_against_a_query(mall: Mall) -> None:
    anna = await rich(mall)
    no = await send(mall, anna)
    await mall.control("knobs", drop={"op": "transfer_notify"})
    await mall.http.post(f"/sandbox/transfers/{no}/confirm")
    said = await mall.deps.pay.query_transfer(no)
    assert said is not None
    mall.clock.advance(61)
    await asyncio.gather(
        *(transfers.apply(mall.deps, said) for _ in range(3)),
        *(transfers.ask_due(mall.deps) for _ in range(2)),
    )
    assert await state_of(anna, no) == "paid"
    assert await db.fetch_value("SELECT count(*) FROM ledger_entries WHERE kind = 'withdrawal_paid'") == 1
    await proved(mall)


async def test_called_off_while_it_is_sent(mall: Mall) -> None:
    """The transfer is never sent, or it is sent and cancelled; either way the money is back in the end."""
    anna = await rich(mall)
    for _ in range(ROUNDS):
        no = await ask(anna, 10_000)
        await withdrawal_requests.approve(mall.deps, no, "tester")
        await outcomes(
            transfers.send(mall.deps, no),
            withdrawal_requests.cancel(mall.deps, anna.id, no),
            transfers.send(mall.deps, no),
        )
        while await state_of(anna, no) != "cancelled":
            await run_jobs(mall)
            mall.clock.advance(130)
            await work(mall)
        assert (await anna.wallet())["withdrawable_fen"] == 10_000
        await db.fetch("UPDATE withdrawals SET requested_at = requested_at - interval '2 days' RETURNING id")
    await proved(mall)


async def requested(mall: Mall, amount_fen: int = 6_000) -> tuple[Shopper, str]:
    """Make a withdrawal that needs two operators."""
    await set_policy(mall, withdrawal_second_from_fen=5_000)
    anna = await rich(mall)
    return anna, await ask(anna, amount_fen)


async def test_one_operator_approves_twice_at_once(mall: Mall) -> None:
    """One operator cannot be both approvers, not even with two requests at the same moment."""
    anna, no = await requested(mall)
    found = await outcomes(*(withdrawal_requests.approve(mall.deps, no, "boss") for _ in range(4)))
    assert [one for one in found if isinstance(one, str)] == ["not_allowed"] * 3
    assert await state_of(anna, no) == "requested"
    found = await outcomes(*(withdrawal_requests.approve(mall.deps, no, "vice") for _ in range(3)))
    assert [one for one in found if isinstance(one, str)] == ["state_conflict"] * 2
    row = await db.fetch_row("SELECT state, approved_by, second_by FROM withdrawals")
    assert row is not None
    assert tuple(row) == ("approved", "boss", "vice")
    assert await db.fetch_value("SELECT count(*) FROM outbox WHERE job = 'send_withdrawal'") == 1
    await proved(mall)


async def test_two_operators_approve_and_the_member_calls_it_off(mall: Mall) -> None:
    anna = await rich(mall)
    await set_policy(mall, withdrawal_second_from_fen=5_000)
    for _ in range(ROUNDS):
        no = await ask(anna, 6_000)
        await outcomes(
            withdrawal_requests.approve(mall.deps, no, "boss"),
            withdrawal_requests.cancel(mall.deps, anna.id, no),
            withdrawal_requests.approve(mall.deps, no, "vice"),
        )
        assert await state_of(anna, no) == "cancelled"
        assert (await anna.wallet())["withdrawable_fen"] == 10_000
        await db.fetch("UPDATE withdrawals SET requested_at = requested_at - interval '2 days' RETURNING id")
    await proved(mall)


async def test_a_withdrawal_against_a_release(mall: Mall) -> None:
    """Money arrives while another part is withdrawn: neither transaction overwrites the other."""
    await publish(mall, observe_days=0, withdrawable=True)
    a = await circle(mall)
    await a.bring(3)
    await a.me.receive(a.own)
    for friend in a.friends:
        await friend.receive()
    await run_jobs(mall)
    await earn(mall, a.me.id, 5_000)
    found = await outcomes(
        releases.release_due(mall.deps),
        withdrawal_requests.request(mall.deps, a.me.id, 5_000, None, keyed()),
        releases.release_due(mall.deps),
        withdrawal_requests.request(mall.deps, a.me.id, 5_000, None, keyed()),
    )
    wallet = await a.me.wallet()
    gone = 5_000 * sum(isinstance(one, bytes) for one in found)
    assert gone >= 5_000
    assert (wallet["withdrawable_fen"], wallet["in_flight_fen"], wallet["frozen_fen"]) == (15_000 - gone, gone, 0)


async def test_confirmed_while_it_is_called_off(mall: Mall) -> None:
    """Only WeChat decides which came first; the mall ends in the same state."""
    anna = await rich(mall)
    for _ in range(ROUNDS):
        no = await send(mall, anna, 1_000)
        await outcomes(
            mall.http.post(f"/sandbox/transfers/{no}/confirm"),
            withdrawal_requests.cancel(mall.deps, anna.id, no),
            transfers.call_off(mall.deps, no),
        )
        while await state_of(anna, no) not in ("paid", "cancelled"):
            await run_jobs(mall)
            mall.clock.advance(130)
            await work(mall)
        said = await mall.deps.pay.query_transfer(no)
        assert said is not None
        assert {"SUCCESS": "paid", "CANCELLED": "cancelled"}[said.state] == await state_of(anna, no)
        await db.fetch("UPDATE withdrawals SET requested_at = requested_at - interval '2 days' RETURNING id")
    await proved(mall)


async def test_the_rebate_of_a_refunded_order_against_its_withdrawal(mall: Mall) -> None:
    """In either order, the member never has both the refund and the rebate."""
    await publish(mall, observe_days=0, withdrawable=True)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    opened = await refunds.open_for(mall.deps, a.own, None, "售后", "tester")
    found = await outcomes(
        withdrawal_requests.request(mall.deps, a.me.id, 10_000, None, keyed()),
        refunds.approve(mall.deps, opened.refund_no, "tester"),
        refunds.approve(mall.deps, opened.refund_no, "vice"),
    )
    assert sorted(str(one) for one in found[1:] if isinstance(one, str)) == ["state_conflict"]
    wallet = await a.me.wallet()
    refund = await db.fetch_row("SELECT cash_fen, withheld_fen FROM refunds")
    assert refund is not None
    withdrawn = wallet["in_flight_fen"]
    assert (wallet["withdrawable_fen"], wallet["debt_fen"]) == (0, 0)
    assert (withdrawn, *refund) in ((10_000, 0, 10_000), (0, 10_000, 0))
    await work(mall)
    await proved(mall)
