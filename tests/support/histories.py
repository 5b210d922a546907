"""Every rebate's history, repeated by the rule alone: it gives what the shop's rows say."""

import msgspec
import orjson

from server import db
from server.rules.rebate_history import Event, friends_of, prove
from server.services.terms.rebate_rules import terms_of


class _Rebate(msgspec.Struct, frozen=True):
    id: int
    order_id: int
    rule_version: int
    state: str
    whole_fen: int
    granted_fen: int
    explanation: str
    history: tuple[Event, ...]
    stages: list[int]
    orders: dict[int, int]


_REBATES = """
SELECT id, order_id, rule_version, state, whole_fen, granted_fen, explanation, history,
    (SELECT COALESCE(array_agg(amount_fen ORDER BY position), '{}') FROM rebate_stages
      WHERE rebate_id = r.id AND state <> 'reversed') AS stages,
    (SELECT COALESCE(jsonb_object_agg(order_id, (SELECT sum(cash_fen - refunded_cash_fen) FROM order_lines
        WHERE order_id = q.order_id)), '{}') FROM qualifications q WHERE rebate_id = r.id) AS orders
  FROM rebates r ORDER BY id
"""


async def repeated() -> int:
    """Check every rebate; return how many there are."""
    rebates = [db.typed(row, _Rebate) for row in await db.fetch(_REBATES)]
    for rebate in rebates:
        found = prove(await terms_of(rebate.rule_version), rebate.history)
        assert found is not None, rebate
        assert (found.order_id, found.whole_fen, found.granted_fen, list(found.stages_fen)) == (
            rebate.order_id,
            rebate.whole_fen,
            rebate.granted_fen,
            rebate.stages,
        ), rebate
        assert (rebate.state == "reversed") is (found.stages_fen == ())
        steps = [{"label": step.label, "amount_fen": step.amount_fen} for step in found.steps]
        assert steps == orjson.loads(rebate.explanation)["steps"]
        if rebate.state != "reversed":
            assert {one.order_id: one.net_fen for one in friends_of(rebate.history)} == rebate.orders, rebate
    return len(rebates)
