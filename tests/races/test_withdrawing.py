"""Withdrawals at once with whatever else moves the same money: each fen goes one way only."""

import asyncio

from server import db
from server.services import reversals, withdrawal_transfers, withdrawals
from tests.races.arena import keyed, outcomes
from tests.support.circle import circle
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.purse import ask, rich, send, state_of
from tests.support.shop import publish, run_jobs, work

ROUNDS = 6


async def test_two_withdrawals_of_the_same_money(mall: Mall) -> None:
    anna = await rich(mall)
    calls = (withdrawals.request(mall.deps, anna.id, 6_000, None, keyed()) for _ in range(4))
    found = await outcomes(*calls)
    assert sorted(str(one) for one in found if isinstance(one, str)) == ["balance_insufficient"] * 3
    wallet = await anna.wallet()
    assert (wallet["withdrawable_fen"], wallet["in_flight_fen"]) == (4_000, 6_000)
    await proved(mall)


async def test_one_key_asks_once(mall: Mall) -> None:
    anna = await rich(mall)
    calls = (withdrawals.request(mall.deps, anna.id, 2_000, None, keyed("one")) for _ in range(4))
    assert len(set(await outcomes(*calls))) == 1
    assert (await anna.wallet())["in_flight_fen"] == 2_000


async def test_a_withdrawal_against_a_claw_back(mall: Mall) -> None:
    """What is in flight cannot be taken back: it becomes debt, and is paid when the withdrawal comes back."""
    await publish(mall, observe_days=0, withdrawable=True)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    rebate = (await a.rebate())["id"]

    async def claw_back() -> str:
        async with db.transaction() as tx:
            await tx.execute("SELECT 1 FROM members WHERE id = $1 FOR NO KEY UPDATE", a.me.id)
            await reversals.reverse(tx, rebate, "review", mall.clock.now(), debt=True)
        return "taken"

    asked = withdrawals.request(mall.deps, a.me.id, 10_000, None, keyed())
    found = await outcomes(asked, claw_back())
    wallet = await a.me.wallet()
    if found[0] == "balance_insufficient":
        assert (wallet["in_flight_fen"], wallet["debt_fen"]) == (0, 0)
    else:
        assert (wallet["in_flight_fen"], wallet["debt_fen"]) == (10_000, 10_000)
        no = await db.fetch_value("SELECT withdrawal_no FROM withdrawals")
        await withdrawals.reject(mall.deps, no, "tester", "资料不符")
        wallet = await a.me.wallet()
        assert (wallet["withdrawable_fen"], wallet["debt_fen"]) == (0, 0)


async def test_approved_and_rejected_by_many_at_once(mall: Mall) -> None:
    anna = await rich(mall)
    for _ in range(ROUNDS):
        no = await ask(anna, 100)
        approvals = [withdrawals.approve(mall.deps, no, f"operator {n}") for n in range(3)]
        found = await outcomes(*approvals, withdrawals.reject(mall.deps, no, "tester", "资料不符"))
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
        *(withdrawal_transfers.apply(mall.deps, said) for _ in range(3)),
        *(withdrawal_transfers.ask_due(mall.deps) for _ in range(2)),
    )
    assert await state_of(anna, no) == "paid"
    assert await db.fetch_value("SELECT count(*) FROM ledger_entries WHERE kind = 'withdrawal_paid'") == 1
    await proved(mall)


async def test_called_off_while_it_is_sent(mall: Mall) -> None:
    """Either it never goes out, or it went out and is called back; the money is there again in the end."""
    anna = await rich(mall)
    for _ in range(ROUNDS):
        no = await ask(anna, 10_000)
        await withdrawals.approve(mall.deps, no, "tester")
        await outcomes(
            withdrawal_transfers.send(mall.deps, no),
            withdrawals.cancel(mall.deps, anna.id, no),
            withdrawal_transfers.send(mall.deps, no),
        )
        while await state_of(anna, no) != "cancelled":
            await run_jobs(mall)
            mall.clock.advance(130)
            await work(mall)
        assert (await anna.wallet())["withdrawable_fen"] == 10_000
        await db.fetch("UPDATE withdrawals SET requested_at = requested_at - interval '2 days' RETURNING id")
    await proved(mall)
