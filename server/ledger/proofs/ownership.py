"""Prove that whatever a member has in the books belongs to the member, and comes from what exists and says the same."""

from server.ledger.proofs.proof import GRANTED, Proof
from server.ledger.proofs.scope import Scope

_OWNERS = """
  SELECT 'order:' || order_no AS subject, member_id FROM orders
  UNION ALL SELECT 'rebate:' || id, member_id FROM rebates
  UNION ALL SELECT 'commission:' || id, member_id FROM commissions
  UNION ALL SELECT 'withdrawal:' || withdrawal_no, member_id FROM withdrawals
  UNION ALL SELECT 'member:' || id, id FROM members
"""
"""The member who owns what an entry is about; the set-based twin of the SQL function ledger_owner."""

_LINES_OWNED = f"""
SELECT l.entry_id, e.key, e.link AS subject, l.member_id, o.member_id AS owner_id,
  o.member_id IS DISTINCT FROM l.member_id AS wrong
FROM (SELECT DISTINCT entry_id, member_id FROM ledger_lines WHERE member_id > 0) l
JOIN ledger_entries e ON e.id = l.entry_id LEFT JOIN ({_OWNERS}) o ON o.subject = e.link
"""  # noqa: S608 - our own text

_SOURCES_OWNED = """
SELECT a.id AS account_id, a.member_id, a.code, a.source, a.balance, o.member_id AS owner_id,
  o.member_id IS DISTINCT FROM a.member_id AS wrong
FROM (SELECT * FROM ledger_accounts WHERE code IN ('frozen', 'debt', 'coupon', 'coupon_used')) a
LEFT JOIN (
  SELECT 'rebate:' || id AS source, member_id FROM rebates
  UNION ALL SELECT 'commission:' || id, member_id FROM commissions
  UNION ALL SELECT 'coupon:' || id, member_id FROM coupons
  UNION ALL SELECT 'points:' || order_id, member_id FROM point_earnings) o ON o.source = a.source
"""

# What a refund withheld for a rebate is no part of the order's own money, see ledger_refuse_excess.
_TAKEN_BACK = """
SELECT e.link AS subject, l.code, l.currency,
  sum(CASE WHEN l.code IN ('commission_cost', 'points_issued', 'rebate_cost') THEN -l.amount ELSE l.amount END) AS rest,
  sum(CASE WHEN l.code IN ('commission_cost', 'points_issued', 'rebate_cost') THEN -l.amount ELSE l.amount END) < 0
    AS wrong
FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
WHERE e.kind NOT LIKE '%coupon%' AND (
  l.code IN ('order_hold', 'sales', 'refunds_due', 'points_spent', 'in_flight', 'commission_cost')
  OR l.code = 'points_issued' AND e.link NOT LIKE 'member:%' OR l.code = 'rebate_cost' AND e.link LIKE 'rebate:%')
GROUP BY e.link, l.code, l.currency
"""

# `must`: the entry has to exist; otherwise it only may. `least` and `most` bound what it gives its member: what was
# taken back later is no longer in the business row.
_REWARDS = """
WITH owed AS (
  SELECT 'rebate:' || r.id || ':stage:' || s.position || ':' || s.id AS key, r.member_id, s.amount_fen > 0 AS must,
      s.amount_fen AS least, NULL::bigint AS most
    FROM rebate_stages s JOIN rebates r ON r.id = s.rebate_id WHERE r.pay_as = 'balance'
  UNION ALL SELECT 'rebate:' || r.id || ':release:' || s.id, r.member_id, s.state = 'settled' AND s.amount_fen > 0,
      CASE s.state WHEN 'settled' THEN s.amount_fen ELSE 0 END, NULL
    FROM rebate_stages s JOIN rebates r ON r.id = s.rebate_id WHERE r.pay_as = 'balance' AND s.state <> 'frozen'
  UNION ALL SELECT 'commission:' || id || ':frozen', member_id, granted_fen > 0, granted_fen, whole_fen FROM commissions
  UNION ALL SELECT 'commission:' || id || ':release', member_id, state = 'settled', granted_fen, whole_fen
    FROM commissions WHERE settled_at IS NOT NULL
  UNION ALL SELECT 'points:' || order_id || ':frozen', member_id, true, granted, granted FROM point_earnings
  UNION ALL SELECT 'points:' || order_id || ':release', member_id, state = 'settled', remaining, granted
    FROM point_earnings WHERE state <> 'frozen'
  UNION ALL SELECT 'check-in:' || member_id || ':' || day, member_id, points > 0, points, points FROM check_ins),
posted AS (
  SELECT e.key, max(l.member_id) AS member_id, sum(CASE
      WHEN e.kind IN ('rebate_release', 'commission_release', 'points_release') THEN GREATEST(l.amount, 0)
      ELSE l.amount END) AS given
  FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id AND l.member_id > 0
  WHERE e.kind IN ('rebate_stage', 'rebate_release', 'commission_frozen', 'commission_release', 'points_frozen',
    'points_release', 'points_check_in') GROUP BY e.id, e.key)
SELECT COALESCE(o.key, p.key) AS key, COALESCE(p.member_id, o.member_id) AS member_id, o.member_id AS owner_id, p.given,
  o.least, o.most, CASE WHEN p.key IS NULL THEN o.must ELSE o.key IS NULL OR o.member_id <> p.member_id
    OR p.given < o.least OR p.given > COALESCE(o.most, p.given) END AS wrong
FROM owed o FULL JOIN posted p ON p.key = o.key WHERE p.key IS NOT NULL OR o.must
"""

_DESTINATIONS = """
SELECT e.id AS entry_id, r.id AS rebate_id, r.member_id, l.code, r.withdrawable,
  l.code <> CASE WHEN r.withdrawable THEN 'withdrawable' ELSE 'spend_only' END
    OR r.withdrawable IS DISTINCT FROM (v.terms ->> 'withdrawable')::boolean
    OR r.pay_as IS DISTINCT FROM v.terms ->> 'pay_as' AS wrong
FROM ledger_entries e JOIN rebates r ON e.link = 'rebate:' || r.id
JOIN ledger_lines l ON l.entry_id = e.id AND l.code IN ('spend_only', 'withdrawable')
LEFT JOIN rule_versions v ON v.version = r.rule_version
WHERE e.kind = 'rebate_release'
"""

# Points by hand have no row of their own: what operators gave a member is what the operators' log says they gave.
_POINTS_BY_HAND = """
SELECT COALESCE(p.member_id, a.member_id) AS member_id, p.points, a.points AS logged,
  COALESCE(p.points, 0) <> COALESCE(a.points, 0) AS wrong
FROM (SELECT l.member_id, sum(l.amount) AS points FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
    AND l.member_id > 0 WHERE e.kind IN ('points_gift', 'points_deduct') GROUP BY l.member_id) p
FULL JOIN (SELECT split_part(subject, ':', 2)::bigint AS member_id, sum((detail ->> 'points')::bigint) AS points
  FROM audit_log WHERE action = 'member.points' GROUP BY subject) a ON a.member_id = p.member_id
"""

# The key of an entry that takes back names the refund, the stage or the rebate that caused it.
_TAKE_BACKS = f"""
SELECT e.id AS entry_id, e.key, e.link AS subject, NOT CASE
    WHEN e.key ~ ':reversal:[0-9]+$' THEN s.state IS NOT DISTINCT FROM 'reversed'
    WHEN e.key ~ ':reversal$' THEN r.state IS NOT DISTINCT FROM 'reversed'
    WHEN e.key ~ ':refund$' THEN EXISTS (SELECT FROM refunds w JOIN orders o ON o.id = w.order_id
      WHERE o.order_no = split_part(e.link, ':', 2) AND w.kind = 'order' AND w.state IN {GRANTED})
    ELSE f.id IS NOT NULL END AS wrong
FROM (SELECT *, substring(key FROM '[^:]*$') AS name FROM ledger_entries
  WHERE kind IN ('rebate_take_back', 'commission_take_back', 'points_take_back', 'coupon_take_back', 'coupon_lower',
    'bought_coupon_take_back', 'coupon_withheld', 'coupon_return')) e
LEFT JOIN refunds f ON f.refund_no = e.name AND f.kind = 'order' AND f.state IN {GRANTED}
LEFT JOIN rebates r ON e.key ~ ':reversal$' AND e.link = 'rebate:' || r.id
LEFT JOIN rebate_stages s ON e.key ~ ':reversal:[0-9]+$' AND s.id::text = e.name AND e.link = 'rebate:' || s.rebate_id
"""  # noqa: S608 - our own text

_POINT_CREDITS = """
SELECT COALESCE(c.source, p.key) AS key, COALESCE(c.member_id, p.member_id) AS member_id, c.points, p.points AS posted,
  c.ends_at, c.id IS NULL OR p.key IS NULL OR (c.member_id, c.points) IS DISTINCT FROM (p.member_id, p.points)
    OR c.ends_at NOT BETWEEN p.at AND p.at + interval '62 months' AS wrong
FROM point_credits c FULL JOIN (
  SELECT e.key, e.posted_at AS at, l.member_id, l.amount AS points
  FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
  WHERE e.kind IN ('points_release', 'points_check_in', 'points_gift') AND l.code = 'points' AND l.member_id > 0) p
  ON p.key = c.source
"""

_GROWTH = """
SELECT g.id AS growth_id, g.member_id, g.key, g.amount, COALESCE(o.member_id, q.referrer_id) AS owner_id,
  CASE WHEN g.kind = 'correction' THEN g.operator IS NULL
    ELSE g.member_id IS DISTINCT FROM COALESCE(o.member_id, q.referrer_id) END AS wrong
FROM growth_entries g LEFT JOIN orders o ON g.source = 'order:' || o.id
LEFT JOIN qualifications q ON g.source = 'qualification:' || q.id
"""

# A level follows from the growth that its member had when it was given; growth of the same moment may be older or
# younger than the level. A level that a year's end left has no moment of its own.
_LEVELS = """
SELECT COALESCE(m.member_id, c.member_id) AS member_id, m.position, c.after, c.growth, g.before, g.until,
  COALESCE(m.position, 0) <> COALESCE(c.after, 0) OR c.after > 0 AND c.growth = 0 OR c.why <> 'year'
    AND c.growth NOT BETWEEN LEAST(g.before, g.until) AND GREATEST(g.before, g.until, 0) AS wrong
FROM member_levels m FULL JOIN (
  SELECT DISTINCT ON (member_id) * FROM level_changes ORDER BY member_id, id DESC) c ON c.member_id = m.member_id
LEFT JOIN (SELECT l.id, COALESCE(sum(g.amount) FILTER (WHERE g.at < l.at), 0) AS before,
    COALESCE(sum(g.amount), 0) AS until
  FROM level_changes l LEFT JOIN growth_entries g ON g.member_id = l.member_id AND g.at <= l.at
    AND g.counts_at > l.at - interval '365 days' AND g.counts_at <= l.at GROUP BY l.id) g ON g.id = c.id
WHERE m.position > 0 OR c.after > 0
"""

_NOTICES = """
SELECT p.id AS payment_id, p.transaction_id, p.order_id, o.order_no, n.out_trade_no,
  n.out_trade_no IS NULL OR n.out_trade_no IS DISTINCT FROM o.order_no AS wrong
FROM payments p LEFT JOIN orders o ON o.id = p.order_id
LEFT JOIN (SELECT DISTINCT transaction_id, out_trade_no FROM payment_notices WHERE mismatch IS NULL) n
  ON n.transaction_id = p.transaction_id
"""

PROOFS: tuple[Proof, ...] = (
    Proof("lines_owned", "会员的分录属于业务对象的会员", _LINES_OWNED, Scope.BUYER),
    Proof("sources_owned", "冻结、待扣和优惠券都有属于本人的来源", _SOURCES_OWNED, Scope.WALLET),
    Proof("taken_back", "收回不超过给出", _TAKEN_BACK, Scope.BUYER),
    Proof("reward_entries", "每笔奖励的分录有对应的业务", _REWARDS, Scope.EARNER),
    Proof("rebate_destinations", "返一到账的去向符合规则", _DESTINATIONS, Scope.EARNER),
    Proof("take_backs", "每笔收回有对应的退款或撤销", _TAKE_BACKS, Scope.EARNER),
    Proof("points_by_hand", "手工积分与操作日志一致", _POINTS_BY_HAND, Scope.BUYER),
    Proof("point_credits", "每笔积分都有来源和到期日", _POINT_CREDITS, Scope.BUYER),
    Proof("growth_owned", "成长值属于订单或好友的会员", _GROWTH, Scope.EARNER),
    Proof("levels", "会员等级由成长值得出", _LEVELS, Scope.EARNER),
    Proof("notices", "每笔收款都有微信通知", _NOTICES, Scope.BUYER),
)
