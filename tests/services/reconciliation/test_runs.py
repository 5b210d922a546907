"""Planted differences are found, and nothing else, on days that were made in the sandbox."""

import asyncio
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from server import db
from server.core.clock import shanghai_day
from server.core.errors import BillNotReady, NotFound
from server.db import Connection
from server.gateways.ports import TransferRequest
from server.ledger import book
from server.ledger.chart import WECHAT_CASH, WITHDRAWAL_FEE
from server.ledger.entries import Entry, Line
from server.rules.bills import Bill
from server.services.orders import refunds
from server.services.reconciliation import runs as reconciliation_runs
from server.services.reconciliation.matching import Sums
from server.services.reconciliation.runs import Run, Side
from tests.support.bills import AMOUNT_FEN, alter, forget, our_payments, their_payments, to_hour
from tests.support.mall import Mall
from tests.support.shop import DAY_S, Shopper, join, make_sku, run_jobs, until, work


@pytest.fixture
async def noon(mall: Mall) -> date:
    """Return the day of the test, which starts at noon."""
    return shanghai_day(to_hour(mall, 12))


async def reconciled(mall: Mall, day: date) -> Run:
    return await reconciliation_runs.run(mall.deps, day, "tester")


async def found(run: Run) -> list[tuple[str, str, str]]:
    return [(one.bill, one.kind, one.subject) for one in await reconciliation_runs.differences(run.id)]


async def transaction_of(order_no: str) -> str:
    found: str = await db.fetch_value("SELECT transaction_id FROM orders WHERE order_no = $1", order_no)
    return found


async def refunded(mall: Mall, buyer: Shopper, sku: int) -> str:
    """Make a whole refund and wait for its end; return its number."""
    order_no = await buyer.buy(sku)
    asked = await buyer.refund(order_no)
    await work(mall)
    mall.clock.advance(5)
    await mall.deps.pay.query_refund(asked["refund_no"])
    done = "SELECT 1 FROM refunds WHERE refund_no = $1 AND state = 'succeeded'"
    await until(lambda: db.fetch_value(done, asked["refund_no"]))
    return str(asked["refund_no"])


async def transfer(mall: Mall, number: str, openid: str, member_id: int, paid_at: datetime) -> str:
    """Make a withdrawal of 5 yuan that WeChat pays now and we book at `paid_at`; return WeChat's number of it."""
    request = TransferRequest(
        out_bill_no=number,
        openid=openid,
        amount_fen=500,
        remark="提现",
        scene_id="1005",
        reports={"岗位类型": "推广员", "报酬说明": "推荐好友返还"},
        real_name=None,
    )
    opened = await mall.deps.pay.transfer(request)
    await mall.control("transfer_confirm", out_bill_no=number)
    lines = (Line(0, WECHAT_CASH, 500), Line(0, WITHDRAWAL_FEE, -500))
    entry = Entry(f"withdrawal-paid:{number}", "withdrawal_paid", "", "", lines)
    async with db.transaction() as tx:
        await book.post(tx, entry, paid_at)
        await tx.execute(
            "INSERT INTO withdrawals (withdrawal_no, member_id, amount_fen, fee_fen, tax_fen, payout_fen, state,"
            " requested_at, finished_at, wechat_bill_no, checks)"
            " VALUES ($1, $2, 500, 0, 0, 500, 'paid', $3, $3, $4, 0)",
            number,
            member_id,
            paid_at,
            opened.transfer_bill_no,
        )
    return opened.transfer_bill_no


async def test_a_day_of_every_movement_agrees(mall: Mall, noon: date) -> None:
    buyer, sku = await join(mall), await make_sku(10_000)
    await buyer.buy(sku)
    await refunded(mall, buyer, sku)
    stray = await buyer.buy(sku)
    await mall.control("knobs", second_payment=1)
    await mall.control("pay", out_trade_no=stray)
    await until(lambda: db.fetch_value("SELECT 1 FROM payments WHERE outcome = 'twice'"))
    await work(mall)
    await transfer(mall, "W1", buyer.openid, buyer.id, mall.clock.now())
    told = list[tuple[Bill, int]]()
    run = await reconciliation_runs.run(mall.deps, noon, "tester", lambda bill, lines: told.append((bill, lines)))
    assert (await found(run), run.state, run.differences, run.problem) == ([], "clean", 0, None)
    assert run.sums.trade == Sums(ours_lines=4, ours_fen=40_000, theirs_lines=4, theirs_fen=40_000)
    assert run.sums.refund == Sums(ours_lines=2, ours_fen=20_000, theirs_lines=2, theirs_fen=20_000)
    moved_fen = 40_000 - 2 * (10_000 - 60) - 500
    assert run.sums.fund == Sums(ours_lines=7, ours_fen=moved_fen, theirs_lines=7, theirs_fen=moved_fen)
    assert run.sums.aside == {"扣除交易手续费": -4 * 60}
    assert {bill: sum(lines for one, lines in told if one is bill) for bill in Bill} == {
        Bill.TRADE: 8,
        Bill.REFUND: 4,
        Bill.FUND: 14,
    }
    assert await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'reconciliation'") == 0


async def test_a_day_without_movement_agrees(mall: Mall, noon: date) -> None:
    run = await reconciled(mall, noon)
    assert (run.state, run.sums.trade.theirs_lines) == ("clean", 0)
    assert await reconciliation_runs.find(run.id) == run
    assert await reconciliation_runs.newest() == [run]
    with pytest.raises(NotFound):
        await reconciliation_runs.find(run.id + 1)


async def test_a_payment_that_we_never_saw(mall: Mall, noon: date) -> None:
    buyer, sku = await join(mall), await make_sku(10_000)
    await buyer.buy(sku)
    await until(lambda: db.fetch_value("SELECT 1 FROM payments"))
    await mall.control("knobs", drop={"op": "pay_notify"})
    unseen = await buyer.buy(sku)
    said = await mall.deps.pay.query(unseen)
    assert said is not None
    run = await reconciled(mall, noon)
    assert await found(run) == [
        ("trade", "theirs_only", said.transaction_id),
        ("fund", "theirs_only", said.transaction_id),
    ]
    first, second = await reconciliation_runs.differences(run.id)
    assert (first.ours, first.theirs) == (None, Side(10_000, "SUCCESS", unseen))
    assert await reconciliation_runs.differences(run.id, after=first.id) == [second]
    [alarm] = await db.fetch("SELECT subject, detail FROM alarms WHERE kind = 'reconciliation'")
    assert (alarm["subject"], "2 处差异" in alarm["detail"]) == (f"day:{noon}", True)


async def test_the_newest_run_of_a_day_counts(mall: Mall, noon: date) -> None:
    buyer, sku = await join(mall), await make_sku(10_000)
    await mall.control("knobs", drop={"op": "pay_notify"})
    await buyer.buy(sku)
    first = await reconciled(mall, noon)
    mall.clock.advance(60)
    await work(mall)  # the silent payment is asked about
    second = await reconciled(mall, noon)
    assert [first.state, second.state] == ["differences", "clean"]
    assert await reconciliation_runs.newest() == [second]
    assert await reconciliation_runs.newest(before=noon) == []
    assert await reconciliation_runs.find(first.id) == first
    actions = await db.fetch("SELECT actor FROM audit_log WHERE action = 'reconcile'")
    assert [row["actor"] for row in actions] == ["tester", "tester"]


async def test_a_payment_that_they_never_saw_and_amounts_that_differ(
    mall: Mall, owner: Connection, noon: date, tmp_path: Path
) -> None:
    buyer, sku = await join(mall), await make_sku(10_000)
    lost, ours, theirs = [await buyer.buy(sku) for _ in range(3)]
    await until(lambda: db.fetch_value("SELECT count(*) = 3 FROM payments"))
    forget(mall.folder, "transaction", await transaction_of(lost))
    await owner.execute("UPDATE payments SET amount_fen = 9999 WHERE transaction_id = $1", await transaction_of(ours))
    changed = {
        "appid": mall.deps.appid,
        "mchid": mall.deps.mchid,
        "amount": {"total": 12_000},
        "payer": {"openid": "o"},
    }
    alter(mall.folder, "transaction", await transaction_of(theirs), params={**changed, "description": "茶"})
    assert sorted(await found(await reconciled(mall, noon))) == sorted(
        [
            ("trade", "ours_only", await transaction_of(lost)),
            ("fund", "ours_only", await transaction_of(lost)),
            ("trade", "amount", await transaction_of(ours)),  # the payment row is wrong, the ledger is right
            ("trade", "amount", await transaction_of(theirs)),
            ("fund", "amount", await transaction_of(theirs)),
        ]
    )


async def test_a_payment_of_another_order(mall: Mall, noon: date, tmp_path: Path) -> None:
    buyer, sku = await join(mall), await make_sku(10_000)
    order_no = await buyer.buy(sku)
    await until(lambda: db.fetch_value("SELECT 1 FROM payments"))
    alter(mall.folder, "transaction", await transaction_of(order_no), out_trade_no="OTHER1")
    assert await found(await reconciled(mall, noon)) == [("trade", "state", await transaction_of(order_no))]


async def test_refunds_that_differ(mall: Mall, noon: date, tmp_path: Path) -> None:
    buyer, sku = await join(mall), await make_sku(10_000)
    lost, state, amount, unknown = [await refunded(mall, buyer, sku) for _ in range(4)]
    forget(mall.folder, "refund", lost)
    async with db.transaction() as tx:
        await tx.execute("UPDATE refunds SET state = 'rejected' WHERE refund_no = $1", state)
        await tx.execute("UPDATE refunds SET refund_no = 'R0' WHERE refund_no = $1", unknown)
    alter(mall.folder, "refund", amount, params={"amount": {"refund": 7000, "total": 10_000, "currency": "CNY"}})
    ids = {row["refund_no"]: row["wechat_refund_id"] for row in await db.fetch("SELECT * FROM refunds")}
    assert sorted(await found(await reconciled(mall, noon))) == sorted(
        [
            ("refund", "ours_only", lost),
            ("refund", "state", state),
            ("refund", "amount", amount),
            ("fund", "amount", ids[amount]),
            ("refund", "ours_only", "R0"),
            ("refund", "theirs_only", unknown),
            ("fund", "amount", ids["R0"]),  # the ledger has no such refund
        ]
    )


async def test_a_refund_that_wechat_closed_moves_nothing(mall: Mall, noon: date) -> None:
    buyer, sku = await join(mall), await make_sku(10_000)
    await mall.control("knobs", refund_outcome="CLOSED")
    asked = await buyer.refund(await buyer.buy(sku))
    await work(mall)
    mall.clock.advance(5)
    await mall.deps.pay.query_refund(asked["refund_no"])
    await until(lambda: db.fetch_value("SELECT 1 FROM refunds WHERE state = 'abnormal'"))
    assert await found(await reconciled(mall, noon)) == []


async def test_a_transfer_that_differs(mall: Mall, owner: Connection, noon: date, tmp_path: Path) -> None:
    buyer = await join(mall)
    for number in ("W1", "W2", "W3"):
        await transfer(mall, number, buyer.openid, buyer.id, mall.clock.now())
    forget(mall.folder, "transfer", "W1")
    await owner.execute("UPDATE withdrawals SET state = 'confirming' WHERE withdrawal_no = 'W2'")
    await owner.execute("DELETE FROM withdrawals WHERE withdrawal_no = 'W3'")
    run = await reconciled(mall, noon)
    differences = await reconciliation_runs.differences(run.id)
    assert sorted((one.kind, side.about) for one in differences if (side := one.ours or one.theirs)) == [
        ("ours_only", "W1"),
        ("state", "W2"),
        ("theirs_only", "W3"),
    ]


async def test_each_payment_belongs_to_wechats_day(mall: Mall) -> None:
    buyer, sku = await join(mall), await make_sku(10_000)
    for _ in range(2):
        await buyer.place(sku)
    to_hour(mall, 23, 59, 45)
    day = shanghai_day(mall.clock.now())
    before = await buyer.buy(sku)
    to_hour(mall, 0)
    after = await buyer.buy(sku)
    await until(lambda: db.fetch_value("SELECT count(*) = 2 FROM payments"))
    for which, order_no in ((day, before), (day + timedelta(days=1), after)):
        run = await reconciled(mall, which)
        assert (run.state, run.sums.trade.ours_lines) == ("clean", 1)
        assert (await db.fetch_value("SELECT paid_at FROM orders WHERE order_no = $1", order_no)) is not None


async def test_what_crosses_midnight_belongs_to_wechats_day(mall: Mall) -> None:
    buyer, sku = await join(mall), await make_sku(10_000)
    order_no = await buyer.buy(sku)
    await until(lambda: db.fetch_value("SELECT 1 FROM payments"))
    to_hour(mall, 23, 59, 45)
    day = shanghai_day(mall.clock.now())
    opened = await refunds.open_for(mall.deps, order_no, None, "售后", "tester")
    await refunds.approve(mall.deps, opened.refund_no, "tester")
    await transfer(mall, "W1", buyer.openid, buyer.id, mall.clock.now() + timedelta(minutes=30))
    to_hour(mall, 0, 5)
    await run_jobs(mall)  # WeChat is asked for the refund only now
    mall.clock.advance(5)
    await mall.deps.pay.query_refund(opened.refund_no)
    await until(lambda: db.fetch_value("SELECT 1 FROM refunds WHERE state = 'succeeded'"))
    runs = [await reconciled(mall, which) for which in (day, day + timedelta(days=1))]
    assert [await found(run) for run in runs] == [[], []]
    assert [run.sums.refund.ours_lines for run in runs] == [0, 1]
    assert [run.sums.fund.ours_fen for run in runs] == [9500, -9940]


async def test_a_refund_missing_at_wechat_is_found_once_also_when_it_cannot_be_asked(
    mall: Mall, tmp_path: Path
) -> None:
    buyer, sku = await join(mall), await make_sku(10_000)
    to_hour(mall, 23, 55)
    day = shanghai_day(mall.clock.now())
    lost = await refunded(mall, buyer, sku)
    forget(mall.folder, "refund", lost)
    await mall.control("knobs", rate_limited={"op": "refund_query"})
    assert await found(await reconciled(mall, day)) == [("refund", "ours_only", lost)]
    await mall.control("knobs", reset=True)
    to_hour(mall, 12)
    assert await found(await reconciled(mall, day)) == [("refund", "ours_only", lost)]
    assert await found(await reconciled(mall, day + timedelta(days=1))) == []


async def test_more_missing_than_can_be_asked_about(
    mall: Mall, noon: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer, sku = await join(mall), await make_sku(10_000)
    lost = [await refunded(mall, buyer, sku) for _ in range(2)]
    for number in lost:
        forget(mall.folder, "refund", number)
    monkeypatch.setattr(reconciliation_runs, "_ASKED_MOST", 1)
    assert {subject for _, _, subject in await found(await reconciled(mall, noon))} == set(lost)


async def test_no_bill_yet(mall: Mall, noon: date) -> None:
    await mall.control("knobs", bills_today=False)
    for day in (noon, noon + timedelta(days=1)):
        with pytest.raises(BillNotReady):
            await reconciled(mall, day)
    assert await reconciliation_runs.newest() == []


@pytest.mark.parametrize("knob", ["fail_500_after_commit", "bad_signature_after_commit", "rate_limited"])
async def test_a_run_that_cannot_be_made_is_kept_as_failed(mall: Mall, noon: date, knob: str) -> None:
    await (await join(mall)).buy(await make_sku(10_000))
    await mall.control("knobs", **{knob: {"count": 1, "op": "fund_bill"}})
    run = await reconciled(mall, noon)
    assert (run.state, run.differences) == ("failed", 0)
    assert (run.problem or "").startswith("OutcomeUnknown: ")
    assert await db.fetch_value("SELECT count(*) FROM alarms WHERE kind = 'reconciliation'") == 1
    again = await reconciled(mall, noon)
    assert (again.state, await reconciliation_runs.newest()) == ("clean", [again])


async def test_a_day_that_wechat_has_forgotten(mall: Mall, noon: date) -> None:
    run = await reconciled(mall, noon - timedelta(days=100))
    assert (run.state, (run.problem or "")[:30]) == ("failed", "WeChatError: INVALID_REQUEST: ")


async def test_an_interrupted_run_leaves_nothing_and_may_be_repeated(mall: Mall, noon: date) -> None:
    await (await join(mall)).buy(await make_sku(10_000))

    def pull_the_plug(bill: Bill, _lines: int) -> None:
        if bill is Bill.FUND:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await reconciliation_runs.run(mall.deps, noon, "tester", pull_the_plug)
    assert await reconciliation_runs.newest() == []
    assert (await reconciled(mall, noon)).state == "clean"


async def test_two_at_once(mall: Mall, noon: date) -> None:
    await (await join(mall)).buy(await make_sku(10_000))
    runs = await asyncio.gather(*(reconciled(mall, noon) for _ in range(2)))
    assert [run.state for run in runs] == ["clean", "clean"]
    assert len({run.id for run in runs}) == 2


async def test_ten_thousand_orders(mall: Mall, owner: Connection, noon: date, tmp_path: Path) -> None:
    """Among refunds and transfers that agree, one of each kind of difference is found, and nothing else."""
    buyer, sku = await join(mall), await make_sku(10_000)
    refund, closed, _ = [await refunded(mall, buyer, sku) for _ in range(3)]
    at = mall.clock.now()
    lost, unknown, _ = [await transfer(mall, number, buyer.openid, buyer.id, at) for number in ("W1", "W2", "W3")]
    await our_payments(mall, buyer.id, [n for n in range(1, 10_001) if n != 17], at)
    their_payments(mall, [n for n in range(1, 10_001) if n != 4711], at)
    await owner.execute("UPDATE payments SET amount_fen = amount_fen - 1 WHERE transaction_id = '429999'")
    await owner.execute("UPDATE refunds SET state = 'rejected' WHERE refund_no = $1", closed)
    await owner.execute("DELETE FROM withdrawals WHERE withdrawal_no = 'W2'")
    alter(mall.folder, "transaction", "4242", out_trade_no="M43")
    forget(mall.folder, "refund", refund)
    forget(mall.folder, "transfer", "W1")
    run = await reconciled(mall, noon)
    assert sorted(await found(run)) == sorted(
        [
            ("trade", "theirs_only", "4217"),
            ("fund", "theirs_only", "4217"),
            ("trade", "ours_only", "424711"),
            ("fund", "ours_only", "424711"),
            ("trade", "amount", "429999"),
            ("trade", "state", "4242"),
            ("refund", "ours_only", refund),
            ("refund", "state", closed),
            ("fund", "ours_only", lost),
            ("fund", "theirs_only", unknown),
        ]
    )
    assert run.sums.trade.theirs_fen == 9_999 * AMOUNT_FEN + 3 * 10_000


async def test_which_days_were_missed(mall: Mall, tmp_path: Path) -> None:
    morning = to_hour(mall, 10, 29)
    today = shanghai_day(morning)
    assert await reconciliation_runs.missed(morning) == []
    await our_payments(mall, 1, [1], morning)
    their_payments(mall, [1], morning)
    assert await reconciliation_runs.missed(morning + timedelta(days=1)) == []
    assert await reconciliation_runs.missed(morning + timedelta(days=1, minutes=1)) == [today]
    await reconciled(mall, today)  # the day has not ended yet, so this run proves nothing
    assert await reconciliation_runs.missed(morning + timedelta(days=1, minutes=1)) == [today]
    mall.clock.advance(DAY_S * 2)
    await mall.control("knobs", fail_500_after_commit={"count": 1, "op": "trade_bill"})
    assert (await reconciled(mall, today)).state == "failed"
    assert await reconciliation_runs.missed(mall.clock.now()) == [today]
    await reconciled(mall, today)
    later = morning + timedelta(days=100)
    assert await reconciliation_runs.missed(mall.clock.now() + timedelta(minutes=5)) == [today + timedelta(days=1)]
    days = await reconciliation_runs.missed(later)
    assert (len(days), days[-1]) == (30, shanghai_day(later) - timedelta(days=2))
