"""What must hold whenever nothing is running: the mall's own audit, and what it cannot ask of a mall that works."""

from server import db
from server.ledger.audit import audit
from tests.support.mall import Mall

_PROOFS = {
    "what is received will be released": """
        SELECT r.id FROM rebates r JOIN orders o ON o.id = r.order_id WHERE r.state = 'frozen'
          AND r.release_at IS NULL AND o.received_at IS NOT NULL
          AND r.required = (SELECT count(*) FROM qualifications q JOIN orders w ON w.id = q.order_id
                             WHERE q.rebate_id = r.id AND w.received_at IS NOT NULL)""",
    "a friend's order counts": """
        SELECT o.member_id FROM orders o JOIN rule_versions v ON v.version = o.rule_version
          JOIN members m ON m.id = o.referrer_id AND m.state <> 'closed'
          WHERE o.status IN ('paid', 'shipped', 'received', 'completed')
          AND (SELECT sum(cash_fen - refunded_cash_fen) FROM order_lines WHERE order_id = o.id)
              >= (v.terms ->> 'min_paid_fen')::bigint
          AND NOT EXISTS (SELECT FROM qualifications WHERE referee_id = o.member_id
                           AND (state <> 'void' OR void_for = 'review'))""",
    "nothing waits for a block that is over": """
        SELECT q.id FROM qualifications q JOIN members m ON m.id = q.referrer_id
          WHERE q.state = 'held' AND q.held_for = 'referrer_blocked' AND m.state = 'active'""",
    "an order with no piece left is refunded": """
        SELECT o.id FROM orders o WHERE (o.status = 'refunded') <>
          NOT EXISTS (SELECT FROM order_lines WHERE order_id = o.id AND refunded_quantity < quantity)""",
    "every job is done": "SELECT id, job, args FROM outbox WHERE done_at IS NULL",
}


async def check(mall: Mall) -> None:
    """All proofs hold."""
    found = {name: [dict(row) for row in await db.fetch(query)] for name, query in _PROOFS.items()}
    found |= {check.name: check.offenders for check in (await audit(mall.clock.now())).checks if check.wrong}
    assert {name: rows for name, rows in found.items() if rows} == {}
