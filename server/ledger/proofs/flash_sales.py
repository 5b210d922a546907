"""Prove that the pieces and purchase limits of flash sales are right."""

from server.ledger.proofs.proof import Proof

# Free + held + sold + returned = stock. Each piece that is not free belongs to a live order, the one it names.
_FLASH_PIECES = """
SELECT i.id AS item_id, i.stock, i.returned, COALESCE(u.free, 0) AS free, COALESCE(u.held, 0) AS held,
  COALESCE(u.sold, 0) AS sold, i.stock - i.returned <> COALESCE(u.pieces, 0) OR COALESCE(u.wrong, false)
    OR (s.settled_at IS NOT NULL AND COALESCE(u.free, 0) > 0) AS wrong
FROM flash_items i JOIN flash_sales s ON s.id = i.sale_id
LEFT JOIN (SELECT u.item_id, count(*) AS pieces, count(*) FILTER (WHERE u.order_id IS NULL) AS free,
    count(*) FILTER (WHERE u.order_id IS NOT NULL AND NOT u.sold) AS held, count(*) FILTER (WHERE u.sold) AS sold,
    bool_or(u.order_id IS NOT NULL AND (o.promotion_id IS DISTINCT FROM u.item_id OR o.kind <> 'flash_sale'
      OR o.status = 'closed' OR u.sold <> (o.paid_at IS NOT NULL))) AS wrong
  FROM flash_units u LEFT JOIN orders o ON o.id = u.order_id GROUP BY u.item_id) u ON u.item_id = i.id
"""

# Each order holds the pieces that it is for; a closed order holds none.
_FLASH_ORDERS = """
SELECT o.id AS order_id, o.order_no, o.wanted, COALESCE(u.pieces, 0) AS pieces,
  o.wanted IS DISTINCT FROM COALESCE(u.pieces, 0) AS wrong
FROM (SELECT o.id, o.order_no, CASE o.status WHEN 'closed' THEN 0 ELSE sum(l.quantity) END AS wanted
  FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE o.kind = 'flash_sale' GROUP BY o.id) o
LEFT JOIN (SELECT order_id, count(*) AS pieces FROM flash_units GROUP BY order_id) u ON u.order_id = o.id
"""

# The tally of what a member took of an item equals the pieces that the member's orders hold.
_FLASH_LIMITS = """
SELECT COALESCE(t.item_id, u.item_id) AS item_id, COALESCE(t.member_id, u.member_id) AS member_id, t.taken, u.pieces,
  COALESCE(t.taken, 0) <> COALESCE(u.pieces, 0) AS wrong
FROM flash_tallies t FULL JOIN (SELECT u.item_id, o.member_id, count(*) AS pieces
  FROM flash_units u JOIN orders o ON o.id = u.order_id GROUP BY u.item_id, o.member_id) u
  ON u.item_id = t.item_id AND u.member_id = t.member_id
"""

PROOFS: tuple[Proof, ...] = (
    Proof("flash_pieces", "秒杀剩余加占用加售出加退回等于库存", _FLASH_PIECES),
    Proof("flash_orders", "每个秒杀订单占有自己的件数", _FLASH_ORDERS),
    Proof("flash_limits", "秒杀限购计数与订单一致", _FLASH_LIMITS),
)
