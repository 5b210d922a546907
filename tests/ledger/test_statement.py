"""What a member reads: a wallet, and entries newest first with a balance that runs along."""

from datetime import UTC, datetime, timedelta

from server import db
from server.ledger import book, entries, statement
from server.ledger.chart import SPEND_ONLY, WITHDRAWABLE
from server.ledger.entries import Debt, Entry, Taken
from tests.ledger.members import make_members

START = datetime(2026, 10, 30, tzinfo=UTC)


async def live(member: int) -> list[Entry]:
    """A rebate that comes, is spent, and is taken back; one entry a day."""
    steps = [
        entries.rebate_stage(1, 3, 1, member, 1_000),
        entries.rebate_stage(2, 3, 2, member, 400),
        entries.rebate_release(1, 1, member, 1_000, SPEND_ONLY, ()),
        entries.order_hold("T1", member, 700, 0),
        entries.order_paid("T1", 100, 700),
        entries.rebate_take_back("back:1", 1, member, "收回", Taken(0, 300, 0, 700)),
        entries.rebate_release(2, 2, member, 400, WITHDRAWABLE, (Debt("rebate:1", 700),)),
        entries.coupon_take_back("back:2", 3, member, "收回", 50),
        entries.refund(
            "R1", "T1", member, entries.RefundSums(100, 0, 700, 0), (Debt("rebate:1", 300), Debt("rebate:3", 50))
        ),
    ]
    for day, step in enumerate(steps):
        async with db.transaction() as tx:
            await book.post(tx, step, START + timedelta(days=day))
    return steps


async def test_a_wallet_has_every_source_and_the_oldest_debt_first(database: str) -> None:
    member, nobody = await make_members(2)
    await live(member)
    async with db.connection() as connection:
        wallet = await statement.wallet(connection, member)
        assert (wallet.spend_only_fen, wallet.withdrawable_fen, wallet.frozen_fen, wallet.debts) == (350, 0, {}, ())
        empty = await statement.wallet(connection, nobody)
        assert (empty.spend_only_fen, empty.withdrawable_fen, empty.frozen_fen, empty.debts) == (0, 0, {}, ())
    assert await statement.balances(member) == {"frozen": 0, "spend_only": 350, "debt": 0}
    assert await statement.balances(nobody) == {}


async def test_debts_stand_in_the_order_in_which_they_arose(database: str) -> None:
    (member,) = await make_members(1)
    for n in (5, 3, 4):
        async with db.transaction() as tx:
            await book.post(tx, entries.coupon_take_back(f"back:{n}", n, member, "收回", n), START)
    async with db.connection() as connection:
        owed = (await statement.wallet(connection, member)).debts
    assert owed == (Debt("rebate:5", 5), Debt("rebate:3", 3), Debt("rebate:4", 4))


async def test_the_balance_runs_along(database: str) -> None:
    (member,) = await make_members(1)
    await live(member)
    lines = await statement.statement(member, before_entry=None, limit=100)
    assert [line.kind for line in lines] == [
        "refund",
        "coupon_take_back",
        "rebate_release",
        "rebate_take_back",
        "order_hold",
        "rebate_release",
        "rebate_stage",
        "rebate_stage",
    ]
    assert [line.available_after_fen for line in lines] == [350, 0, 0, 0, 300, 1_000, 0, 0]
    assert [line.available_delta_fen for line in lines] == [350, 0, 0, -300, -700, 1_000, 0, 0]
    assert [line.frozen_delta_fen for line in lines] == [0, 0, -400, 0, 0, -1_000, 400, 1_000]
    assert [line.debt_delta_fen for line in lines] == [-350, 50, -400, 700, 0, 0, 0, 0]
    running = 0
    for line in reversed(lines):
        running += line.available_delta_fen
        assert line.available_after_fen == running
    assert (lines[0].label, lines[0].why, lines[0].link) == ("订单退款", "订单 T1 退款", "order:T1")


async def test_pages_join_without_gap_or_overlap(database: str) -> None:
    member, other = await make_members(2)
    await live(member)
    async with db.transaction() as tx:
        await book.post(tx, entries.rebate_stage(9, 1, 9, other, 1), START)
    everything = await statement.statement(member, before_entry=None, limit=100)
    paged: list[statement.StatementLine] = []
    while page := await statement.statement(member, before_entry=paged[-1].entry_id if paged else None, limit=3):
        assert len(page) <= 3
        paged += page
    assert paged == everything


async def test_a_kind_and_a_month(database: str) -> None:
    (member,) = await make_members(1)
    await live(member)
    found = await statement.statement(member, before_entry=None, limit=9, kind="rebate_release")
    assert [line.available_delta_fen for line in found] == [0, 1_000]
    since, until = START, START + timedelta(days=2)
    october = await statement.statement(member, before_entry=None, limit=9, since=since, until=until)
    assert [line.time for line in october] == [START + timedelta(days=1), START]
    later = await statement.statement(member, before_entry=None, limit=9, since=until)
    assert len(later) == 6


async def test_the_shop_has_no_statement(database: str) -> None:
    (member,) = await make_members(1)
    await live(member)
    assert await statement.statement(0, before_entry=None, limit=9) == []
