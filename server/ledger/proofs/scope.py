"""Restrict proofs to some members: temporary tables, with the names that the proofs use, hold only what is theirs.

PostgreSQL looks for a name among the temporary tables first, so the proofs run unchanged.
"""

import re
from collections.abc import Iterable, Sequence
from enum import Enum

from server.db import Connection


class Scope(Enum):
    """Whose rows a proof needs to say something about one member."""

    SHOP = "shop"
    """All rows: a sum of the whole shop. It is proved by the full audit only."""
    RESTING = "resting"
    """All rows that may still move, or that only operators write: both are few. Nothing that was written names what
    rests, so the quick audit looks at all of them."""
    WALLET = "wallet"
    """The member's accounts, and all lines on them."""
    BUYER = "buyer"
    """The member's orders with all that belongs to them, and all lines of their entries."""
    EARNER = "earner"
    """The member's rewards, and the orders that brought them, whoever bought."""


_MEMBERS = "audited_members"
_IN = f"IN (SELECT id FROM {_MEMBERS})"  # noqa: S608 - our own name
_OWN = f"SELECT * FROM public.orders WHERE member_id {_IN}"  # noqa: S608 - our own text
_OWN_AND_EARNED = f"""SELECT * FROM public.orders WHERE id IN (
  SELECT id FROM public.orders WHERE member_id {_IN}
  UNION SELECT order_id FROM public.qualifications WHERE referrer_id {_IN}
  UNION SELECT order_id FROM public.commissions WHERE member_id {_IN})"""  # noqa: S608 - our own text
_ENTRIES = f"""SELECT * FROM public.ledger_entries WHERE id IN (
  SELECT id FROM public.ledger_entries WHERE link IN (
    SELECT 'order:' || order_no FROM public.orders WHERE member_id {_IN}
    UNION ALL SELECT 'rebate:' || id FROM public.rebates WHERE member_id {_IN}
    UNION ALL SELECT 'commission:' || id FROM public.commissions WHERE member_id {_IN}
    UNION ALL SELECT 'withdrawal:' || withdrawal_no FROM public.withdrawals WHERE member_id {_IN}
    UNION ALL SELECT 'member:' || id FROM {_MEMBERS})
  UNION SELECT entry_id FROM public.ledger_lines WHERE member_id > 0 AND member_id {_IN})"""  # noqa: S608 - our own text
_LINES_OF_MEMBERS = f"SELECT * FROM public.ledger_lines WHERE member_id > 0 AND member_id {_IN}"  # noqa: S608 - our own text
_LINES_OF_ENTRIES = "SELECT * FROM public.ledger_lines WHERE entry_id IN (SELECT id FROM ledger_entries)"
OF_MEMBERS = (
    *("rebates", "commissions", "withdrawals", "coupons", "point_earnings", "point_credits", "check_ins"),
    *("growth_entries", "member_levels", "level_changes", "ledger_accounts"),
)
"""The tables whose rows belong to their `member_id`."""
_TABLES = {
    "members": f"SELECT * FROM public.members WHERE id {_IN}",  # noqa: S608 - our own text
    "orders": "",
    "order_lines": "SELECT * FROM public.order_lines WHERE order_id IN (SELECT id FROM orders)",
    "refunds": "SELECT * FROM public.refunds WHERE order_id IN (SELECT id FROM orders)",
    "refund_lines": "SELECT * FROM public.refund_lines WHERE refund_id IN (SELECT id FROM refunds)",
    "payments": "SELECT * FROM public.payments WHERE order_id IN (SELECT id FROM orders)",
    "payment_notices": "SELECT * FROM public.payment_notices WHERE out_trade_no IN (SELECT order_no FROM orders)",
    "qualifications": f"SELECT * FROM public.qualifications WHERE referrer_id {_IN}",  # noqa: S608 - our own text
    **{table: f"SELECT * FROM public.{table} WHERE member_id {_IN}" for table in OF_MEMBERS},  # noqa: S608 - our own names
    "rebate_stages": "SELECT * FROM public.rebate_stages WHERE rebate_id IN (SELECT id FROM rebates)",
    "audit_log": f"SELECT * FROM public.audit_log WHERE subject IN (SELECT 'member:' || id FROM {_MEMBERS})",  # noqa: S608 - our own text
    "ledger_entries": _ENTRIES,
    "ledger_lines": _LINES_OF_ENTRIES,
    "ledger_deltas": "SELECT * FROM public.ledger_deltas WHERE account_id IN (SELECT id FROM ledger_accounts)",
}
"""Each table and its rows of some members, in an order in which a table follows those that it needs."""
_KEYS = {
    **dict.fromkeys(("members", "orders", "refunds", "rebates", "ledger_entries"), "id"),
    **dict.fromkeys(("order_lines", "qualifications", "commissions"), "order_id"),
    "rebate_stages": "rebate_id",
    "ledger_lines": "entry_id",
}
"""The column by which proofs look up single rows, as an index of the real table lets them."""


async def name(connection: Connection, members: Sequence[int]) -> None:
    """Say which members the next scopes are about. Call it once, in a transaction that may write temporary tables."""
    await connection.execute(f"CREATE TEMP TABLE {_MEMBERS} (id bigint PRIMARY KEY) ON COMMIT DROP")
    await connection.execute(f"INSERT INTO {_MEMBERS} SELECT unnest($1::bigint[])", list(members))
    await connection.execute(f"ANALYZE {_MEMBERS}")


async def enter(connection: Connection, scope: Scope, queries: Iterable[str]) -> list[str]:
    """Put temporary tables in front of those that these queries name; return their names, for `leave`."""
    tables = dict(_TABLES)
    tables["orders"] = _OWN_AND_EARNED if scope is Scope.EARNER else _OWN
    if scope is Scope.WALLET:
        tables["ledger_lines"] = _LINES_OF_MEMBERS
    needed = _needed(tables, queries)
    await connection.execute(";\n".join(_made(table, tables[table]) for table in needed))
    return needed


def _made(table: str, rows: str) -> str:
    index = f"CREATE INDEX ON pg_temp.{table} ({_KEYS[table]});" if table in _KEYS else ""
    return f"CREATE TEMP TABLE {table} ON COMMIT DROP AS {rows}; {index} ANALYZE {table}"


async def leave(connection: Connection, tables: Sequence[str]) -> None:
    """Remove the temporary tables of a scope."""
    await connection.execute(f"DROP TABLE {', '.join(f'pg_temp.{table}' for table in tables)}")


def _needed(tables: dict[str, str], queries: Iterable[str]) -> list[str]:
    """Return the tables that the queries name, and those that these tables need, in order."""
    words = set[str]().union(*(re.findall(r"[a-z_]+", query) for query in queries))
    for table in reversed(tables):
        if table in words:
            words.update(re.findall(r"(?<!public\.)\b[a-z_]+", tables[table]))
    return [table for table in tables if table in words]
