"""Prove that nothing is earned twice, too much or without its entries: qualifications, rebates, commissions."""

from server.ledger.proofs.proof import GRANTED, Proof
from server.ledger.proofs.scope import Scope

_ORDER_RETURNED_ONCE = """
SELECT r.order_id, array_agg(r.id ORDER BY r.id) AS rebate_ids,
  count(*) > 1 OR bool_or(o.id IS NULL OR o.member_id <> r.member_id OR o.paid_at IS NULL OR o.status = 'refunded')
    AS wrong
FROM rebates r LEFT JOIN orders o ON o.id = r.order_id WHERE r.state <> 'reversed' GROUP BY r.order_id
"""

_REFEREE_QUALIFIES_ONCE = """
SELECT q.referee_id, array_agg(q.id ORDER BY q.id) AS qualification_ids,
  count(*) > 1 OR bool_or(o.id IS NULL OR o.member_id <> q.referee_id OR o.paid_at IS NULL OR o.status = 'refunded')
    AS wrong
FROM qualifications q LEFT JOIN orders o ON o.id = q.order_id WHERE q.state <> 'void' GROUP BY q.referee_id
"""

_REBATE_QUALIFICATIONS = """
SELECT COALESCE(r.id, q.rebate_id) AS rebate_id, r.required, q.consumed, s.stages, r.whole_fen, r.granted_fen,
  s.total AS stages_fen, r.id IS NULL OR q.consumed IS DISTINCT FROM s.stages OR s.last IS DISTINCT FROM s.stages
    OR s.stages > r.required OR q.mine IS NOT TRUE OR r.granted_fen IS DISTINCT FROM s.total
    OR r.granted_fen > r.whole_fen OR (r.state = 'settled') <> (s.settled = r.required) AS wrong
FROM (SELECT * FROM rebates WHERE state <> 'reversed') r
FULL JOIN (SELECT q.rebate_id, count(*) AS consumed, bool_and(q.referrer_id = w.member_id) AS mine
  FROM qualifications q LEFT JOIN rebates w ON w.id = q.rebate_id WHERE q.state = 'consumed' GROUP BY q.rebate_id) q
  ON q.rebate_id = r.id
LEFT JOIN (SELECT rebate_id, count(*) AS stages, count(*) FILTER (WHERE state = 'settled') AS settled,
    max(position) AS last, sum(amount_fen) AS total
  FROM rebate_stages WHERE state <> 'reversed' GROUP BY rebate_id) s ON s.rebate_id = r.id
"""

# The order's snapshot says who referred its buyer when it was paid.
_QUALIFICATION_ORDERS = """
SELECT q.id AS qualification_id, q.order_id, q.referee_id, q.referrer_id AS member_id, o.referrer_id AS snapshot_id,
  (q.referee_id, q.referrer_id, q.paid_at, true) IS DISTINCT FROM (o.member_id, o.referrer_id, o.paid_at,
    o.for_qualification) OR v.version IS NULL OR q.referee_id = q.referrer_id AS wrong
FROM qualifications q LEFT JOIN orders o ON o.id = q.order_id LEFT JOIN rule_versions v ON v.version = q.rule_version
"""

# A rebate never makes a month exceed the cap of its version; rebates that were reversed since gave theirs back.
_MONTH_CAPS = """
SELECT r.id AS rebate_id, r.member_id, r.month_fen, v.terms ->> 'member_month_cap_fen' AS cap_fen, r.cycles,
  COALESCE(r.month_fen > (v.terms ->> 'member_month_cap_fen')::bigint, false)
    OR COALESCE(r.cycles > (v.terms ->> 'max_cycles')::bigint, false) AS wrong
FROM (SELECT id, member_id, rule_version, count(*) OVER (PARTITION BY member_id ORDER BY id) AS cycles,
    sum(whole_fen) OVER (PARTITION BY member_id, date_trunc('month', closed_at AT TIME ZONE 'Asia/Shanghai')
      ORDER BY id) AS month_fen
  FROM rebates WHERE state <> 'reversed') r
JOIN rule_versions v ON v.version = r.rule_version
"""

_BUDGET = """
SELECT v.version, v.budget_used_fen, COALESCE(r.granted, 0) AS rebates_fen, v.budget_used_fen
    <> CASE WHEN v.terms ->> 'budget_fen' IS NULL THEN 0 ELSE COALESCE(r.granted, 0) END
  OR v.budget_used_fen > COALESCE((v.terms ->> 'budget_fen')::bigint, 0) AS wrong
FROM rule_versions v LEFT JOIN (SELECT rule_version, sum(granted_fen) AS granted FROM rebates WHERE state <> 'reversed'
  GROUP BY rule_version) r ON r.rule_version = v.version
"""

# If the wallet could not give all of a rebate back, the rest was withheld from the refund of its order.
_REBATE_ENTRIES = f"""
SELECT COALESCE(r.order_id, p.order_id) AS order_id, r.owed AS owed_fen, p.cost AS cost_fen,
  COALESCE(r.owed, 0) <> COALESCE(p.cost, 0) AS wrong
FROM (SELECT r.order_id, sum(r.granted_fen) + COALESCE((SELECT sum(withheld_fen) FROM refunds f
      WHERE f.order_id = r.order_id AND f.kind = 'order' AND f.state IN {GRANTED}), 0) AS owed
  FROM rebates r GROUP BY r.order_id HAVING bool_and(r.pay_as = 'balance')) r
FULL JOIN (SELECT r.order_id, -sum(l.amount) AS cost
  FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id AND l.code = 'rebate_cost'
  LEFT JOIN rebates r ON e.link = 'rebate:' || r.id WHERE e.kind IN ('rebate_stage', 'rebate_take_back')
    AND (r.id IS NULL OR NOT EXISTS (SELECT FROM rebates c WHERE c.order_id = r.order_id AND c.pay_as <> 'balance'))
  GROUP BY r.order_id) p ON p.order_id = r.order_id
"""  # noqa: S608 - our own text

_COMMISSIONS = """
SELECT c.id AS commission_id, c.order_id, c.member_id, c.granted_fen, p.link, p.cost AS cost_fen,
  c.id IS NULL OR c.granted_fen <> COALESCE(p.cost, 0) OR o.id IS NULL OR o.paid_at IS NULL
    OR c.member_id IS DISTINCT FROM CASE c.level WHEN 1 THEN o.referrer_id ELSE o.ancestor2_id END
    OR c.whole_fen <> (SELECT sum((l ->> 'amount_fen')::bigint) FROM jsonb_array_elements(c.explanation -> 'lines') l)
  AS wrong
FROM commissions c
FULL JOIN (SELECT e.link, -sum(l.amount) AS cost FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
  WHERE l.code = 'commission_cost' GROUP BY e.link) p ON p.link = 'commission:' || c.id
LEFT JOIN orders o ON o.id = c.order_id
"""

_COMMISSION_CAP = """
SELECT c.order_id, c.granted AS granted_fen, l.net AS net_fen, c.cap AS commission_cap_bp,
  c.depth > c.allowed OR (c.granted * 10000 <= l.net * c.cap) IS NOT TRUE AS wrong
FROM (SELECT c.order_id, sum(c.granted_fen) AS granted, max(c.level) AS depth,
    max((v.terms ->> 'depth')::int) AS allowed, max((v.terms ->> 'commission_cap_bp')::bigint) AS cap
  FROM commissions c LEFT JOIN commission_versions v ON v.version = c.version GROUP BY c.order_id) c
LEFT JOIN (SELECT order_id, sum(cash_fen - refunded_cash_fen) AS net FROM order_lines GROUP BY order_id) l
  ON l.order_id = c.order_id
"""

_POINTS_FROZEN = """
SELECT COALESCE(a.source, e.source) AS source, COALESCE(a.member_id, e.member_id) AS member_id, a.balance, e.remaining,
  COALESCE(a.balance, 0) <> COALESCE(e.remaining, 0) AS wrong
FROM (SELECT source, member_id, balance FROM ledger_accounts
    WHERE code = 'frozen' AND member_id > 0 AND currency = 'POINT') a
FULL JOIN (SELECT 'points:' || order_id AS source, member_id, remaining FROM point_earnings WHERE state = 'frozen') e
  ON e.source = a.source AND e.member_id = a.member_id
"""

_POINTS_END = """
SELECT a.member_id, a.balance, c.live, a.balance > COALESCE(c.live, 0) AS wrong
FROM (SELECT member_id, balance FROM ledger_accounts WHERE code = 'points' AND member_id > 0 AND currency = 'POINT') a
LEFT JOIN (SELECT member_id, sum(points) AS live FROM point_credits WHERE NOT settled GROUP BY member_id) c
  ON c.member_id = a.member_id
"""

PROOFS: tuple[Proof, ...] = (
    Proof("order_returned_once", "一个订单最多返一次", _ORDER_RETURNED_ONCE, Scope.EARNER),
    Proof("referee_qualifies_once", "一位好友最多一次有效推荐", _REFEREE_QUALIFIES_ONCE, Scope.EARNER),
    Proof("rebate_qualifications", "返一与所消耗的推荐一致", _REBATE_QUALIFICATIONS, Scope.EARNER),
    Proof("qualification_orders", "有效推荐与订单付款时的推荐人一致", _QUALIFICATION_ORDERS, Scope.EARNER),
    Proof("month_caps", "每月返还和轮次不超过规则上限", _MONTH_CAPS, Scope.EARNER),
    Proof("budget", "规则预算等于有效返一", _BUDGET),
    Proof("rebate_entries", "每笔返一的分录与金额一致", _REBATE_ENTRIES, Scope.EARNER),
    Proof("commissions", "每笔佣金与分录及说明一致", _COMMISSIONS, Scope.EARNER),
    Proof("points_frozen", "冻结积分等于未到账的购物积分", _POINTS_FROZEN, Scope.WALLET),
    Proof("points_end", "积分余额都有未到期的来源", _POINTS_END, Scope.WALLET),
    Proof("commission_cap", "订单佣金不超过层级与上限", _COMMISSION_CAP, Scope.EARNER),
)
