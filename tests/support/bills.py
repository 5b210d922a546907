"""Many payments written by SQL, into our tables and the sandbox's file: a day of ten thousand orders in a second."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from server.core.clock import SHANGHAI
from tests.support.mall import SANDBOX_FILE, Mall, owner_of

AMOUNT_FEN = 1990


def to_hour(mall: Mall, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """Move the clock to the next such time in Shanghai; return the new time."""
    now = mall.clock.now().astimezone(SHANGHAI)
    then = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
    mall.clock.advance((then + timedelta(days=then <= now) - now).total_seconds())
    return mall.clock.now()


@contextmanager
def sandbox_file(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open the state file of the sandbox in this mall folder, to tamper with it."""
    connection = sqlite3.connect(folder / SANDBOX_FILE, isolation_level=None)
    try:
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
    finally:
        connection.close()


def forget(folder: Path, kind: str, key: str) -> None:
    """Delete a document, as if WeChat did not know it."""
    with sandbox_file(folder) as file:
        assert file.execute("DELETE FROM docs WHERE kind = ? AND key = ?", (kind, key)).rowcount == 1


def alter(folder: Path, kind: str, key: str, **changes: Any) -> None:
    """Change a document, so that WeChat's data differ from ours."""
    with sandbox_file(folder) as file:
        [body] = file.execute("SELECT body FROM docs WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        changed = orjson.dumps({**orjson.loads(body), **changes})
        file.execute("UPDATE docs SET body = ? WHERE kind = ? AND key = ?", (changed, kind, key))


_ORDERS = """
INSERT INTO orders (order_no, member_id, kind, status, virtual, items_fen, discounts, freight_fen, freight_cash_fen,
  balance_fen, withdrawable_fen, cash_due_fen, region, remark, created_at, expires_at, checks, paid_at, transaction_id,
  refunded_cash_fen, refunded_balance_fen, refunded_freight_fen)
SELECT 'M' || n, $1, 'normal', 'paid', false, $3, '[]', 0, 0, 0, 0, $3, '', '', $2, $2, 0, $2, '42' || n, 0, 0, 0
FROM unnest($4::int[]) n
"""
_PAYMENTS = """
INSERT INTO payments (transaction_id, order_id, amount_fen, outcome, paid_at, recorded_at)
SELECT transaction_id, id, cash_due_fen, 'settled', paid_at, paid_at FROM orders WHERE order_no ~ '^M[0-9]'
"""
_ACCOUNTS = """
INSERT INTO ledger_accounts (member_id, code, source, currency, debit_normal, balance)
VALUES (0, 'wechat_cash', '', 'CNY', true, 0), (0, 'sales', '', 'CNY', false, 0) ON CONFLICT DO NOTHING
"""
_ENTRIES = """
INSERT INTO ledger_entries (key, kind, input_hash, why, link, effective_at, posted_at)
SELECT 'order-paid:' || order_no, 'order_paid', '', '', 'order:' || order_no, paid_at, paid_at
FROM orders WHERE order_no ~ '^M[0-9]'
"""
_LINES = """
INSERT INTO ledger_lines (entry_id, account_id, member_id, code, currency, amount)
SELECT e.id, a.id, 0, a.code, 'CNY', CASE a.code WHEN 'sales' THEN $1::bigint ELSE -$1::bigint END
FROM ledger_entries e CROSS JOIN ledger_accounts a
WHERE e.key ~ '^order-paid:M[0-9]' AND a.member_id = 0 AND a.code IN ('sales', 'wechat_cash')
"""


async def our_payments(mall: Mall, member_id: int, numbers: Sequence[int], at: datetime) -> None:
    """Write orders `M<n>` paid by transactions `42<n>`, with their ledger entries; only once per database."""
    async with owner_of(mall) as tx:
        await tx.execute(_ORDERS, member_id, at, AMOUNT_FEN, list(numbers))
        for statement in (_PAYMENTS, _ACCOUNTS, _ENTRIES):
            await tx.execute(statement)
        await tx.execute(_LINES, AMOUNT_FEN)


def their_payments(mall: Mall, numbers: Sequence[int], at: datetime) -> None:
    """Write the same transactions into WeChat's data."""
    params = {"appid": mall.deps.appid, "mchid": mall.deps.mchid, "description": "茶,杯", "payer": {"openid": "o"}}
    with sandbox_file(mall.folder) as file:
        file.executemany(
            "INSERT INTO docs (kind, key, parent, due, body) VALUES ('transaction', ?, ?, NULL, ?)",
            [
                (
                    f"42{n}",
                    f"M{n}",
                    orjson.dumps(
                        {
                            "transaction_id": f"42{n}",
                            "out_trade_no": f"M{n}",
                            "paid": at.timestamp(),
                            "params": {**params, "amount": {"total": AMOUNT_FEN, "currency": "CNY"}},
                            "refunded_fen": 0,
                            "refund_count": 0,
                        }
                    ),
                )
                for n in numbers
            ],
        )
