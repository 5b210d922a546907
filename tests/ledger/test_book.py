"""Posting: once per key, always balanced, never below zero, never changed; shop accounts are never locked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import pytest

from server import db
from server.core.errors import BalanceInsufficient
from server.db import Connection
from server.ledger import book, entries
from server.ledger.audit import prove
from server.ledger.chart import REBATE_COST, SALES, SPEND_ONLY, WECHAT_CASH, WITHDRAWABLE
from server.ledger.entries import Entry, Held, Line, RefundSums, Taken, Wallet
from server.rules import points
from tests.ledger.members import let_own, make_members
from tests.support.locks import held, waiting

AT = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
LEDGER = {"entries_balance", "accounts_equal_lines", "lines_fit_accounts", "members_not_negative", "available_after"}


async def post(entry: Entry) -> int | None:
    async with db.transaction() as tx:
        return await book.post(tx, entry, AT)


def give(member_id: int, amount_fen: int, key: str) -> Entry:
    lines = (Line(0, REBATE_COST, -amount_fen), Line(member_id, SPEND_ONLY, amount_fen))
    return Entry(key, "rebate_release", "测试", f"member:{member_id}", lines)


async def balance(member_id: int, code: str = "spend_only") -> int:
    found = await db.fetch_value(
        "SELECT a.balance + COALESCE((SELECT sum(amount) FROM ledger_deltas WHERE account_id = a.id), 0)"
        " FROM ledger_accounts a WHERE a.member_id = $1 AND a.code = $2",
        member_id,
        code,
    )
    return int(found or 0)


async def test_the_same_key_and_lines_are_one_entry(database: str) -> None:
    (member,) = await make_members(1)
    first = await post(give(member, 500, "k"))
    assert await post(give(member, 500, "k")) == first
    assert await balance(member) == 500
    assert await db.fetch_value("SELECT count(*) FROM ledger_lines") == 2


async def test_the_same_key_with_other_lines_is_a_defect(database: str) -> None:
    (member,) = await make_members(1)
    await post(give(member, 500, "k"))
    with pytest.raises(book.LedgerMismatch, match="k"):
        await post(give(member, 501, "k"))
    assert await balance(member) == 500


async def test_an_entry_that_moves_nothing_is_not_posted(database: str) -> None:
    assert await post(entries.order_paid("T1", 0, 0)) is None
    assert await db.fetch_value("SELECT count(*) FROM ledger_entries") == 0


async def test_a_member_never_falls_below_zero(database: str) -> None:
    (member,) = await make_members(1)
    await post(give(member, 500, "k"))
    await let_own(member, "order:T1")
    with pytest.raises(BalanceInsufficient):
        await post(entries.order_hold("T1", member, 501, 0))
    assert await balance(member) == 500
    assert await db.fetch_value("SELECT count(*) FROM ledger_entries") == 1


async def test_other_errors_come_out_as_they_are(database: str, owner: Connection) -> None:
    (member,) = await make_members(1)
    await owner.execute("ALTER TABLE ledger_entries ADD CONSTRAINT short CHECK (length(kind) < 3)")
    with pytest.raises(asyncpg.CheckViolationError):
        await post(give(member, 500, "k"))
    await owner.execute("ALTER TABLE ledger_entries DROP CONSTRAINT short")
    with pytest.raises(asyncpg.StringDataRightTruncationError):
        await post(replace(give(member, 500, "k"), kind="x" * 25))


async def test_an_unbalanced_entry_is_refused(database: str) -> None:
    with pytest.raises(asyncpg.PostgresError, match="does not balance") as refused:
        await post(Entry("k", "order_paid", "测试", "", (Line(0, WECHAT_CASH, -5), Line(0, SALES, 4))))
    assert refused.value.sqlstate == "TML02"


@pytest.mark.parametrize(
    "subject", ["rebate:1", "rebate:777", "order:T1", "order:T2", "commission:1", "withdrawal:W1", "points", ""]
)
async def test_a_line_of_another_member_is_refused(database: str, subject: str) -> None:
    """Also one about what does not exist."""
    owner, other = await make_members(2)
    await let_own(owner, "rebate:1", "order:T1", "commission:1", "withdrawal:W1")
    with pytest.raises(book.LedgerRefused, match="k"):
        await post(replace(give(other, 500, "k"), link=subject))
    assert await db.fetch_value("SELECT count(*) FROM ledger_entries") == 0


async def test_no_entry_has_lines_of_two_members(database: str) -> None:
    first, second = await make_members(2)
    lines = (Line(first, SPEND_ONLY, -5), Line(second, SPEND_ONLY, 5))
    with pytest.raises(book.LedgerRefused):
        await post(Entry("k", "order_hold", "测试", f"member:{second}", lines))


async def test_no_more_is_taken_back_than_was_given(database: str) -> None:
    (member,) = await make_members(1)
    await let_own(member, "rebate:1", "commission:2", "order:T1", "withdrawal:W1")
    owner = Wallet(0, 0, {}, ())
    await post(entries.rebate_stage(1, 1, 1, member, 500))
    await post(entries.rebate_take_back("first", 1, member, "收回", Taken(300, 0, 0, 0)))
    await post(entries.commission_frozen(2, "T1", member, 500))
    await post(entries.order_paid("T1", 500, 0))
    await post(entries.refund("R1", "T1", member, RefundSums(400, 0, Held(0, 0)), owner))
    await post(entries.points_frozen(1, "T1", member, 5))
    await post(give(member, 900, "gift"))
    for entry in (
        entries.rebate_take_back("second", 1, member, "收回", Taken(200, 0, 0, 1)),
        entries.commission_take_back(2, "R1", member, Taken(500, 1, 0, 0)),
        entries.refund("R2", "T1", member, RefundSums(101, 0, Held(0, 0)), owner),
        entries.refund_sent("R1", "T1", 401),
        entries.order_release("T1", member, Held(1, 0), owner),
        entries.points_take_back(1, "T1", "R1", member, points.Taken(5, 0, 1)),
    ):
        with pytest.raises(book.LedgerRefused):
            await post(entry)
    await post(entries.rebate_take_back("second", 1, member, "收回", Taken(200, 0, 0, 0)))


async def test_currencies_balance_each_for_itself(database: str) -> None:
    with pytest.raises(asyncpg.PostgresError, match="does not balance"):
        await post(
            Entry("k", "order_paid", "测试", "", (Line(0, WECHAT_CASH, -5), Line(0, SALES, 5, currency="POINT")))
        )


@pytest.mark.parametrize("table", ["ledger_entries", "ledger_lines"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
async def test_what_is_written_stays(database: str, owner: Connection, table: str, verb: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.fetch(verb.format(table))
    with pytest.raises(asyncpg.PostgresError, match="append-only") as refused:  # the triggers hold for the owner too
        await owner.execute(verb.format(table))
    assert refused.value.sqlstate == "TML01"


async def test_a_correction_names_what_it_corrects(database: str) -> None:
    (member,) = await make_members(1)
    await post(give(member, 500, "k"))
    await let_own(member, "order:T1")
    held = await post(entries.order_hold("T1", member, 200, 0))
    released = await post(entries.order_release("T1", member, Held(200, 0), Wallet(200, 0, {}, ())))
    assert await db.fetch_value("SELECT reverses_id FROM ledger_entries WHERE id = $1", released) == held
    assert await balance(member) == 500


async def test_one_member_at_once_spends_no_fen_twice(database: str) -> None:
    (member,) = await make_members(1)
    await post(give(member, 1_000, "k"))

    await let_own(member, *(f"order:T{n}" for n in range(8)))

    async def spend(n: int) -> bool:
        try:
            await post(entries.order_hold(f"T{n}", member, 300, 0))
        except BalanceInsufficient:
            return False
        return True

    assert sum(await asyncio.gather(*(spend(n) for n in range(8)))) == 3
    assert (await balance(member), await balance(0, "order_hold")) == (100, 900)


async def test_the_same_key_at_once_is_one_entry(database: str) -> None:
    (member,) = await make_members(1)
    assert len(set(await asyncio.gather(*(post(give(member, 7, "same")) for _ in range(8))))) == 1
    assert await balance(member) == 7


async def test_entries_of_a_member_are_numbered_as_the_wallet_changes(database: str, owner: Connection) -> None:
    """Also those that share no account."""
    (member,) = await make_members(1)
    await post(give(member, 500, "k"))
    other = (Line(0, REBATE_COST, -5), Line(member, WITHDRAWABLE, 5))
    async with held("SELECT 1 FROM ledger_accounts WHERE member_id = $1 FOR UPDATE", member, by=owner):
        first = asyncio.ensure_future(post(give(member, 10, "first")))
        await waiting()
        second = asyncio.ensure_future(post(Entry("second", "rebate_release", "测试", f"member:{member}", other)))
        await waiting(2)
    await asyncio.gather(first, second)
    rows = await db.fetch("SELECT available_after FROM ledger_lines WHERE member_id = $1 ORDER BY entry_id", member)
    assert [row["available_after"] for row in rows] == [500, 510, 515]


async def test_hot_accounts_fit_in_every_snapshot_while_two_roll_up(database: str) -> None:
    members = await make_members(4)
    stop = asyncio.Event()

    async def roll_up() -> int:
        moved = 0
        while not stop.is_set():
            moved += await db.fetch_value("SELECT ledger_roll_up(7)")
        return moved

    async def pay(worker: int) -> None:
        for n in range(25):
            await post(give(members[worker], 10, f"give:{worker}:{n}"))
            await post(entries.order_paid(f"T{worker}-{n}", 100 + n, 0))

    async def look() -> int:
        looks = 0
        while not stop.is_set():
            async with db.snapshot() as reader:
                report = await prove(reader, AT)
            assert [check for check in report.checks if check.name in LEDGER and check.wrong] == []
            looks += 1
        return looks

    watching = [asyncio.ensure_future(one) for one in (roll_up(), roll_up(), look())]
    await asyncio.gather(*(pay(worker) for worker in range(4)))
    stop.set()
    moved, moved_too, looks = await asyncio.gather(*watching)
    rest: int = await db.fetch_value("SELECT ledger_roll_up(100000)")
    assert moved + moved_too + rest == 4 * 25 * 3
    assert looks > 0
    assert await db.fetch_value("SELECT count(*) FROM ledger_deltas") == 0
    assert await balance(0, "sales") == 4 * sum(100 + n for n in range(25))
    assert await balance(0, "rebate_cost") == 1_000
    assert [await balance(member) for member in members] == [250] * 4


FIRSTS: list[Callable[[int], Awaitable[int | None]]] = [
    lambda n: post(entries.order_paid(f"T{n}", 5, 0)),
    lambda n: post(give(n, 5, f"e{n}")),
]


@pytest.mark.parametrize("first", FIRSTS)
async def test_accounts_open_themselves_once(database: str, first: Callable[[int], Awaitable[int | None]]) -> None:
    members = await make_members(6)
    await asyncio.gather(*(first(member) for member in members))
    opened = await db.fetch("SELECT code, count(*) AS n FROM ledger_accounts WHERE member_id = 0 GROUP BY code")
    assert {row["n"] for row in opened} == {1}
