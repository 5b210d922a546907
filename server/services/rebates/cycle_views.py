"""The member's current cycle as the 推三返一 centre shows it: which friends count, which order would be returned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from server import db
from server.rules.forecasts import after_refund, condition, forecast
from server.rules.members import masked_name
from server.rules.rebates import CycleFacts, LineNet, Qualified, RuleTerms, in_scope_fen, reduced
from server.services.rebates import carried, cycles

_WAITING = 20
"""How many friends who do not count yet are shown at most."""


class Friend(msgspec.Struct):
    """A friend of the current cycle, masked. `state` is `counted`, `pending` (receipt awaited) or `held` (reviewed)."""

    nickname: str
    avatar_url: str
    state: str
    paid_at: datetime
    counted_at: datetime | None


class NextReturn(msgspec.Struct):
    """The order that a full cycle would return now.

    `estimate_fen` is the most that it can bring, 0 where a refund that is open would leave nothing; `condition` says in
    words what it depends on.
    """

    order_no: str
    in_scope_fen: int
    estimate_fen: int
    condition: str
    title: str
    image: str


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule of the member's running or next cycle."""

    version: int
    terms: RuleTerms


@dataclass(frozen=True, slots=True)
class Circle:
    """The friends to show, and the counted qualifications that no rebate has consumed, oldest payment first."""

    friends: list[Friend]
    counted: tuple[Qualified, ...]


async def circle(member_id: int, required: int, rebate_id: int | None) -> Circle:
    """List the current cycle's friends, counted ones first; `rebate_id` is a staged rebate that some have joined."""
    rows = await db.fetch(
        f"SELECT q.state, q.paid_at, m.nickname, m.avatar_url, {carried.COLUMNS}"  # noqa: S608 - our own text
        " FROM qualifications q JOIN members m ON m.id = q.referee_id WHERE q.referrer_id = $1"
        " AND (q.state IN ('counted', 'pending', 'held') OR q.rebate_id = $2)"
        " ORDER BY q.state IN ('pending', 'held'), q.paid_at, q.order_id LIMIT $3",
        member_id,
        rebate_id,
        required + _WAITING,
    )
    counting = [row for row in rows if row["state"] in {"counted", "consumed"}][:required]
    waiting = [row for row in rows if row["state"] in {"pending", "held"}]
    friends = [
        Friend(
            nickname=masked_name(row["nickname"]),
            avatar_url=row["avatar_url"],
            state="counted" if row["state"] == "consumed" else row["state"],
            paid_at=row["paid_at"],
            counted_at=row["counted_at"],
        )
        for row in (*counting, *waiting)
    ]
    free = [db.typed(row, carried.Counted) for row in counting if row["state"] == "counted"]
    async with db.connection() as connection:
        rates = await carried.rates(connection)
    return Circle(friends, tuple(carried.qualified(one, rates) for one in free))


async def next_return(member_id: int, rule: Rule, at: datetime, counted: Sequence[Qualified]) -> NextReturn | None:
    """Forecast what a full cycle would return now, by the decision that closes cycles; None when it returns nothing."""
    async with db.connection() as connection:
        candidates = await cycles.candidates(connection, member_id)
        used = await cycles.used_so_far(connection, member_id, rule.version, at)
    facts = CycleFacts(
        now=at,
        counted=tuple(counted),
        open_rebate=None,
        candidates=tuple(candidates),
        chosen_order_id=used.chosen_order_id,
        live_cycles=used.cycles,
        month_granted_fen=used.month_fen,
        budget_used_fen=used.budget_fen,
    )
    found = forecast(rule.terms, facts)
    if found is None:
        return None
    order = await _order(found.order_id)
    left_fen = after_refund(rule.terms, facts, found, order.left) if order.refund_open else found.estimate_fen
    told = condition(
        rule.terms, rule.terms.required - len(counted), found.waits, refund_open=order.refund_open, left_fen=left_fen
    )
    return _shown(order, rule.terms, left_fen, told)


async def returning(terms: RuleTerms, order_id: int, whole_fen: int, joined: int) -> NextReturn:
    """Describe the order of a staged rebate that `joined` friends have opened."""
    order = await _order(order_id)
    left_fen = reduced(terms, whole_fen, order.left)
    told = condition(terms, terms.required - joined, None, refund_open=order.refund_open, left_fen=left_fen)
    return _shown(order, terms, left_fen, told)


class _Order(msgspec.Struct, frozen=True):
    """An order with the net cash of its lines now, and what an open refund would leave of it (`left`)."""

    order_no: str
    title: str
    image: str
    refund_open: bool
    lines: tuple[LineNet, ...]
    left: tuple[LineNet, ...]


_ORDER = """
SELECT o.order_no, f.title, f.image, r.id IS NOT NULL AS refund_open,
  (SELECT jsonb_agg(jsonb_build_object('product_id', product_id, 'category_id', category_id,
    'net_cash_fen', cash_fen - refunded_cash_fen)) FROM order_lines WHERE order_id = o.id) AS lines,
  (SELECT jsonb_agg(jsonb_build_object('product_id', product_id, 'category_id', category_id,
    'net_cash_fen', l.cash_fen - refunded_cash_fen - COALESCE(b.cash_fen, 0))) FROM order_lines l
    LEFT JOIN refund_lines b ON b.order_line_id = l.id AND b.refund_id = r.id WHERE l.order_id = o.id) AS left
FROM orders o CROSS JOIN LATERAL
  (SELECT title, image FROM order_lines WHERE order_id = o.id ORDER BY position LIMIT 1) f
  LEFT JOIN refunds r ON r.order_id = o.id AND r.kind = 'order' AND r.state IN ('requested', 'returning', 'granting')
WHERE o.id = $1
"""


async def _order(order_id: int) -> _Order:
    [row] = await db.fetch(_ORDER, order_id)
    return db.typed(row, _Order)


def _shown(order: _Order, terms: RuleTerms, estimate_fen: int, told: str) -> NextReturn:
    in_scope = in_scope_fen(terms, order.lines)
    return NextReturn(order.order_no, in_scope, estimate_fen, told, order.title, order.image)
