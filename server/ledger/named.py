"""Which members anything names that was written since an earlier audit: entries, business rows, jobs.

PostgreSQL stamps each row with the transaction that wrote it, so a change is found however it was made, without a
column that everybody would have to keep.
"""

from dataclasses import dataclass

from server import db
from server.ledger.proofs.scope import OF_MEMBERS

MOST = 200_000
"""With more members than this the full audit is quicker."""
_LATE = 1_000
"""Entries that had their ids before the mark, but may have been committed after it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an audit has seen."""

    entry_id: int
    xid: str
    """The oldest transaction that was still running."""


_MARK = """
SELECT (SELECT COALESCE(max(id), 0) FROM ledger_entries) AS entry_id,
  pg_snapshot_xmin(pg_current_snapshot())::xid::text AS xid
"""


async def mark(reader: db.Connection) -> Mark:
    """Return how far an audit in this snapshot sees."""
    return Mark(**await reader.fetchrow(_MARK))


# Each table with the members that a row names: its owner, and whoever earned from it, for it may have been moved to
# another. Rows are compared by age: a transaction's number means nothing after the counter has gone round.
_TABLES = {
    "orders": "SELECT unnest(ARRAY[t.member_id, t.referrer_id, t.ancestor2_id])"
    " UNION SELECT q.referrer_id FROM qualifications q WHERE q.order_id = t.id"
    " UNION SELECT c.member_id FROM commissions c WHERE c.order_id = t.id",
    "order_lines": "SELECT o.member_id FROM orders o WHERE o.id = t.order_id",
    "refunds": "SELECT o.member_id FROM orders o WHERE o.id = t.order_id UNION SELECT t.member_id",
    "refund_lines": "SELECT f.member_id FROM refunds f WHERE f.id = t.refund_id",
    "payments": "SELECT o.member_id FROM orders o WHERE o.id = t.order_id",
    "payment_notices": "SELECT o.member_id FROM orders o WHERE o.order_no = t.out_trade_no UNION SELECT o.member_id"
    " FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.transaction_id = t.transaction_id",
    "qualifications": "SELECT unnest(ARRAY[t.referrer_id, t.referee_id])"
    " UNION SELECT unnest(ARRAY[o.member_id, o.referrer_id]) FROM orders o WHERE o.id = t.order_id",
    "rebate_stages": "SELECT r.member_id FROM rebates r WHERE r.id = t.rebate_id",
    "approvals": "SELECT substring(t.subject FROM '^member:([0-9]+)$')::bigint UNION SELECT w.member_id"
    " FROM withdrawals w WHERE w.withdrawal_no = substring(t.subject FROM '^withdrawal:(.*)$')"
    " UNION SELECT f.member_id FROM refunds f WHERE f.refund_no = substring(t.subject FROM '^refund:(.*)$')",
    **dict.fromkeys(OF_MEMBERS, "SELECT t.member_id"),
    "outbox": "SELECT (t.args ->> 'member_id')::bigint UNION SELECT o.member_id FROM orders o"
    " WHERE o.id = (t.args ->> 'order_id')::bigint",
}
_WRITTEN = "\nUNION ".join(
    f"SELECT m.id FROM {table} t CROSS JOIN LATERAL ({owners}) AS m (id) WHERE age(t.xmin) <= age($2::text::xid)"  # noqa: S608 - our own text
    for table, owners in _TABLES.items()
)
_NAMED = f"""
SELECT DISTINCT id FROM (
  SELECT member_id AS id FROM ledger_lines WHERE entry_id > $1 AND age(xmin) <= age($2::text::xid)
  UNION SELECT ledger_owner(link) FROM ledger_entries WHERE id > $1 AND age(xmin) <= age($2::text::xid)
  UNION {_WRITTEN}) named WHERE id > 0 ORDER BY id LIMIT $3
"""  # noqa: S608 - our own text


async def members_since(reader: db.Connection, seen: Mark) -> list[int] | None:
    """Return the members that anything written since `seen` names; None if there are too many, or `seen` is unknown.

    A mark is unknown to a database that was restored since: there its transaction lies in the future.
    """
    if await reader.fetchval("SELECT age($1::text::xid) < 0", seen.xid):
        return None
    rows = await reader.fetch(_NAMED, max(0, seen.entry_id - _LATE), seen.xid, MOST + 1)
    return None if len(rows) > MOST else [row["id"] for row in rows]
