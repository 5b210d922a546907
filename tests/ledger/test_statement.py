"""What a member sees: the wallet, and the entries newest first with the balance after each."""

import itertools
from datetime import UTC, datetime, timedelta

import orjson

from server import db
from server.db import Connection
from server.ledger import book, entries, statement
from server.ledger.chart import SPEND_ONLY, WITHDRAWABLE
from server.ledger.entries import Debt, Entry, Held, Taken, Wallet
from tests.ledger.members import let_own, make_members

START = datetime(2026, 10, 30, tzinfo=UTC)


async def live(member: int) -> list[Entry]:
    """Post a rebate, spend it and take it back, one entry per day; return the entries."""
    owner = Wallet(0, 0, {}, (Debt("rebate:1", 300), Debt("rebate:2", 50)))
    await let_own(member, "rebate:1", "rebate:2", "order:T1")
    steps = [
        entries.rebate_stage(1, 3, 1, member, 1_000),
        entries.rebate_stage(2, 3, 2, member, 400),
        entries.rebate_release(1, 1, member, 1_000, SPEND_ONLY, ()),
        entries.order_hold("T1", member, 700, 0),
        entries.order_paid("T1", 100, 700),
        entries.rebate_take_back("back:1", 1, member, "收回", Taken(0, 300, 0, 700)),
        entries.rebate_release(2, 2, member, 400, WITHDRAWABLE, (Debt("rebate:1", 700),)),
        entries.rebate_take_back("back:2", 2, member, "收回", Taken(0, 0, 0, 50)),
        entries.refund("R1", "T1", member, entries.RefundSums(100, 0, Held(700, 0)), owner),
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
        await let_own(member, f"rebate:{n}")
        async with db.transaction() as tx:
            await book.post(tx, entries.rebate_stage(n, 1, n, member, n), START)
            await book.post(tx, entries.rebate_take_back(f"back:{n}", n, member, "收回", Taken(0, 0, 0, n)), START)
    async with db.connection() as connection:
        owed = (await statement.wallet(connection, member)).debts
    assert owed == (Debt("rebate:5", 5), Debt("rebate:3", 3), Debt("rebate:4", 4))


async def test_a_debt_that_was_paid_and_came_back_is_the_youngest(database: str) -> None:
    (member,) = await make_members(1)
    await let_own(member, "rebate:3", "rebate:5", "rebate:9")
    for granted in (3, 5):
        async with db.transaction() as tx:
            await book.post(tx, entries.rebate_stage(granted, 1, granted, member, 2 * granted), START)

    async def owe(rebate: int, turn: int) -> None:
        async with db.transaction() as tx:
            taken = Taken(0, 0, 0, rebate)
            await book.post(tx, entries.rebate_take_back(f"back:{rebate}:{turn}", rebate, member, "收回", taken), START)

    await owe(5, 1)
    await owe(3, 1)
    async with db.transaction() as tx:
        await book.post(tx, entries.rebate_stage(9, 1, 9, member, 5), START)
        debts = (await statement.wallet(tx, member)).debts
        await book.post(tx, entries.rebate_release(9, 9, member, 5, SPEND_ONLY, debts), START)
    await owe(5, 2)
    async with db.connection() as connection:
        assert (await statement.wallet(connection, member)).debts == (Debt("rebate:3", 3), Debt("rebate:5", 5))


async def test_the_balance_runs_along(database: str) -> None:
    (member,) = await make_members(1)
    await live(member)
    lines = await statement.statement(member, before_entry=None, limit=100)
    assert [line.kind for line in lines] == [
        "refund",
        "rebate_take_back",
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
    await let_own(other, "rebate:9")
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
    found = await statement.statement(member, before_entry=None, limit=9, kinds=["rebate_release"])
    assert [line.available_delta_fen for line in found] == [0, 1_000]
    october = await statement.statement(member, before_entry=None, limit=9, month=202610)
    assert [line.time for line in october] == [START + timedelta(days=1), START]
    later = await statement.statement(member, before_entry=None, limit=9, month=202611)
    assert len(later) == 6
    several = ["rebate_stage", "rebate_release", "refund", "unheard_of"]
    both = await statement.statement(member, before_entry=None, limit=9, kinds=several, month=202611)
    assert [line.kind for line in both] == ["refund", "rebate_release", "rebate_release"]
    assert await statement.statement(member, before_entry=None, limit=9, kinds=several, month=202512) == []


async def test_filtered_pages_join_too(database: str) -> None:
    (member,) = await make_members(1)
    await live(member)
    for filters in (
        {"kinds": ["rebate_stage", "order_hold"]},
        {"month": 202611},
        {"kinds": ["refund"], "month": 202611},
    ):
        everything = await statement.statement(member, before_entry=None, limit=100, **filters)
        paged: list[statement.StatementLine] = []
        while page := await statement.statement(
            member, before_entry=paged[-1].entry_id if paged else None, limit=1, **filters
        ):
            paged += page
        assert paged == everything != []


async def test_month_totals_are_the_sums_of_the_lines(database: str) -> None:
    member, nobody = await make_members(2)
    await live(member)
    totals = await statement.month_totals(member)
    assert totals == [
        statement.MonthTotal(202611, 6, in_fen=1_350, out_fen=1_000, frozen_delta_fen=-1_400, debt_delta_fen=0),
        statement.MonthTotal(202610, 2, in_fen=0, out_fen=0, frozen_delta_fen=1_400, debt_delta_fen=0),
    ]
    assert await statement.month_totals(nobody) == []
    assert await statement.month_totals(0) == []


MANY = """
WITH entry AS (
  INSERT INTO ledger_entries (key, kind, input_hash, why, link, effective_at, posted_at)
    SELECT 'many:' || n, CASE n WHEN 1 THEN 'order_hold' ELSE 'refund' END, '', '', '', $2, $2
      FROM generate_series(1, $3) n RETURNING id, kind)
INSERT INTO ledger_lines (entry_id, account_id, member_id, code, currency, amount, kind, month, available_after)
  SELECT e.id, 1, m.member_id, 'spend_only', 'CNY', 0, m.kind, m.month, 0 FROM entry e
  CROSS JOIN LATERAL (VALUES ($1::bigint, e.kind, 202611), (0, NULL, NULL)) m (member_id, kind, month)
"""


async def test_a_page_reads_no_more_than_it_shows(database: str, owner: Connection) -> None:
    """Among 20 000 entries only the first is of its kind. No filter makes a page read all others."""
    (member,) = await make_members(1)
    await live(member)
    await owner.execute(MANY, member, START + timedelta(days=20), 20_000)
    # the books only grow, but earlier tests were emptied: their dead rows swell the tables and indexes
    await owner.execute("VACUUM (FULL, ANALYZE) ledger_lines, ledger_entries")
    for kinds, month in (
        ("", 0),
        ("{order_hold}", 0),
        ("", 202610),
        ("{order_hold}", 202611),
        ("{refund}", 202610),
    ):
        given = [*([f"'{kinds}'"] if kinds else []), *([str(month)] if month else [])]
        page = statement._PAGE.format(pick=statement._PICKS[bool(kinds), bool(month)])
        types = ["bigint", "bigint", "bigint", *(["text[]"] if kinds else []), *(["integer"] if month else [])]
        await owner.execute(f"PREPARE page ({', '.join(types)}) AS {page}")
        for before, mode in itertools.product((statement._NEWEST, 10_000), ("custom", "generic")):
            await owner.execute(f"SET plan_cache_mode = force_{mode}_plan")
            values = ", ".join([str(member), str(before), "21", *given])
            plan = await owner.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE page ({values})")
            read = orjson.loads(plan)[0]["Plan"]
            assert read["Shared Hit Blocks"] + read["Shared Read Blocks"] < 400, (values, mode, plan)
            assert "Seq Scan" not in plan, (values, mode, plan)
        await owner.execute("DEALLOCATE page")
    await owner.execute("RESET plan_cache_mode")


async def test_the_shop_has_no_statement(database: str) -> None:
    (member,) = await make_members(1)
    await live(member)
    assert await statement.statement(0, before_entry=None, limit=9) == []
