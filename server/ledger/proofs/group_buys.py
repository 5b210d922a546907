"""Prove that seats match orders, that pieces are counted, and that only successful teams earn rewards."""

from server.ledger.proofs.proof import Proof
from server.rules.orders import SETTLED_STATES, in_sql

# Jobs refund the orders of a failed team. Until then these orders stay `teaming`.
_TEAMS = f"""
SELECT t.id AS team_id, t.state, t.size, t.taken, t.paid, t.filled, COALESCE(o.seats, 0) AS seats,
  COALESCE(o.paid, 0) AS paid_orders,
  t.taken <> COALESCE(o.seats, 0) OR t.paid <> COALESCE(o.paid, 0) OR t.taken + t.filled > t.size
    OR COALESCE(o.members <> o.seats, false) OR (t.state = 'succeeded') <> (t.paid + t.filled = t.size)
    OR CASE t.state WHEN 'succeeded' THEN o.waiting > 0 WHEN 'failed' THEN o.pending > 0 OR o.going_on > 0
         ELSE o.going_on > 0 OR o.refunded > 0 END IS TRUE AS wrong
FROM teams t LEFT JOIN (SELECT team_id, count(*) AS seats, count(DISTINCT member_id) AS members,
    count(paid_at) AS paid, count(*) FILTER (WHERE status = 'pending') AS pending,
    count(*) FILTER (WHERE status IN ('pending', 'teaming')) AS waiting,
    count(*) FILTER (WHERE status = 'refunded') AS refunded,
    count(*) FILTER (WHERE status IN ({in_sql(SETTLED_STATES)})) AS going_on
  FROM orders WHERE team_id IS NOT NULL AND status <> 'closed' GROUP BY team_id) o ON o.team_id = t.id
"""  # noqa: S608 - our own states

_ACTIVITIES = """
SELECT g.id AS group_buy_id, g.taken, COALESCE(s.pieces, 0) AS pieces, g.stock_limit,
  g.taken <> COALESCE(s.pieces, 0) OR COALESCE(g.taken > g.stock_limit, false) AS wrong
FROM group_buys g LEFT JOIN (SELECT t.group_buy_id, sum(l.quantity) AS pieces FROM teams t
    JOIN orders o ON o.team_id = t.id AND o.status <> 'closed' JOIN order_lines l ON l.order_id = o.id
  WHERE t.state <> 'failed' GROUP BY t.group_buy_id) s ON s.group_buy_id = g.id
"""

_REWARDS = """
SELECT o.id AS order_id, o.team_id, t.state, q.live, q.counting, c.commissions,
  o.kind <> 'group_buy' OR o.team_id IS NULL OR t.id IS NULL
    OR (t.state <> 'succeeded' AND (COALESCE(q.counting, 0) > 0 OR COALESCE(c.commissions, 0) > 0))
    OR (t.state = 'failed' AND o.status = 'refunded' AND COALESCE(q.live, 0) > 0) AS wrong
FROM orders o LEFT JOIN teams t ON t.id = o.team_id
LEFT JOIN (SELECT order_id, count(*) FILTER (WHERE state <> 'void') AS live,
    count(*) FILTER (WHERE state IN ('held', 'counted', 'consumed')) AS counting
  FROM qualifications GROUP BY order_id) q ON q.order_id = o.id
LEFT JOIN (SELECT order_id, count(*) AS commissions FROM commissions GROUP BY order_id) c ON c.order_id = o.id
WHERE o.kind = 'group_buy' OR o.team_id IS NOT NULL
"""

PROOFS: tuple[Proof, ...] = (
    Proof("teams", "团的位置与订单一致，付款人数不超过团的大小", _TEAMS),
    Proof("group_buys", "拼团件数与订单一致，不超过限量", _ACTIVITIES),
    Proof("team_rewards", "未成团的订单没有推荐和佣金", _REWARDS),
)
