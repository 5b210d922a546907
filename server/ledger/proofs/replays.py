"""Prove entitlement: what was granted is what rules/ gives, from the facts that were stored with it and its orders.

No rule is written a second time in SQL: rows are streamed through the functions that decided them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from server.db import Connection
from server.ledger.proofs.scope import Scope
from server.rules import commissions
from server.rules.commissions import CommissionTerms, Earner, Line, LineNow

Offender = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """The terms of every version, and when it was published."""

    commissions: Mapping[int, CommissionTerms]
    published: tuple[tuple[int, datetime], ...]
    """Versions of the commission policies, newest first."""


@dataclass(frozen=True, slots=True)
class Replay:
    """One named check of rows, each by a rule. The query returns one JSON value a row, and takes no parameters."""

    name: str
    title: str
    sql: str
    scope: Scope
    judge: Callable[[Known, bytes], Offender | None]
    """Return what is wrong with a row; None if nothing is."""


async def known(reader: Connection) -> Known:
    """Read the terms of all versions."""
    rows = await reader.fetch("SELECT version, terms, published_at FROM commission_versions ORDER BY version DESC")
    return Known(
        {row["version"]: msgspec.json.decode(row["terms"], type=CommissionTerms) for row in rows},
        tuple((row["version"], row["published_at"]) for row in rows),
    )


class _Line(msgspec.Struct, frozen=True):
    id: int
    product_id: int
    category_id: int
    quantity: int
    cash_fen: int
    net_fen: int


class _Part(msgspec.Struct, frozen=True):
    line_id: int
    amount_fen: int


class _Earner(msgspec.Struct, frozen=True):
    member_level: int
    month_fen: int
    bonus_bp: int


class _Explanation(msgspec.Struct, frozen=True):
    lines: tuple[_Part, ...]
    earner: _Earner | None = None


class _Granted(msgspec.Struct, frozen=True):
    id: int
    level: int
    version: int
    whole_fen: int
    granted_fen: int
    explanation: _Explanation


class _Order(msgspec.Struct, frozen=True):
    order_id: int
    paid_at: datetime
    lines: tuple[_Line, ...]
    granted: tuple[_Granted, ...]


_order_in = msgspec.json.Decoder(_Order)

_COMMISSIONS = """
SELECT jsonb_build_object('order_id', o.id, 'paid_at', o.paid_at, 'lines', l.lines, 'granted', c.granted)
FROM (SELECT order_id, jsonb_agg(jsonb_build_object('id', id, 'level', level, 'version', version,
    'whole_fen', whole_fen, 'granted_fen', granted_fen, 'explanation', explanation) ORDER BY level) AS granted
  FROM commissions GROUP BY order_id) c
JOIN orders o ON o.id = c.order_id
JOIN (SELECT order_id, jsonb_agg(jsonb_build_object('id', id, 'product_id', product_id, 'category_id', category_id,
    'quantity', quantity, 'cash_fen', cash_fen, 'net_fen', cash_fen - refunded_cash_fen) ORDER BY position) AS lines
  FROM order_lines WHERE order_id IN (SELECT order_id FROM commissions) GROUP BY order_id) l ON l.order_id = o.id
"""


def _version_at(known: Known, paid_at: datetime) -> int | None:
    """Return the version in force when an order was paid; one published in the same second does not apply yet."""
    second = paid_at.replace(microsecond=0)
    return next((version for version, published_at in known.published if published_at < second), None)


def _judge_commissions(known: Known, row: bytes) -> Offender | None:
    order = _order_in.decode(row)
    terms = known.commissions.get(order.granted[0].version)
    said = {one.level: (one.whole_fen, one.granted_fen) for one in order.granted}
    due: dict[int, tuple[int, int]] = {}
    if terms is not None:
        due = _due(terms, order)
    versions = {one.version for one in order.granted}
    if said == due and versions == {_version_at(known, order.paid_at)}:
        return None
    return {"order_id": order.order_id, "commission_ids": [one.id for one in order.granted], "said": said, "due": due}


def _due(terms: CommissionTerms, order: _Order) -> dict[int, tuple[int, int]]:
    """Return what each level earns: as decided at payment, and what refunds left of it."""
    earners = [
        Earner(one.level, earner.member_level, earner.month_fen, earner.bonus_bp)
        for one in order.granted
        if (earner := one.explanation.earner) is not None
    ]
    paid = [Line(line.id, line.product_id, line.category_id, line.quantity, line.cash_fen) for line in order.lines]
    grants = commissions.decide(terms, paid, earners)
    parts = [{line.line_id: line.amount_fen for line in grant.lines} for grant in grants]
    now = [LineNow(line.id, line.cash_fen, line.net_fen) for line in order.lines]
    left = commissions.remaining(terms.commission_cap_bp, parts, now)
    return {grant.level: (grant.whole_fen, fen) for grant, fen in zip(grants, left, strict=True)}


REPLAYS: tuple[Replay, ...] = (
    Replay("commissions_due", "每笔佣金等于策略应给的金额", _COMMISSIONS, Scope.EARNER, _judge_commissions),
)
