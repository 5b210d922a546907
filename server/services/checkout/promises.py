"""What an order counts for in 推三返一, for its buyer: the facts that `rules/promises.py` asks for."""

from datetime import datetime
from typing import Literal

import msgspec

from server import db
from server.core.errors import NotFound
from server.rules import promises
from server.rules.promises import Counting, Ordered, Standing
from server.rules.rebates import LineNet, RuleTerms
from server.services.checkout.drafts import Draft
from server.services.terms.rebate_rules import in_force, terms_of


class _Buyer(msgspec.Struct, frozen=True):
    """The buyer; `cycle_version` is the rule of the next cycle, None for the version in force."""

    referrer_state: str | None
    qualified: bool
    cycles: int
    cycle_version: int | None

    @property
    def standing(self) -> Standing:
        referred = self.referrer_state is not None and self.referrer_state != "closed"
        return Standing(referred, self.qualified, self.cycles)


_BUYER = """
(SELECT state FROM members WHERE id = {referrer}) AS referrer_state,
EXISTS (SELECT FROM qualifications WHERE referee_id = m.id AND (state <> 'void' OR void_for = 'review')) AS qualified,
(SELECT count(*) FROM rebates WHERE member_id = m.id AND state <> 'reversed') AS cycles,
(SELECT rule_version FROM qualifications WHERE referrer_id = m.id AND state = 'counted'
  ORDER BY paid_at, order_id LIMIT 1) AS cycle_version
"""
_OF_MEMBER = f"SELECT {_BUYER.format(referrer='m.referrer_id')} FROM members m WHERE m.id = $1"  # noqa: S608 - our own text
# Until it is paid, an order has no referrer and no rule of its own: those of its payment will count.
_OF_ORDER = f"""
SELECT {_BUYER.format(referrer="CASE WHEN o.paid_at IS NULL THEN m.referrer_id ELSE o.referrer_id END")},
  o.kind, o.for_qualification, o.for_return, o.paid_at, o.rule_version,
  EXISTS (SELECT FROM refunds WHERE order_id = o.id AND kind = 'order'
    AND state IN ('requested', 'returning', 'granting')) AS refund_open,
  (SELECT state FROM qualifications WHERE order_id = o.id ORDER BY state = 'void', id DESC LIMIT 1) AS state,
  (SELECT jsonb_agg(jsonb_build_object('product_id', product_id, 'category_id', category_id,
    'net_cash_fen', cash_fen - refunded_cash_fen)) FROM order_lines WHERE order_id = o.id) AS lines
FROM orders o JOIN members m ON m.id = o.member_id WHERE o.id = $1 AND o.status NOT IN ('closed', 'refunded')
  AND NOT EXISTS (SELECT FROM rebates WHERE order_id = o.id AND state <> 'reversed')
"""  # noqa: S608 - our own text


class _Order(_Buyer, frozen=True):
    """An order that nothing has returned yet, with its buyer."""

    kind: str
    for_qualification: bool
    for_return: bool
    paid_at: datetime | None
    rule_version: int | None
    refund_open: bool
    state: Literal["pending", "held", "counted", "consumed", "void"] | None
    lines: tuple[LineNet, ...]


async def of_draft(member_id: int, draft: Draft, now: datetime) -> list[Counting]:
    """Say what an order would count for if it was placed and paid now. Raises Busy."""
    [row] = await db.fetch(_OF_MEMBER, member_id)
    order = Ordered(draft.kind, draft.nets(), draft.stack.qualifies, draft.stack.returnable)
    return await _counting(order, db.typed(row, _Buyer), None, now)


async def of_order(order_id: int, now: datetime) -> list[Counting]:
    """Say what a placed order counts for; nothing once it is closed, refunded or returned. Raises Busy."""
    row = await db.fetch_row(_OF_ORDER, order_id)
    if row is None:
        return []
    found = db.typed(row, _Order)
    order = Ordered(
        kind=found.kind,
        lines=found.lines,
        for_qualification=found.for_qualification,
        for_return=found.for_return,
        paid_at=found.paid_at,
        refund_open=found.refund_open,
        state=found.state,
    )
    return await _counting(order, found, found.rule_version, now)


async def _counting(order: Ordered, buyer: _Buyer, version: int | None, now: datetime) -> list[Counting]:
    newest = await _newest()
    if newest is None:
        return []
    own = newest if version is None else await terms_of(version)
    cycle = newest if buyer.cycle_version is None else await terms_of(buyer.cycle_version)
    found = promises.qualifying(own, order, buyer.standing)
    back = promises.returning(cycle, order, buyer.standing, now)
    return [back] if found is None else [found, back]


async def _newest() -> RuleTerms | None:
    """Read the rule in force; None before the first one: there is no promise yet."""
    try:
        return (await in_force()).terms
    except NotFound:
        return None
