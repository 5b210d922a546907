"""Prove that sold goods exist: pieces of stock, card keys, and coupons that were bought."""

from server.ledger.proofs.proof import GRANTED, Proof

# A refund returns physical goods to stock if it came before shipping, or once an operator put them back. A refund
# returns virtual goods to stock only if their keys were not handed out yet.
_STOCK = f"""
SELECT s.id AS sku_id, s.code, s.stocked_in, s.available, s.reserved, s.sold, w.reserved AS reserved_in_orders,
  f.free AS free_in_flash_sales, w.sold AS sold_in_orders,
  s.stocked_in <> s.available + s.reserved + s.sold OR s.available < 0
    OR s.reserved <> COALESCE(w.reserved, 0) + COALESCE(f.free, 0) OR s.sold <> COALESCE(w.sold, 0) AS wrong
FROM skus s LEFT JOIN (
  SELECT l.sku_id, sum(l.quantity) FILTER (WHERE o.status = 'pending') AS reserved,
    sum(CASE WHEN l.virtual THEN GREATEST(COALESCE(k.pieces, 0), l.quantity - l.refunded_quantity)
      ELSE l.quantity - COALESCE(b.back, 0) END) FILTER (WHERE o.paid_at IS NOT NULL) AS sold
  FROM order_lines l JOIN orders o ON o.id = l.order_id
  LEFT JOIN (SELECT order_line_id, count(*) AS pieces FROM (SELECT order_line_id FROM card_keys
      UNION ALL SELECT order_line_id FROM coupons) h WHERE order_line_id IS NOT NULL
    GROUP BY order_line_id) k ON k.order_line_id = l.id
  LEFT JOIN (SELECT w.order_line_id, sum(w.quantity) AS back FROM refund_lines w JOIN refunds f ON f.id = w.refund_id
      JOIN orders x ON x.id = f.order_id
    WHERE f.state IN {GRANTED} AND (x.shipped_at IS NULL OR f.decided_at < x.shipped_at OR f.restocked_at IS NOT NULL)
    GROUP BY w.order_line_id) b
    ON b.order_line_id = l.id
  GROUP BY l.sku_id) w ON w.sku_id = s.id
LEFT JOIN (SELECT i.sku_id, count(*) AS free FROM flash_units u JOIN flash_items i ON i.id = u.item_id
  WHERE u.order_id IS NULL GROUP BY i.sku_id) f ON f.sku_id = s.id
"""  # noqa: S608 - our own text

_CARD_KEYS = """
SELECT s.id AS sku_id, s.code, s.available, s.reserved, COALESCE(f.free, 0) AS free, COALESCE(w.owed, 0) AS owed,
  COALESCE(f.free, 0) < s.available + s.reserved + COALESCE(w.owed, 0) AS wrong
FROM skus s JOIN products p ON p.id = s.product_id AND p.kind = 'virtual' AND p.coupon_template_id IS NULL
LEFT JOIN (SELECT sku_id, count(*) AS free FROM card_keys WHERE order_line_id IS NULL GROUP BY sku_id) f
  ON f.sku_id = s.id
LEFT JOIN (SELECT l.sku_id, sum(GREATEST(0, l.quantity - l.refunded_quantity - COALESCE(k.keys, 0))) AS owed
  FROM order_lines l JOIN orders o ON o.id = l.order_id AND o.paid_at IS NOT NULL
  LEFT JOIN (SELECT order_line_id, count(*) AS keys FROM card_keys WHERE order_line_id IS NOT NULL
    GROUP BY order_line_id) k ON k.order_line_id = l.id
  WHERE l.virtual GROUP BY l.sku_id) w ON w.sku_id = s.id
"""

# A line of bought coupons never has more live coupons than pieces left, and after receipt not fewer. Refunds took the
# others.
_COUPONS_BOUGHT = """
SELECT l.id AS order_line_id, o.order_no, l.quantity - l.refunded_quantity AS pieces, c.live,
  c.live > l.quantity - l.refunded_quantity OR c.strange > 0
    OR o.virtual AND o.received_at IS NOT NULL AND c.live < l.quantity - l.refunded_quantity AS wrong
FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN products p ON p.id = l.product_id
  CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE taken_by IS NULL) AS live,
      count(*) FILTER (WHERE member_id <> o.member_id OR template_id <> p.coupon_template_id) AS strange
    FROM coupons WHERE order_line_id = l.id) c
WHERE p.coupon_template_id IS NOT NULL
"""

PROOFS: tuple[Proof, ...] = (
    Proof("stock", "库存加占用加售出等于入库", _STOCK),
    Proof("card_keys", "卡密足够交付", _CARD_KEYS),
    Proof("coupons_bought", "买到的优惠券与订单相符", _COUPONS_BOUGHT),
)
