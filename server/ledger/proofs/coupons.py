"""Prove that each coupon is used once, and that the counts of issued coupons are right."""

from server.ledger.proofs.proof import GRANTED, Proof
from server.ledger.proofs.scope import Scope

_ISSUED = """
SELECT t.id AS template_id, NULL::bigint AS issue_id, t.claimed AS said, COALESCE(c.n, 0) AS issued, t.total,
  t.claimed <> COALESCE(c.n, 0) OR COALESCE(c.n > t.total, false) AS wrong
FROM coupon_templates t LEFT JOIN (
  SELECT template_id, count(*) AS n FROM coupons WHERE template_id IS NOT NULL GROUP BY template_id) c
  ON c.template_id = t.id
UNION ALL SELECT i.template_id, i.id, i.issued, COALESCE(c.n, 0), NULL, i.issued <> COALESCE(c.n, 0)
FROM coupon_issues i LEFT JOIN (
  SELECT issue_id, count(*) AS n FROM coupons WHERE issue_id IS NOT NULL GROUP BY issue_id) c ON c.issue_id = i.id
"""

# The refund of a whole order returns its coupon. An order that was refunded piece by piece does not.
_COUPONS = f"""
SELECT COALESCE(o.coupon_id, c.id) AS coupon_id, COALESCE(o.id, c.order_id) AS order_id, o.held AS expected, c.state,
  (o.held, o.off) IS DISTINCT FROM (c.state, c.discount_fen) AS wrong
FROM (SELECT o.id, o.coupon_id, CASE o.status WHEN 'pending' THEN 'locked' ELSE 'used' END AS held, l.off
  FROM orders o
  LEFT JOIN (SELECT order_id, sum(coupon_fen) AS off FROM order_lines GROUP BY order_id) l ON l.order_id = o.id
  WHERE o.coupon_id IS NOT NULL AND o.status <> 'closed' AND NOT EXISTS (
    SELECT 1 FROM refunds WHERE order_id = o.id AND kind = 'order' AND whole AND state IN {GRANTED})) o
FULL JOIN (SELECT * FROM coupons WHERE state IN ('locked', 'used')) c ON c.id = o.coupon_id AND c.order_id = o.id
"""  # noqa: S608 - our own text

# A percentage has no worth before it is used. A used coupon may have been taken back in part.
_VALUES = """
SELECT COALESCE(c.id, a.coupon_id) AS coupon_id, COALESCE(c.member_id, a.member_id) AS member_id, c.state, c.amount_fen,
  c.discount_fen, a.can, a.used,
  c.id IS NULL OR COALESCE(a.member_id, c.member_id) <> c.member_id
    OR COALESCE(a.can, 0) <> CASE WHEN c.state IN ('unused', 'locked') THEN c.amount_fen ELSE 0 END
    OR COALESCE(a.used, 0) NOT BETWEEN 0 AND CASE WHEN c.state = 'used' THEN c.discount_fen ELSE 0 END
    OR c.state = 'used' AND c.taken_at IS NULL AND COALESCE(a.used, 0) < LEAST(c.discount_fen, c.amount_fen)
      AND c.off_bp = 0 AS wrong
FROM (SELECT * FROM coupons c WHERE of_value(ROW(c.*)::public.coupons)) c
FULL JOIN (SELECT split_part(source, ':', 2)::bigint AS coupon_id, min(member_id) AS member_id,
    COALESCE(sum(balance) FILTER (WHERE code = 'coupon'), 0) AS can,
    COALESCE(sum(balance) FILTER (WHERE code = 'coupon_used'), 0) AS used
  FROM ledger_accounts WHERE code IN ('coupon', 'coupon_used') GROUP BY 1) a ON a.coupon_id = c.id
"""

# A stage that is paid as a coupon has one coupon, worth the stage; a stage that was taken back has none that counts.
_REBATE_COUPONS = """
SELECT COALESCE(s.source, c.source) AS source, COALESCE(s.member_id, c.member_id) AS member_id, c.id AS coupon_id,
  s.amount_fen AS stage_fen, c.amount_fen, c.state, CASE
    WHEN s.source IS NULL THEN true
    WHEN c.id IS NULL THEN s.settled AND s.amount_fen > 0
    WHEN s.settled AND s.amount_fen > 0 THEN c.state = 'void' OR (c.member_id, c.amount_fen, c.threshold_fen)
      IS DISTINCT FROM (s.member_id, s.amount_fen, s.threshold_fen)
      OR c.expires_at > c.created_at + s.days * interval '1 day'
    ELSE c.taken_at IS NULL AND c.state <> 'void' END AS wrong
FROM (SELECT 'rebate:' || r.id || ':stage:' || s.id AS source, r.member_id, s.amount_fen,
    s.state = 'settled' AS settled, (v.terms ->> 'coupon_threshold_fen')::bigint AS threshold_fen,
    (v.terms ->> 'coupon_days')::int AS days
  FROM rebate_stages s JOIN rebates r ON r.id = s.rebate_id LEFT JOIN rule_versions v ON v.version = r.rule_version
  WHERE r.pay_as = 'coupon' AND s.state <> 'frozen') s
FULL JOIN (SELECT * FROM coupons WHERE source LIKE 'rebate:%') c ON c.source = s.source
"""

PROOFS: tuple[Proof, ...] = (
    Proof("coupons", "优惠券只用于一个订单", _COUPONS, Scope.BUYER),
    Proof("coupons_issued", "优惠券发放数量与总量相符", _ISSUED),
    Proof("rebate_coupons", "以券返还的每一期都有等值的券", _REBATE_COUPONS, Scope.EARNER),
    Proof("coupon_values", "返还和购买的优惠券与账目一致", _VALUES, Scope.WALLET),
)
