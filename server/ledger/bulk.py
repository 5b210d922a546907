"""Fill empty books with a whole history at once. The result is the same as posting each entry with `book.post`.

The caller creates `TABLE`, fills it and calls `load`, all in one transaction. The books must not hold a single entry:
this module does not look at existing rows, takes no locks and does not handle repeated keys.
"""

from collections.abc import Callable
from dataclasses import dataclass

from server.db import Connection
from server.ledger import chart
from server.ledger.chart import Account

Tell = Callable[[int, int], None]
"""A progress callback: takes how much is done and how much there is in total."""

TABLE = """
CREATE TEMP TABLE ledger_load (key text, kind text, why text, link text DEFAULT '', reverses text, at timestamptz,
  phase integer, member_id bigint DEFAULT 0, source text DEFAULT '', a1 text, v1 bigint, a2 text, v2 bigint, a3 text,
  v3 bigint) ON COMMIT DROP
"""
"""One row per entry, with up to three lines (account code, credit-positive amount). All lines belong to the shop or to
one member, and `source` is the source of that member's frozen and debt accounts. An entry is posted when it
happens, `at`; entries of the same moment in the order of `phase`, then key."""


@dataclass(frozen=True, slots=True)
class Books:
    """What was written: the number of entries, the member with the most, and the member with the count nearest to 100.

    A member id is 0 when there is no such member.
    """

    entries: int
    long_member: int
    long_entries: int
    short_member: int
    short_entries: int


_SLICES = 20
_TIMEOUT_S = 3600

_SOURCED = (chart.FROZEN, chart.DEBT, chart.COUPON, chart.COUPON_USED)
_ACCOUNTS = tuple(one for one in vars(chart).values() if isinstance(one, Account))

_PREPARE = """
CREATE TEMP TABLE load_chart (code text PRIMARY KEY, debit_normal boolean, of_member boolean, sourced boolean)
  ON COMMIT DROP;
INSERT INTO load_chart VALUES {chart};
ANALYZE load_chart;
ANALYZE ledger_load;

CREATE TEMP TABLE load_entries ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY at, phase, key) AS id, * FROM (
  SELECT *, CASE WHEN member_id > 0 THEN sum(
      CASE WHEN a1 IN ('spend_only', 'withdrawable') THEN v1 ELSE 0 END
      + CASE WHEN a2 IN ('spend_only', 'withdrawable') THEN v2 ELSE 0 END
      + CASE WHEN a3 IN ('spend_only', 'withdrawable') THEN v3 ELSE 0 END)
    OVER (PARTITION BY member_id ORDER BY at, phase, key ROWS UNBOUNDED PRECEDING) END AS available_after
  FROM ledger_load) e;
CREATE UNIQUE INDEX ON load_entries (id);
ANALYZE load_entries (id, member_id);

CREATE TEMP VIEW load_lines AS
SELECT e.id AS entry_id, n, CASE WHEN c.of_member THEN e.member_id ELSE 0 END AS member_id, l.code,
    CASE WHEN c.sourced THEN e.source ELSE '' END AS source, c.debit_normal, l.amount,
    CASE WHEN c.of_member THEN e.available_after END AS available_after, CASE WHEN c.of_member THEN e.kind END AS kind,
    CASE WHEN c.of_member THEN to_char(e.at AT TIME ZONE 'Asia/Shanghai', 'YYYYMM')::integer END AS month
  FROM load_entries e
  CROSS JOIN LATERAL (VALUES (1, e.a1, e.v1), (2, e.a2, e.v2), (3, e.a3, e.v3)) AS l (n, code, amount)
  JOIN load_chart c ON c.code = l.code;

CREATE TEMP TABLE load_accounts ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY member_id, code, source) AS id, * FROM (
  SELECT member_id, code, source, debit_normal, sum(CASE WHEN debit_normal THEN -amount ELSE amount END) AS balance
  FROM load_lines GROUP BY member_id, code, source, debit_normal) a;
ALTER TABLE load_accounts ADD PRIMARY KEY (id);
ANALYZE load_accounts;
INSERT INTO ledger_accounts (id, member_id, code, source, currency, debit_normal, balance)
  SELECT id, member_id, code, source, 'CNY', debit_normal, balance FROM load_accounts ORDER BY id;

CREATE TEMP TABLE load_reversals ON COMMIT DROP AS
SELECT e.id, r.id AS reverses_id FROM load_entries e JOIN load_entries r ON r.key = e.reverses;
ALTER TABLE load_reversals ADD PRIMARY KEY (id);
ANALYZE load_reversals
"""

# The hash covers kind, link and lines, in exactly the JSON that `book.posting` hashes.
_ENTRIES = """
INSERT INTO ledger_entries (id, key, kind, input_hash, why, link, reverses_id, effective_at,
    posted_at)
SELECT e.id, e.key, e.kind, encode(sha256(convert_to('["' || e.kind || '","' || e.link || '",[' || l.lines || ']]',
    'UTF8')), 'hex'), e.why, e.link, r.reverses_id, e.at, e.at
  FROM load_entries e
  JOIN (SELECT entry_id, string_agg('{"m":' || member_id || ',"a":"' || code || '","s":"' || source
      || '","c":"CNY","d":' || debit_normal || ',"v":' || amount || '}', ',' ORDER BY n) AS lines
    FROM load_lines WHERE entry_id > $1 AND entry_id <= $2 GROUP BY entry_id) l ON l.entry_id = e.id
  LEFT JOIN load_reversals r ON r.id = e.id
  WHERE e.id > $1 AND e.id <= $2 ORDER BY e.id
"""
_LINES = """
INSERT INTO ledger_lines (entry_id, account_id, member_id, code, currency, amount, kind, month, available_after)
SELECT l.entry_id, a.id, l.member_id, l.code, 'CNY', l.amount, l.kind, l.month, l.available_after
  FROM load_lines l
  JOIN load_accounts a ON a.member_id = l.member_id AND a.code = l.code AND a.source = l.source
  WHERE l.entry_id > $1 AND l.entry_id <= $2 ORDER BY l.entry_id, l.n
"""
_FINISH = """
SELECT setval(pg_get_serial_sequence('ledger_entries', 'id'), (SELECT max(id) FROM load_entries));
SELECT setval(pg_get_serial_sequence('ledger_accounts', 'id'), (SELECT max(id) FROM load_accounts));
DROP VIEW load_lines;
DROP TABLE ledger_load, load_chart, load_entries, load_accounts, load_reversals
"""


_LENGTHS = """
WITH counts AS (SELECT member_id, count(*) AS entries FROM load_entries WHERE member_id > 0 GROUP BY member_id)
(SELECT member_id, entries FROM counts ORDER BY entries DESC, member_id LIMIT 1)
UNION ALL (SELECT member_id, entries FROM counts ORDER BY abs(entries - 100), member_id LIMIT 1)
UNION ALL SELECT 0, 0 UNION ALL SELECT 0, 0
"""


async def load(tx: Connection, tell: Tell) -> Books:
    """Post the rows of `TABLE`, at least one, to the books, which must be empty."""
    rows = ", ".join(f"('{one.code}', {one.debit_normal}, {one.of_member}, {one in _SOURCED})" for one in _ACCOUNTS)
    await tx.execute(_PREPARE.format(chart=rows), timeout=_TIMEOUT_S)
    count: int = await tx.fetchval("SELECT max(id) FROM load_entries", timeout=_TIMEOUT_S)
    for turn in range(_SLICES):
        span = count * turn // _SLICES, count * (turn + 1) // _SLICES
        for statement in (_ENTRIES, _LINES):
            await tx.execute(statement, *span, timeout=_TIMEOUT_S)
        tell(turn + 1, _SLICES)
    longest, nearest = (tuple(row) for row in (await tx.fetch(_LENGTHS, timeout=_TIMEOUT_S))[:2])
    await tx.execute(_FINISH, timeout=_TIMEOUT_S)
    return Books(count, *longest, *nearest)
