"""Match a day's bills with our rows and entries. The bills go into a temporary table, so memory use stays constant."""

import io
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import BinaryIO

import msgspec

from server import db
from server.core.clock import day_start
from server.db import Connection
from server.ledger.cash import credited_fen
from server.ledger.chart import REFUNDS_DUE, WECHAT_CASH
from server.rules.bills import IN, OUT, OWN_KINDS, PAID, Bill, Kind, Row, difference, read

Tell = Callable[[Bill, int], None]
"""Progress callback: the bill in work, and how many of its lines were handled since the last call."""

_BATCH = 2000
_TIMEOUT_S = 600

_SPOOL = """
CREATE TEMPORARY TABLE bill_lines (bill varchar(8), number varchar, about varchar, state varchar, twin varchar,
  amount_fen bigint, fee_fen bigint, line int) ON COMMIT DROP
"""
_SPOOLED = ("bill", "number", "about", "state", "twin", "amount_fen", "fee_fen", "line")

_PAYMENTS = f"""
SELECT p.transaction_id AS number, p.amount_fen, '{PAID}' AS state, o.order_no AS about, p.paid_at AS at,
  'payment' AS what
FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.paid_at >= $1 AND p.paid_at < $2
"""  # noqa: S608 - our own text

# A refund that WeChat closed and that was asked for again has two numbers, each in the bill of its own day.
# A refund granted shortly before midnight may reach WeChat after midnight: start ten minutes early.
_REFUNDS = """
SELECT COALESCE(r.issue_no, r.refund_no) AS number, r.cash_fen AS amount_fen,
  CASE WHEN r.by_hand THEN 'abnormal' ELSE r.state END AS state, COALESCE(p.transaction_id, '') AS about,
  COALESCE(r.issued_at, r.decided_at) AS at, 'refund' AS what
FROM refunds r LEFT JOIN payments p ON p.id = r.payment_id
WHERE r.id IN (SELECT id FROM refunds WHERE issue_no IS NULL
    AND refund_no IN (SELECT number FROM bill_lines WHERE bill = 'refund')
  UNION SELECT id FROM refunds WHERE issue_no IN (SELECT number FROM bill_lines WHERE bill = 'refund')
  UNION SELECT id FROM refunds WHERE decided_at >= $1::timestamptz - interval '10 minutes' AND decided_at < $2
    AND issue_no IS NULL AND cash_fen > 0 AND state IN ('processing', 'abnormal', 'succeeded')
  UNION SELECT id FROM refunds WHERE issued_at >= $1::timestamptz - interval '10 minutes' AND issued_at < $2
    AND state IN ('processing', 'abnormal', 'succeeded'))
UNION ALL SELECT x.before_no, r.cash_fen, 'abnormal', COALESCE(p.transaction_id, ''), x.before_at, 'refund'
FROM refund_reissues x JOIN refunds r ON r.id = x.refund_id LEFT JOIN payments p ON p.id = r.payment_id
WHERE x.way = 'again' AND (x.before_no IN (SELECT number FROM bill_lines WHERE bill = 'refund')
  OR x.before_at >= $1::timestamptz - interval '10 minutes' AND x.before_at < $2)
"""

_RECEIVED = credited_fen(
    "CASE p.outcome WHEN 'settled' THEN 'order-paid:' || o.order_no ELSE 'payment-stray:' || p.transaction_id END",
    WECHAT_CASH,
)
_DUE = credited_fen(
    "CASE r.kind WHEN 'order' THEN 'refund:' || r.refund_no ELSE 'payment-stray:' || p.transaction_id END", REFUNDS_DUE
)
_PAID_OUT = credited_fen("'withdrawal-paid:' || w.withdrawal_no", WECHAT_CASH)

# WeChat gives back the fee of a refund, and that fee stays in the account. The money of a refund that WeChat closed
# never left the account. If a member confirms a transfer shortly before midnight, we learn of it after midnight.
_MOVEMENTS = f"""
SELECT p.transaction_id AS number, -{_RECEIVED} AS amount_fen, '{IN}' AS state, o.order_no AS about, p.paid_at AS at,
  'payment' AS what
FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.paid_at >= $1 AND p.paid_at < $2
UNION ALL SELECT COALESCE(t.twin, r.wechat_refund_id), {_DUE} - COALESCE(t.fee_fen, 0), '{OUT}', r.refund_no,
  r.decided_at, 'refund'
FROM refunds r LEFT JOIN payments p ON p.id = r.payment_id
LEFT JOIN (SELECT DISTINCT ON (number) * FROM bill_lines WHERE bill = 'refund' ORDER BY number, line) t
  ON t.number = COALESCE(r.issue_no, r.refund_no)
WHERE r.id IN (SELECT f.id FROM refunds f JOIN bill_lines b ON b.number = f.refund_no AND f.issue_no IS NULL
    WHERE b.bill = 'refund' AND b.state <> 'FAIL' AND f.problem IS DISTINCT FROM 'CLOSED'
  UNION SELECT f.id FROM refunds f JOIN bill_lines b ON b.number = f.issue_no
    WHERE b.bill = 'refund' AND b.state <> 'FAIL' AND f.problem IS DISTINCT FROM 'CLOSED'
  UNION SELECT id FROM refunds WHERE wechat_refund_id IN (SELECT number FROM bill_lines WHERE bill = 'fund'))
UNION ALL SELECT COALESCE(w.wechat_bill_no, w.withdrawal_no),
  CASE w.state WHEN 'paid' THEN {_PAID_OUT} ELSE w.payout_fen END,
  CASE w.state WHEN 'paid' THEN '{OUT}' ELSE w.state END, w.withdrawal_no, w.finished_at, 'transfer'
FROM withdrawals w
WHERE w.id IN (SELECT id FROM withdrawals
    WHERE state = 'paid' AND finished_at >= $1 AND finished_at < $2::timestamptz + interval '1 hour'
  UNION SELECT id FROM withdrawals WHERE wechat_bill_no IN (SELECT number FROM bill_lines WHERE bill = 'fund'))
"""  # noqa: S608 - our own text

_OURS = {Bill.TRADE: _PAYMENTS, Bill.REFUND: _REFUNDS, Bill.FUND: _MOVEMENTS}

# A number that appears twice on one side matches only one line of the other side.
_PAIRS = """
WITH ours AS (SELECT *, row_number() OVER (PARTITION BY number) AS nth FROM ({ours}) o),
  theirs AS (SELECT *, row_number() OVER (PARTITION BY number ORDER BY line) AS nth FROM bill_lines WHERE bill = $3)
SELECT COALESCE(o.number, t.number) AS number, o.amount_fen AS our_fen, o.state AS our_state, o.about AS our_about,
  o.at, o.what, t.amount_fen AS their_fen, t.state AS their_state, t.about AS their_about
FROM ours o FULL JOIN theirs t ON t.number = o.number AND t.nth = o.nth
"""


class _Pair(msgspec.Struct, frozen=True):
    """An item on both sides; one side's fields are None where that side does not have it."""

    number: str
    our_fen: int | None
    our_state: str | None
    our_about: str | None
    at: datetime | None
    what: str | None
    their_fen: int | None
    their_state: str | None
    their_about: str | None

    @property
    def ours(self) -> Row | None:
        """Our side."""
        return _side(self.number, self.our_fen, self.our_state, self.our_about)

    @property
    def theirs(self) -> Row | None:
        """WeChat's side."""
        return _side(self.number, self.their_fen, self.their_state, self.their_about)


def _side(number: str, amount_fen: int | None, state: str | None, about: str | None) -> Row | None:
    if amount_fen is None:
        return None
    assert state is not None  # noqa: S101 - a side that is there has all three
    assert about is not None  # noqa: S101 - as above
    return Row(number, amount_fen, state, about)


@dataclass(slots=True)
class Sums:
    """Lines and fen on each side; for movements the fen are money in minus money out."""

    ours_lines: int = 0
    ours_fen: int = 0
    theirs_lines: int = 0
    theirs_fen: int = 0


class DaySums(msgspec.Struct, frozen=True):
    """The sums of each bill. `aside`: fen of the merchant's own movements, by WeChat's word for them."""

    trade: Sums
    refund: Sums
    fund: Sums
    aside: dict[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """One difference. `at` and `what` (`payment`, `refund`, `transfer`) come from our side."""

    bill: Bill
    kind: Kind
    ours: Row | None
    theirs: Row | None
    at: datetime | None
    what: str | None

    @property
    def number(self) -> str:
        """The number that both sides use for it."""
        side = self.ours or self.theirs
        return side.number if side else ""


@dataclass(slots=True)
class Matched:
    """The result of comparing. `aside` sums movements that are only the merchant's own, by WeChat's word for them."""

    sums: dict[Bill, Sums] = field(default_factory=lambda: {bill: Sums() for bill in Bill})
    aside: Counter[str] = field(default_factory=Counter)
    found: list[Found] = field(default_factory=list)

    def drop(self, found: Sequence[Found]) -> None:
        """Remove differences that only our side has because WeChat books them on another day."""
        gone = {id(one) for one in found}
        self.found = [one for one in self.found if id(one) not in gone]
        for bill, ours in [(one.bill, one.ours) for one in found if one.ours is not None]:
            self.sums[bill].ours_lines -= 1
            self.sums[bill].ours_fen -= _signed(ours)

    def totals(self) -> DaySums:
        """Return the sums as they are now."""
        return DaySums(**{bill.value: replace(sums) for bill, sums in self.sums.items()}, aside=dict(self.aside))


async def match(tx: Connection, day: date, files: dict[Bill, BinaryIO], tell: Tell) -> Matched:
    """Compare the bills in `files` with our day, and close the files. Raises BillBroken, UnicodeDecodeError."""
    await tx.execute(f"SET LOCAL statement_timeout = '{_TIMEOUT_S}s'")
    await tx.execute(_SPOOL)
    matched = Matched()
    for bill, file in files.items():
        file.seek(0)
        with io.TextIOWrapper(file, encoding="utf-8", newline="\n") as texts:
            lines = _spooled(bill, texts, matched.aside)
            while batch := list(itertools.islice(lines, _BATCH)):
                await tx.copy_records_to_table("bill_lines", records=batch, columns=_SPOOLED)
                tell(bill, len(batch))
    await tx.execute("ANALYZE bill_lines")
    for bill in files:
        await _compare(tx, bill, day, matched, tell)
    return matched


def _spooled(bill: Bill, texts: io.TextIOWrapper, aside: Counter[str]) -> Iterator[tuple[object, ...]]:
    for line in read(bill, texts):
        if line.kind in OWN_KINDS:
            aside[line.kind] += _signed(line)
        else:
            values = (line.number, line.about, line.state, line.twin, line.amount_fen, line.fee_fen, line.line)
            yield (bill.value, *values)


def _signed(row: Row) -> int:
    return -row.amount_fen if row.state == OUT else row.amount_fen


async def _compare(tx: Connection, bill: Bill, day: date, matched: Matched, tell: Tell) -> None:
    sums, handled = matched.sums[bill], 0
    pairs = tx.cursor(
        _PAIRS.format(ours=_OURS[bill]),
        day_start(day),
        day_start(day + timedelta(days=1)),
        bill.value,
        prefetch=_BATCH,
        timeout=_TIMEOUT_S,
    )
    async for row in pairs:
        pair = db.typed(row, _Pair)
        ours, theirs = pair.ours, pair.theirs
        if ours is not None:
            sums.ours_lines += 1
            sums.ours_fen += _signed(ours)
        if theirs is not None:
            sums.theirs_lines += 1
            sums.theirs_fen += _signed(theirs)
        kind = difference(bill, ours, theirs)
        if kind is not None:
            matched.found.append(Found(bill, kind, ours, theirs, pair.at, pair.what))
        handled += 1
        if handled % _BATCH == 0:
            tell(bill, _BATCH)
    tell(bill, handled % _BATCH)
