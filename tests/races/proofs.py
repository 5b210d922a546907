"""Invariants of a mall at rest: its own audit, and further checks that do not hold while work is going on."""

from collections.abc import Mapping

from server import db
from server.ledger.audit import audit
from tests.support import histories
from tests.support.mall import Mall
from tests.support.proof import offenders

_EARLIER = """
    orders e JOIN rule_versions w ON w.version = e.rule_version AND (w.terms ->> 'min_paid_fen')::bigint
        <= (SELECT sum(cash_fen - refunded_cash_fen) FROM order_lines WHERE order_id = e.id)
      AND e.status IN ('paid', 'shipped', 'received', 'completed')"""
"""Orders that match the rule in force when they were paid."""

_PROOFS = {
    "what is received will be released": """
        SELECT r.id FROM rebates r JOIN orders o ON o.id = r.order_id WHERE r.state = 'frozen'
          AND r.release_at IS NULL AND o.received_at IS NOT NULL
          AND r.required = (SELECT count(*) FROM qualifications q JOIN orders w ON w.id = q.order_id
                             WHERE q.rebate_id = r.id AND w.received_at IS NOT NULL)""",
    "a friend's first order counts": f"""
        SELECT o.member_id FROM orders o JOIN rule_versions v ON v.version = o.rule_version
          JOIN members m ON m.id = o.referrer_id AND m.state <> 'closed'
          WHERE o.status IN ('paid', 'shipped', 'received', 'completed')
          AND (SELECT sum(cash_fen - refunded_cash_fen) FROM order_lines WHERE order_id = o.id)
              >= (v.terms ->> 'min_paid_fen')::bigint
          AND NOT EXISTS (SELECT FROM qualifications WHERE referee_id = o.member_id
                           AND (state <> 'void' OR void_for = 'review'))
          AND NOT EXISTS (SELECT FROM {_EARLIER} WHERE e.member_id = o.member_id
            AND (e.paid_at, e.id) < (o.paid_at, o.id))""",
    "the order paid first decides": f"""
        SELECT q.id FROM qualifications q, {_EARLIER} WHERE e.member_id = q.referee_id
          AND (e.paid_at, e.id) < (q.paid_at, q.order_id) AND q.state IN ('counted', 'held')
          AND (w.terms ->> 'qualify_at' = 'paid' OR e.received_at IS NOT NULL)""",
    "an order has the rule and the referrers of its payment": """
        SELECT o.id FROM orders o WHERE o.paid_at IS NOT NULL AND (
          o.rule_version IS DISTINCT FROM (SELECT max(version) FROM rule_versions
            WHERE published_at < date_trunc('second', o.paid_at))
          OR o.referrer_id IS DISTINCT FROM (SELECT referrer_id FROM bindings WHERE member_id = o.member_id
            AND valid_from <= o.paid_at AND (valid_to IS NULL OR valid_to > o.paid_at)))""",
    "no binding waits": "SELECT * FROM pending_bindings",
    "nothing waits for a block that is over": """
        SELECT q.id FROM qualifications q JOIN members m ON m.id = q.referrer_id
          WHERE q.state = 'held' AND q.held_for = 'referrer_blocked' AND m.state = 'active'""",
    "an order with no piece left is refunded": """
        SELECT o.id FROM orders o WHERE (o.status = 'refunded') <>
          NOT EXISTS (SELECT FROM order_lines WHERE order_id = o.id AND refunded_quantity < quantity)""",
    "every job is done": "SELECT id, job, args FROM outbox WHERE done_at IS NULL",
    "a rebate is within its version's cap and its order": """
        SELECT r.id FROM rebates r JOIN rule_versions v ON v.version = r.rule_version WHERE r.state <> 'reversed'
          AND (r.granted_fen > r.whole_fen OR r.whole_fen > (v.terms ->> 'cap_fen')::bigint
            OR r.whole_fen >
              (SELECT sum(cash_fen - refunded_cash_fen) FROM order_lines WHERE order_id = r.order_id))""",
    "a rebate leaves its month's cap": """
        SELECT r.id FROM rebates r JOIN rule_versions v ON v.version = r.rule_version WHERE r.state <> 'reversed'
          AND (SELECT sum(w.whole_fen) FROM rebates w WHERE w.member_id = r.member_id AND w.state <> 'reversed'
            AND w.id <= r.id AND date_trunc('month', w.closed_at AT TIME ZONE 'Asia/Shanghai')
              = date_trunc('month', r.closed_at AT TIME ZONE 'Asia/Shanghai'))
          > (v.terms ->> 'member_month_cap_fen')::bigint""",
}


async def check(mall: Mall) -> None:
    """Check that all proofs hold."""
    found = {name: [dict(row) for row in await db.fetch(query)] for name, query in _PROOFS.items()}
    found |= offenders(await audit(mall.clock.now()))
    wrong = {name: rows for name, rows in found.items() if rows}
    assert not wrong, wrong
    await histories.repeated()


_NEW_WITHIN_CAP = """
SELECT r.id, r.granted_fen, n.carried, v.terms FROM rebates r JOIN rule_versions v ON v.version = r.rule_version
  CROSS JOIN LATERAL (
    SELECT CASE WHEN (SELECT sum(stage::int) FROM jsonb_array_elements(v.terms -> 'stages_bp') stage)
          > (v.terms -> 'stages_bp' ->> -1)::int
        THEN floor(sum(GREATEST(0, o.carried))) ELSE GREATEST(0, floor(sum(o.carried))) END AS carried
      FROM qualifications q CROSS JOIN LATERAL (
        SELECT (SELECT sum(cash_fen - refunded_cash_fen) FROM order_lines WHERE order_id = q.order_id)
            * (v.terms ->> 'payout_cap_bp')::numeric / 10000
          - (SELECT COALESCE(sum(granted_fen), 0) FROM commissions WHERE order_id = q.order_id)
          - COALESCE((SELECT remaining / COALESCE((SELECT (terms ->> 'points_per_fen')::bigint FROM shop_policy), 1)
              FROM point_earnings WHERE order_id = q.order_id), 0) AS carried) o
      WHERE q.rebate_id = r.id) n
  WHERE r.id > $1 AND r.state <> 'reversed' AND v.terms -> 'payout_cap_bp' <> 'null' AND r.granted_fen > n.carried
"""


async def caps_kept(after_rebate: int) -> None:
    """Check that rebates made after this one fit the cap of their qualifying orders; call it before any other event.

    A staged rebate meets the cap as each order joins. It gives nothing back if a later order carries less than its own
    commission: such an order counts as 0, so the cap is that of the orders which carry the most together.
    """
    beyond = [dict(row) for row in await db.fetch(_NEW_WITHIN_CAP, after_rebate)]
    assert not beyond, beyond


_HOLDS = """
SELECT m.id, COALESCE(a.holds, 0) AS holds,
    (SELECT COALESCE(sum(granted_fen), 0) FROM rebates WHERE member_id = m.id AND pay_as = 'balance')
    + (SELECT COALESCE(sum(granted_fen), 0) FROM commissions WHERE member_id = m.id)
    - (SELECT COALESCE(sum(balance_fen), 0) FROM orders WHERE member_id = m.id AND status <> 'closed')
    + (SELECT COALESCE(sum(r.balance_fen + CASE WHEN w.id IS NULL THEN 0 ELSE r.withheld_fen END), 0) FROM refunds r
        LEFT JOIN LATERAL (SELECT id FROM rebates WHERE order_id = r.order_id AND pay_as = 'balance' LIMIT 1) w ON true
        WHERE r.member_id = m.id AND r.state IN ('approved', 'processing', 'abnormal', 'succeeded'))
    - (SELECT COALESCE(sum(amount_fen), 0) FROM withdrawals WHERE member_id = m.id AND state = 'paid')
    - (SELECT COALESCE(sum(l.amount), 0) FROM ledger_lines l JOIN ledger_entries e ON e.id = l.entry_id
        WHERE l.code = 'rebate_cost' AND e.kind IN ('coupon_take_back', 'coupon_return') AND e.id IN
          (SELECT entry_id FROM ledger_lines WHERE member_id = m.id)) AS due
FROM members m LEFT JOIN (SELECT member_id, sum(CASE code WHEN 'debt' THEN -balance ELSE balance END) AS holds
  FROM ledger_accounts WHERE currency = 'CNY' GROUP BY member_id) a ON a.member_id = m.id
"""


async def nothing_lost_or_made(given_fen: Mapping[int, int]) -> None:
    """Check that each member holds (less debt) `given_fen` and its earnings, less what was spent and withdrawn.

    The expected sums come from the business tables, which do not depend on the ledger's accounts.
    """
    rows = [dict(row) for row in await db.fetch(_HOLDS)]
    wrong = [row for row in rows if row["holds"] != row["due"] + given_fen.get(row["id"], 0)]
    assert not wrong, wrong
