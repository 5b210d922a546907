"""Prove that nothing rests that could move: money whose time came, orders, refunds, withdrawals, jobs.

`$2` is the moment since which the scheduler has run long enough to have done everything that was due by then. So a
worker that slept, or a clock that was moved, makes no offender. What a refund, a review, a block or a budget holds may
rest.
"""

from server.ledger.proofs.operators import default_of
from server.ledger.proofs.proof import Proof
from server.ledger.proofs.scope import Scope

_DAYS = """(now.at - COALESCE((SELECT (terms ->> '{name}')::int FROM shop_policy), {default}) * interval '1 day')"""


def _ago(name: str) -> str:
    """Return SQL for the latest moment whose period of the shop's policy was over at `$2`."""
    return _DAYS.format(name=name, default=default_of(name))


_ORDERS = f"""
SELECT o.id AS order_id, o.order_no, o.member_id, o.status, CASE o.status
    WHEN 'pending' THEN o.expires_at < now.at
    WHEN 'shipped' THEN o.shipped_at < {_ago("receive_days")} AND NOT refund_holds(o.id)
    ELSE o.received_at < {_ago("refund_days")} AND NOT refund_holds(o.id) END AS wrong
FROM orders o CROSS JOIN (SELECT $2::timestamptz AS at) now WHERE o.status IN ('pending', 'shipped', 'received')
"""  # noqa: S608 - our own text

# A stage depends on the returned order and on the first friends' orders, as many as its position says. One before the
# last that brings nothing may rest.
_STAGES = """
SELECT s.id AS stage_id, r.id AS rebate_id, r.member_id, s.release_at, d.received,
  (COALESCE(s.release_at, d.received) < $2 AND m.state <> 'blocked'
    AND NOT stage_held(ROW(s.*)::public.rebate_stages)) IS TRUE AS wrong
FROM rebate_stages s JOIN rebates r ON r.id = s.rebate_id JOIN members m ON m.id = r.member_id
JOIN (SELECT s.id, CASE WHEN bool_and(w.received_at IS NOT NULL) AND max(o.received_at) IS NOT NULL
      THEN GREATEST(max(w.received_at), max(o.received_at)) END AS received
  FROM rebate_stages s JOIN rebates r ON r.id = s.rebate_id JOIN orders o ON o.id = r.order_id
  JOIN (SELECT rebate_id, order_id, row_number() OVER (PARTITION BY rebate_id ORDER BY paid_at, order_id) AS n
    FROM qualifications WHERE rebate_id IN (SELECT rebate_id FROM rebate_stages WHERE state = 'frozen')) q
    ON q.rebate_id = r.id AND q.n <= s.position
  JOIN orders w ON w.id = q.order_id WHERE s.state = 'frozen' GROUP BY s.id) d ON d.id = s.id
WHERE s.state = 'frozen' AND (s.amount_fen > 0 OR s.position = r.required)
"""

_COMMISSIONS = """
SELECT c.id AS commission_id, c.order_id, c.member_id, c.release_at,
  (COALESCE(c.release_at, o.received_at) < $2 AND m.state <> 'blocked' AND NOT refund_holds(c.order_id)) IS TRUE
    AS wrong
FROM commissions c JOIN orders o ON o.id = c.order_id JOIN members m ON m.id = c.member_id WHERE c.state = 'frozen'
"""

_POINTS = """
SELECT e.order_id, e.member_id, e.release_at,
  e.release_at < $2 AND m.state <> 'blocked' AND NOT refund_holds(e.order_id) AS wrong
FROM point_earnings e JOIN members m ON m.id = e.member_id WHERE e.state = 'frozen'
UNION ALL SELECT NULL, member_id, ends_at, ends_at < $2 FROM point_credits WHERE NOT settled
"""

_REFUNDS = """
SELECT f.id AS refund_id, f.refund_no, f.member_id, f.state, f.check_at, f.decide_by, CASE
    WHEN f.state IN ('requested', 'returning') THEN COALESCE(f.decide_by, f.return_by) < $2
    WHEN f.state = 'granting' THEN f.decided_at < $2 AND NOT EXISTS (
      SELECT FROM orders WHERE id = f.held_by AND status = 'pending')
    ELSE COALESCE(f.check_at, f.decided_at) < $2 OR f.state <> 'abnormal' AND f.decided_at < $2 - interval '30 days' END
  IS TRUE AS wrong
FROM refunds f WHERE f.state IN ('requested', 'returning', 'granting', 'approved', 'processing', 'abnormal')
"""

# A requested withdrawal waits for a person. WeChat ends one that its member does not confirm.
_WITHDRAWALS = """
SELECT id AS withdrawal_id, withdrawal_no, member_id, state, check_at, CASE state WHEN 'approved' THEN approved_at < $2
    ELSE COALESCE(check_at, sent_at, requested_at) < $2 OR requested_at < $2 - interval '60 days' END AS wrong
FROM withdrawals WHERE state IN ('approved', 'sent', 'confirming')
"""

_QUALIFICATIONS = """
SELECT q.id AS qualification_id, q.referrer_id AS member_id, q.order_id, q.state, CASE q.state
    WHEN 'pending' THEN o.received_at < $2 AND o.status <> 'teaming'
    ELSE q.held_for = 'referrer_blocked' AND q.created_at < $2 AND m.state = 'active' END IS TRUE AS wrong
FROM qualifications q JOIN orders o ON o.id = q.order_id JOIN members m ON m.id = q.referrer_id
WHERE q.state IN ('pending', 'held')
"""

_ACTIVITIES = """
SELECT 'team' AS what, t.id, t.due_at, t.due_at < $2 AS wrong FROM teams t WHERE t.state IN ('open', 'full')
UNION ALL SELECT 'flash_sale', s.id, LEAST(s.ends_at, s.stopped_at),
  LEAST(s.ends_at, s.stopped_at) < $2 AND NOT EXISTS (SELECT FROM flash_units u
    JOIN flash_items i ON i.id = u.item_id JOIN orders o ON o.id = u.order_id
    WHERE i.sale_id = s.id AND o.status = 'pending')
FROM flash_sales s WHERE s.settled_at IS NULL
"""

_JOBS = """
SELECT id, 'job' AS what, job AS name, created_at < $2 AS wrong FROM outbox WHERE done_at IS NULL
UNION ALL SELECT id, 'approval', key, expires_at < $2 FROM approvals WHERE state = 'waiting'
UNION ALL SELECT b.id, 'binding', b.share_code, b.asked_at < $2 AND NOT EXISTS (
    SELECT FROM orders WHERE member_id = b.member_id AND status = 'pending' AND prepay_started_at IS NOT NULL)
  FROM pending_bindings b
"""

# Sure to close: enough counted friends, and an order to return whose whole amount fits what is left of month and budget
# and, if every friend's points counted ten times, of the payout cap. The other cycles may wait for many reasons.
_CYCLES = """
SELECT r.referrer_id AS member_id, r.version, r.friends, c.orders, c.most_fen,
  (c.orders > 0 AND (v.terms ->> 'pick') <> 'member_chooses' AND v.terms ->> 'returnable_days' IS NULL
    AND NOT r.waits AND r.counted_at < $2 AND (v.terms -> 'scope' ->> 'all')::boolean
    AND c.most_fen <= COALESCE((v.terms ->> 'budget_fen')::bigint - v.budget_used_fen, c.most_fen)
    AND c.most_fen <= COALESCE((v.terms ->> 'member_month_cap_fen')::bigint - u.whole_fen, c.most_fen)
    AND u.cycles < COALESCE((v.terms ->> 'max_cycles')::bigint, u.cycles + 1)
    AND COALESCE(f.net_fen * (v.terms ->> 'payout_cap_bp')::bigint / 10000, f.net_fen + 1) > f.given_fen
      + f.net_fen * 10 * COALESCE((SELECT (terms ->> 'points_per_yuan')::bigint FROM shop_policy), 0) / 100) IS TRUE
  AS wrong
FROM (SELECT q.referrer_id, count(*) AS friends, max(q.counted_at) AS counted_at,
    (array_agg(q.rule_version ORDER BY q.paid_at, q.order_id))[1] AS version,
    array_agg(q.order_id ORDER BY q.paid_at, q.order_id) AS order_ids,
    EXISTS (SELECT FROM rebates w WHERE w.member_id = q.referrer_id AND w.state = 'frozen' AND w.required >
      (SELECT count(*) FROM qualifications j WHERE j.rebate_id = w.id)) AS waits
  FROM qualifications q JOIN members m ON m.id = q.referrer_id AND m.state = 'active'
  WHERE q.state = 'counted' GROUP BY q.referrer_id HAVING count(*) > 1) r
JOIN rule_versions v ON v.version = r.version AND r.friends >= (v.terms ->> 'required')::int
CROSS JOIN LATERAL (SELECT count(*) AS orders, max(x.net) AS most_fen FROM (
    SELECT o.id, sum(l.cash_fen - l.refunded_cash_fen) AS net FROM orders o JOIN order_lines l ON l.order_id = o.id
    WHERE o.member_id = r.referrer_id AND o.status IN ('paid', 'shipped', 'received', 'completed') AND o.for_return
      AND v.terms -> 'return_kinds' ? o.kind AND o.paid_at < $2
      AND NOT EXISTS (SELECT FROM rebates w WHERE w.order_id = o.id AND w.state <> 'reversed')
    GROUP BY o.id) x WHERE x.net >= 10000) c
CROSS JOIN LATERAL (SELECT count(*) AS cycles, COALESCE(sum(whole_fen), 0) AS whole_fen FROM rebates
  WHERE member_id = r.referrer_id AND state <> 'reversed') u
CROSS JOIN LATERAL (SELECT (SELECT COALESCE(sum(cash_fen - refunded_cash_fen), 0) FROM order_lines
      WHERE order_id = ANY (r.order_ids[1:(v.terms ->> 'required')::int])) AS net_fen,
    (SELECT COALESCE(sum(granted_fen), 0) FROM commissions
      WHERE order_id = ANY (r.order_ids[1:(v.terms ->> 'required')::int])) AS given_fen) f
"""

# The first order that counts, told from what needs no judgement: of a rule for all goods, and with no earlier order.
_FRIENDS = """
SELECT o.member_id, o.id AS order_id, o.referrer_id, o.paid_at < $2 AND NOT EXISTS (
    SELECT FROM public.qualifications
    WHERE referee_id = o.member_id AND (state <> 'void' OR void_for = 'review')) AS wrong
FROM (SELECT DISTINCT ON (member_id) * FROM orders WHERE status IN ('paid', 'teaming', 'shipped', 'received',
    'completed') ORDER BY member_id, paid_at, id) o
JOIN rule_versions v ON v.version = o.rule_version AND (v.terms -> 'scope' ->> 'all')::boolean
  AND v.terms -> 'qualify_kinds' ? o.kind
JOIN public.members m ON m.id = o.referrer_id AND m.state <> 'closed'
WHERE o.for_qualification AND o.cash_due_fen - o.freight_cash_fen - o.refunded_cash_fen + o.refunded_freight_fen
  >= (v.terms ->> 'min_paid_fen')::bigint
"""

PROOFS: tuple[Proof, ...] = (
    Proof("orders_move", "订单到期即关闭、收货或完成", _ORDERS, Scope.RESTING),
    Proof("stages_move", "到期的返一已经解冻", _STAGES, Scope.RESTING),
    Proof("commissions_release", "到期的佣金已经解冻", _COMMISSIONS, Scope.RESTING),
    Proof("points_move", "到期的积分已经到账或失效", _POINTS, Scope.RESTING),
    Proof("refunds_move", "退款都在推进", _REFUNDS, Scope.RESTING),
    Proof("withdrawals_move", "提现都在推进", _WITHDRAWALS, Scope.RESTING),
    Proof("qualifications_move", "有效推荐没有滞留", _QUALIFICATIONS, Scope.RESTING),
    Proof("cycles_move", "能成立的返一都已成立", _CYCLES, Scope.RESTING),
    Proof("friends_move", "好友的首单都已计入", _FRIENDS, Scope.BUYER),
    Proof("activities_move", "到期的拼团和秒杀已经结束", _ACTIVITIES, Scope.RESTING),
    Proof("jobs_move", "后台任务、审批和绑定没有滞留", _JOBS, Scope.RESTING),
)
