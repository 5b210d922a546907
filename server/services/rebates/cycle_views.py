"""The member's current cycle as the 推三返一 centre shows it: which friends count, which order would be returned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import orjson

from server import db
from server.rules.forecasts import forecast
from server.rules.members import masked_name
from server.rules.rebates import CycleFacts, LineNet, Qualified, RuleTerms, in_scope_fen
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
    """The order that a full cycle returns. `estimate_fen` is the most that it can bring."""

    order_no: str
    in_scope_fen: int
    estimate_fen: int
    title: str
    image: str


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
        " ORDER BY q.state IN ('pending', 'held'), q.paid_at, q.id LIMIT $3",
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


async def next_return(
    member_id: int, terms: RuleTerms, at: datetime, counted: Sequence[Qualified], live_cycles: int
) -> NextReturn | None:
    """Forecast what a full cycle would return now, by the decision that closes cycles; None when it returns nothing."""
    async with db.connection() as connection:
        candidates = await cycles.candidates(connection, member_id)
        chosen = await connection.fetchval("SELECT order_id FROM return_choices WHERE member_id = $1", member_id)
    facts = CycleFacts(
        now=at,
        counted=tuple(counted),
        open_rebate=None,
        candidates=tuple(candidates),
        chosen_order_id=chosen,
        live_cycles=live_cycles,
        month_granted_fen=0,
        budget_used_fen=0,
    )
    found = forecast(terms, facts)
    return await returning(terms, found.order_id, found.estimate_fen) if found else None


async def returning(terms: RuleTerms, order_id: int, estimate_fen: int) -> NextReturn:
    """Describe an order that will be returned."""
    async with db.connection() as connection:
        row = await connection.fetchrow(
            "SELECT o.order_no, f.title, f.image, (SELECT jsonb_agg(jsonb_build_object('product_id', product_id,"
            "   'category_id', category_id, 'net_cash_fen', cash_fen - refunded_cash_fen)) FROM order_lines"
            "   WHERE order_id = o.id) AS lines FROM orders o CROSS JOIN LATERAL"
            " (SELECT title, image FROM order_lines WHERE order_id = o.id ORDER BY position LIMIT 1) f WHERE o.id = $1",
            order_id,
        )
    lines = [LineNet(**line) for line in orjson.loads(row["lines"])]
    return NextReturn(row["order_no"], in_scope_fen(terms, lines), estimate_fen, row["title"], row["image"])
