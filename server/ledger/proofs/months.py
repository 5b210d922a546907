"""Prove the month's sums by which commissions were decided: they are told again from the orders.

One query brings what happened in the months concerned, in order: orders, teams that succeeded, refunds, and between
them the commissions that took the sum as of their orders' payments. So no order is added up twice.
"""

from datetime import datetime

import msgspec

from server.ledger.proofs.proof import GRANTED
from server.ledger.proofs.replay import Judge, Known, Offender, Replay, reading
from server.ledger.proofs.scope import Scope
from server.rules.commission_months import MonthSum


class _Happened(msgspec.Struct, frozen=True):
    """An order or a refund (`amount_fen`), or a commission (`commission_id`) that was decided by the sum before it."""

    member_id: int
    month: str
    at: datetime
    amount_fen: int = 0
    known_at: datetime | None = None
    commission_id: int | None = None
    order_id: int | None = None
    decided_at: datetime | None = None
    said_fen: int | None = None


_happened_in = msgspec.json.Decoder(_Happened)

# An order counts as in services/commissions: with its goods' cash, from its payment, one of a team from the team's
# success; refunds from when they were granted. At equal times the lower order id is the earlier; a team or a refund of
# the same moment comes after all of them.
# A binding that waited for the end of a payment gave orders their referrer at a time that is not stored: for them
# `known_at` is null.
_MONTHS = f"""
WITH decided AS (
  SELECT c.id, c.member_id, c.order_id, o.paid_at AS at, c.created_at AS decided_at,
    c.explanation -> 'earner' -> 'month_fen' AS said_fen,
    date_trunc('month', o.paid_at AT TIME ZONE 'Asia/Shanghai') AS month
  FROM commissions c JOIN orders o ON o.id = c.order_id JOIN commission_versions v ON v.version = c.version
    AND v.terms -> 'policies' @> '[{{"kind": "ladder", "by": "month"}}]'),
bought AS (
  SELECT m.member_id, m.month, o.id, GREATEST(o.paid_at, t.ended_at) AS at, o.cash_due_fen - o.freight_cash_fen AS fen,
    CASE WHEN t.id IS NULL THEN o.id ELSE {2**63 - 1} END AS place,
    CASE WHEN NOT EXISTS (SELECT FROM public.bindings b JOIN public.orders w ON w.member_id = b.member_id
        AND w.prepay_started_at <= b.valid_from AND (GREATEST(w.paid_at, w.closed_at) < b.valid_from) IS NOT TRUE
      WHERE b.member_id = o.member_id AND b.referrer_id = o.referrer_id AND b.how <> 'correction')
    THEN GREATEST(p.recorded_at, t.ended_at) END AS known_at
  FROM (SELECT DISTINCT member_id, month FROM decided) m
  JOIN public.orders o ON o.referrer_id = m.member_id AND o.paid_at >= m.month AT TIME ZONE 'Asia/Shanghai'
    AND o.paid_at < (m.month + interval '1 month') AT TIME ZONE 'Asia/Shanghai'
  JOIN public.payments p ON p.order_id = o.id AND p.outcome = 'settled'
  LEFT JOIN public.teams t ON t.id = o.team_id WHERE o.team_id IS NULL OR t.state = 'succeeded')
SELECT jsonb_build_object('member_id', member_id, 'month', month, 'at', at, 'amount_fen', fen, 'known_at', known_at)
  || CASE WHEN id IS NULL THEN '{{}}' ELSE jsonb_build_object('commission_id', id, 'order_id', place,
    'decided_at', decided_at, 'said_fen', said_fen) END
FROM (
  SELECT member_id, month, at, order_id AS place, 0 AS fen, NULL AS known_at, id, decided_at, said_fen FROM decided
  UNION ALL SELECT member_id, month, at, place, fen, known_at, NULL, NULL, NULL FROM bought
  UNION ALL SELECT b.member_id, b.month, GREATEST(b.at, f.decided_at), {2**63 - 1}, -w.cash_fen,
    CASE WHEN b.known_at IS NOT NULL THEN GREATEST(b.known_at, f.decided_at) END, NULL, NULL, NULL
  FROM bought b JOIN public.refunds f ON f.order_id = b.id AND f.kind = 'order' AND f.state IN {GRANTED}
  JOIN public.refund_lines w ON w.refund_id = f.id) happened
WHERE $1::timestamptz IS NOT NULL ORDER BY member_id, month, at, place, id NULLS LAST
"""  # noqa: S608 - our own text


def _judge(_known: Known) -> Judge:
    """Return a judge that remembers the sum of the month that is being read."""
    of, summed = (0, ""), MonthSum()

    def judge(one: _Happened) -> Offender | None:
        nonlocal of, summed
        if of != (one.member_id, one.month):
            of, summed = (one.member_id, one.month), MonthSum()
        if one.decided_at is None:
            summed.add(one.at, one.amount_fen, one.known_at)
            return None
        least_fen, most_fen = summed.bounds(one.at, one.decided_at)
        if one.said_fen is not None and least_fen <= one.said_fen <= most_fen:
            return None
        return {
            "commission_id": one.commission_id,
            "order_id": one.order_id,
            "member_id": one.member_id,
            "month_fen": one.said_fen,
            "least_fen": least_fen,
            "most_fen": most_fen,
        }

    return reading(_happened_in, judge)


REPLAYS: tuple[Replay, ...] = (
    Replay("commission_months", "按月阶梯的当月推荐额由订单得出", _MONTHS, Scope.EARNER, _judge),
)
