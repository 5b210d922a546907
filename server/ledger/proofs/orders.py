"""Prove that the sums of orders, refunds and payments agree."""

from server.ledger.proofs.proof import GRANTED, Proof
from server.ledger.proofs.scope import Scope

_ORDER_AMOUNTS = """
SELECT o.id AS order_id, o.order_no, o.items_fen, d.off AS discounts_fen, o.freight_fen, o.balance_fen, o.cash_due_fen,
  (o.items_fen - d.off + o.freight_fen - o.balance_fen, l.items, l.off, l.cash + o.freight_cash_fen,
    l.balance + o.freight_fen - o.freight_cash_fen, l.points, l.points_back)
  IS DISTINCT FROM (o.cash_due_fen, o.items_fen, d.off, o.cash_due_fen, o.balance_fen, o.points, o.refunded_points)
  OR l.withdrawable > o.withdrawable_fen AS wrong
FROM orders o CROSS JOIN LATERAL (
  SELECT COALESCE(sum((j ->> 'amount_fen')::bigint), 0) AS off FROM jsonb_array_elements(o.discounts) j) d
LEFT JOIN (SELECT order_id, sum(amount_fen) AS items, sum(discount_fen + coupon_fen + points_fen) AS off,
    sum(cash_fen) AS cash, sum(balance_fen) AS balance, sum(withdrawable_fen) AS withdrawable, sum(points) AS points,
    sum(refunded_points) AS points_back
  FROM order_lines GROUP BY order_id) l ON l.order_id = o.id
"""

_REFUNDS_OF_ORDERS = f"""
SELECT o.id AS order_id, o.order_no, o.cash_due_fen, o.balance_fen, o.refunded_cash_fen, o.refunded_balance_fen,
  r.granted AS granted_fen,
  (o.refunded_cash_fen + o.refunded_balance_fen, o.refunded_cash_fen)
    IS DISTINCT FROM (COALESCE(r.granted, 0), l.cash + o.refunded_freight_fen)
  OR o.refunded_balance_fen - l.balance NOT BETWEEN 0 AND o.freight_fen - o.freight_cash_fen
  OR o.refunded_cash_fen > o.cash_due_fen OR o.refunded_balance_fen > o.balance_fen
  OR (r.granted IS NOT NULL AND o.paid_at IS NULL) OR (o.status = 'refunded') IS DISTINCT FROM l.gone AS wrong
FROM orders o
LEFT JOIN (SELECT order_id, sum(refunded_cash_fen) AS cash, sum(refunded_balance_fen) AS balance,
    bool_and(refunded_quantity = quantity) AS gone FROM order_lines GROUP BY order_id) l ON l.order_id = o.id
LEFT JOIN (SELECT order_id, sum(cash_fen + balance_fen + withheld_fen) AS granted FROM refunds
  WHERE kind = 'order' AND state IN {GRANTED} GROUP BY order_id) r ON r.order_id = o.id
"""  # noqa: S608 - our own text

_REFUNDS_OF_LINES = f"""
SELECT l.id AS order_line_id, l.order_id, l.quantity, l.refunded_quantity, r.quantity AS granted_quantity,
  (l.refunded_quantity, l.refunded_cash_fen, l.refunded_balance_fen, l.refunded_withdrawable_fen, l.refunded_points)
    IS DISTINCT FROM (COALESCE(r.quantity, 0), COALESCE(r.cash, 0), COALESCE(r.balance, 0), COALESCE(r.withdrawable, 0),
      COALESCE(r.points, 0))
  OR l.refunded_quantity > l.quantity OR l.refunded_cash_fen > l.cash_fen OR l.refunded_balance_fen > l.balance_fen
    AS wrong
FROM order_lines l LEFT JOIN (SELECT w.order_line_id, sum(w.quantity) AS quantity, sum(w.cash_fen) AS cash,
    sum(w.balance_fen) AS balance, sum(w.withdrawable_fen) AS withdrawable, sum(w.points) AS points
  FROM refund_lines w JOIN refunds f ON f.id = w.refund_id WHERE f.state IN {GRANTED} GROUP BY w.order_line_id) r
  ON r.order_line_id = l.id
"""  # noqa: S608 - our own text

_PAYMENTS = """
SELECT o.id AS order_id, o.order_no, o.cash_due_fen, p.amount_fen, p.transaction_id,
  (o.transaction_id, o.cash_due_fen) IS DISTINCT FROM (p.transaction_id, COALESCE(p.amount_fen, 0)) AS wrong
FROM (SELECT * FROM orders WHERE paid_at IS NOT NULL) o
FULL JOIN (SELECT * FROM payments WHERE outcome = 'settled') p ON p.order_id = o.id
"""

_PAYMENT_REFUNDS = f"""
SELECT p.id AS payment_id, p.transaction_id, p.outcome, p.amount_fen, r.back AS back_fen,
  COALESCE(r.back, 0) > p.amount_fen
  OR (p.outcome <> 'settled' AND (r.back, r.strays) IS DISTINCT FROM (p.amount_fen::numeric, 1::bigint)) AS wrong
FROM payments p LEFT JOIN (SELECT payment_id, sum(cash_fen) AS back, count(*) FILTER (WHERE kind = 'stray') AS strays
  FROM refunds WHERE state IN {GRANTED} GROUP BY payment_id) r ON r.payment_id = p.id
"""  # noqa: S608 - our own text

PROOFS: tuple[Proof, ...] = (
    Proof("order_amounts", "订单金额加总一致", _ORDER_AMOUNTS, Scope.BUYER),
    Proof("refunds_of_orders", "订单退款不超过实付", _REFUNDS_OF_ORDERS, Scope.BUYER),
    Proof("refunds_of_lines", "商品行退款不超过实付", _REFUNDS_OF_LINES, Scope.BUYER),
    Proof("payments", "已付订单与微信收款一致", _PAYMENTS, Scope.BUYER),
    Proof("payment_refunds", "重复与超时支付已退款", _PAYMENT_REFUNDS, Scope.BUYER),
)
