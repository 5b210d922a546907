"""Prove for the points mall that the counted pieces are those of its orders, and that each order is paid in points."""

from server.ledger.proofs.proof import Proof

_TAKEN = """
SELECT g.id AS points_good_id, g.stock, g.taken, COALESCE(o.pieces, 0) AS pieces,
  g.taken <> COALESCE(o.pieces, 0) OR g.taken > g.stock AS wrong
FROM points_goods g LEFT JOIN (SELECT o.promotion_id, sum(l.quantity) AS pieces
  FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE o.kind = 'points' AND o.status <> 'closed'
  GROUP BY o.promotion_id) o ON o.promotion_id = g.id
"""

_PAID_IN_POINTS = """
SELECT o.id AS order_id, o.order_no, o.points, g.id IS NULL OR o.points = 0 AS wrong
FROM orders o LEFT JOIN points_goods g ON g.id = o.promotion_id WHERE o.kind = 'points'
"""

PROOFS: tuple[Proof, ...] = (
    Proof("points_goods_taken", "积分商品的已兑件数与订单一致", _TAKEN),
    Proof("points_goods_paid", "每个兑换订单都用积分支付", _PAID_IN_POINTS),
)
