"""Bulk loading leaves the same rows, in every column, as posting one by one."""

import contextlib
from datetime import UTC, datetime, timedelta

from server import db
from server.ledger import book, bulk, entries
from server.ledger.chart import SPEND_ONLY
from server.ledger.entries import Entry
from tests.ledger.members import make_members, own

AT = datetime(2026, 10, 31, 15, 59, tzinfo=UTC)
_ROWS = """
SELECT e.key, to_jsonb(e) - 'id' - 'reverses_id' || jsonb_build_object('reverses', r.key) AS entry,
  (SELECT jsonb_agg(to_jsonb(l) - 'id' - 'entry_id' - 'account_id' || jsonb_build_object('source', a.source)
     ORDER BY l.id) FROM ledger_lines l JOIN ledger_accounts a ON a.id = l.account_id WHERE l.entry_id = e.id) AS lines
  FROM ledger_entries e LEFT JOIN ledger_entries r ON r.id = e.reverses_id ORDER BY e.id
"""
_ACCOUNTS = """
SELECT to_jsonb(a) - 'id' - 'balance' || jsonb_build_object('balance', a.balance + COALESCE(
  (SELECT sum(amount) FROM ledger_deltas WHERE account_id = a.id), 0)) AS account
  FROM ledger_accounts a ORDER BY member_id, code, source
"""


class UndoneError(Exception):
    pass


async def books(connection: db.Connection) -> list[list[tuple[object, ...]]]:
    return [[tuple(row) for row in await connection.fetch(sql)] for sql in (_ROWS, _ACCOUNTS)]


def history(first: int, second: int) -> list[tuple[Entry, datetime]]:
    made = [
        entries.order_paid("T1", 5000, 0),
        entries.rebate_stage(1, 3, 3, first, 900),
        entries.commission_frozen(1, "T1", second, 250),
        entries.rebate_release(1, 3, first, 900, SPEND_ONLY, ()),
        entries.order_hold("T2", first, 400, 0),
        entries.order_paid("T2", 600, 400),
        entries.commission_release(1, second, 250, ()),
        entries.withdrawal_request("W1", second, 200),
        entries.withdrawal_back("W1", second, 200, "不对", ()),
        entries.refund(
            "R1", "T1", first, entries.RefundSums(5000, 0, entries.Held(0, 0)), entries.Wallet(0, 0, {}, ())
        ),
        entries.refund_sent("R1", "T1", 5000),
    ]
    return [(entry, AT + timedelta(minutes=n // 2)) for n, entry in enumerate(made)]


async def test_loading_is_posting(database: str, owner: db.Connection) -> None:
    first, second = await make_members(2)
    posted: list[list[tuple[object, ...]]] = []
    with contextlib.suppress(UndoneError):  # the posting is rolled back; its rows are kept for comparison
        async with db.transaction() as tx:
            await own(tx, first, "order:T1", "order:T2", "rebate:1")
            await own(tx, second, "commission:1", "withdrawal:W1")
            for entry, at in history(first, second):
                await book.post(tx, entry, at)
            posted += await books(tx)
            raise UndoneError
    async with owner.transaction():
        await owner.execute(bulk.TABLE)
        for phase, (entry, at) in enumerate(history(first, second)):
            of_member = [line for line in entry.lines if line.member_id]
            lines = [part for line in entry.lines for part in (line.account.code, line.amount)]
            await owner.execute(
                "INSERT INTO ledger_load VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
                *(entry.key, entry.kind, entry.why, entry.link, entry.reverses, at, phase),
                of_member[0].member_id if of_member else 0,
                "".join(line.source for line in of_member),
                *(lines + [None] * 2)[:6],
            )
        told: list[tuple[int, int]] = []
        loaded = await bulk.load(owner, lambda done, of: told.append((done, of)))
    assert loaded == bulk.Books(11, second, 4, second, 4)
    assert told[-1] == (20, 20)
    async with db.connection() as connection:
        assert await books(connection) == posted
