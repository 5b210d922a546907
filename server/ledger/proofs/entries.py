"""Prove that every order and refund has its entries."""

from server.ledger.chart import CNY, POINT
from server.ledger.proofs.proof import GRANTED, Proof
from server.ledger.proofs.scope import Scope


def _entries(kinds: str, owed: str) -> str:
    """Return SQL that compares the entries of `kinds` with those that `owed` requires.

    `owed` selects a key and one amount per shop account, credit-positive.
    """
    return f"""
WITH owed AS ({owed}), posted AS (
  SELECT e.key, COALESCE(sum(l.amount) FILTER (WHERE l.code IN ('wechat_cash', 'paid_by_hand')), 0) AS cash,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'order_hold' AND l.currency = '{CNY}'), 0) AS hold,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'sales'), 0) AS sales,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'refunds_due'), 0) AS due,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'rebate_cost'), 0) AS cost,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'order_hold' AND l.currency = '{POINT}'), 0) AS points_hold,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'points_spent'), 0) AS points_spent
  FROM ledger_entries e LEFT JOIN ledger_lines l ON l.entry_id = e.id WHERE e.kind IN ({kinds}) GROUP BY e.id, e.key)
SELECT COALESCE(o.key, p.key) AS key, p.cash, p.hold, p.sales, p.due, p.cost, p.points_hold, p.points_spent,
  o.key IS NOT NULL AS owed,
  (o.key, o.cash, o.hold, o.sales, o.due, o.cost, o.points_hold, o.points_spent) IS DISTINCT FROM
    (p.key, p.cash, p.hold, p.sales, p.due, p.cost, p.points_hold, p.points_spent) AS wrong
FROM owed o FULL JOIN posted p ON p.key = o.key
"""  # noqa: S608 - our own text


_ORDER_ENTRIES = _entries(
    "'order_hold', 'order_release', 'order_paid'",
    """
  SELECT 'order-placed:' || order_no AS key, 0 AS cash, balance_fen AS hold, 0 AS sales, 0 AS due, 0 AS cost,
      points AS points_hold, 0 AS points_spent
    FROM orders WHERE balance_fen > 0 OR points > 0
  UNION ALL SELECT 'order-closed:' || order_no, 0, -balance_fen, 0, 0, 0, -points, 0
    FROM orders WHERE (balance_fen > 0 OR points > 0) AND status = 'closed'
  UNION ALL SELECT 'order-paid:' || order_no, -cash_due_fen, -balance_fen, cash_due_fen + balance_fen, 0, 0, -points,
      points
    FROM orders WHERE paid_at IS NOT NULL AND (cash_due_fen + balance_fen + points > 0
      OR coupon_id IN (SELECT id FROM coupons c WHERE of_value(ROW(c.*)::public.coupons)))""",
)

_REFUND_ENTRIES = _entries(
    "'refund', 'refund_sent', 'stray_payment'",
    f"""
  SELECT 'refund:' || refund_no AS key, 0 AS cash, 0 AS hold, -(cash_fen + balance_fen + withheld_fen) AS sales,
      cash_fen AS due, withheld_fen AS cost, 0 AS points_hold, -points AS points_spent
    FROM refunds WHERE kind = 'order' AND state IN {GRANTED} AND cash_fen + balance_fen + withheld_fen + points > 0
  UNION ALL SELECT 'refund-sent:' || refund_no, cash_fen, 0, 0, -cash_fen, 0, 0, 0
    FROM refunds WHERE state = 'succeeded' AND cash_fen > 0
  UNION ALL SELECT 'payment-stray:' || transaction_id, -amount_fen, 0, 0, amount_fen, 0, 0, 0
    FROM payments WHERE outcome <> 'settled'""",  # noqa: S608 - our own text
)

PROOFS: tuple[Proof, ...] = (
    Proof("order_entries", "每个订单的分录齐全", _ORDER_ENTRIES, Scope.BUYER),
    Proof("refund_entries", "每笔退款的分录齐全", _REFUND_ENTRIES, Scope.BUYER),
)
