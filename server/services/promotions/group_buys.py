"""拼团 as a kind of order: its offer, the seat that an order takes and frees, and success with the last paid seat.

Locks: the team comes after its order and before stock; the activity comes after the team. A team's paid orders are
locked after the team. This is safe: a transaction that holds a paid order never asks for its team.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from server import db
from server.core import ids
from server.core.errors import PromotionRefused, PromotionUnknown
from server.gateways.ports import Deps
from server.outbox import Job
from server.rules import group_buys as rules
from server.rules.group_buys import Activity, Seats, TeamState
from server.rules.promotions import JoinTeam, Offer, OpenTeam, PromotedOrder, Promotion, Shown, Take
from server.services.notices import messages
from server.services.promotions import qualification_waits
from server.services.terms.rebate_rules import terms_of

KIND = "group_buy"
held_stock: bool = False
"""Pieces come from the SKU's stock, as in any order."""


class _Facts(msgspec.Struct, frozen=True):
    """An activity, the named team of it if there is one, and what the member had of it.

    `prices` is SKU → (price to join, price to open). `joined`: the member already has a seat in that team.
    """

    id: int
    title: str
    size: int
    window_hours: int
    per_member: int | None
    stock_limit: int | None
    taken: int
    active: bool
    starts_at: datetime
    ends_at: datetime
    prices: dict[int, tuple[int, int]] | None
    team_id: int | None
    team_state: TeamState | None
    team_closes_at: datetime | None
    joined: bool
    had: int

    @property
    def activity(self) -> Activity:
        """The activity for the rules."""
        return Activity(
            id=self.id,
            title=self.title,
            size=self.size,
            window_hours=self.window_hours,
            per_member=self.per_member,
            left=None if self.stock_limit is None else max(0, self.stock_limit - self.taken),
            active=self.active,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            prices_fen=self.prices or {},
        )

    @property
    def seats(self) -> Seats | None:
        """The team for the rules."""
        if self.team_state is None or self.team_closes_at is None:
            return None
        return Seats(self.team_state, self.team_closes_at, self.joined)


_FACTS = """
SELECT g.*, (SELECT jsonb_object_agg(sku_id, jsonb_build_array(price_fen, COALESCE(leader_fen, price_fen)))
      FROM group_buy_skus WHERE group_buy_id = g.id) AS prices,
    t.id AS team_id, t.state AS team_state, t.closes_at AS team_closes_at,
    EXISTS (SELECT FROM orders WHERE team_id = t.id AND member_id = $2 AND status <> 'closed') AS joined,
    (SELECT COALESCE(sum(l.quantity), 0)::int FROM orders o JOIN order_lines l ON l.order_id = o.id
      WHERE o.member_id = $2 AND o.kind = 'group_buy' AND o.promotion_id = g.id
        AND o.status NOT IN ('closed', 'refunded')) AS had
  FROM group_buys g LEFT JOIN teams t ON t.group_buy_id = g.id AND t.team_no = $3 WHERE g.id = $1
"""


_PIECES = "(SELECT sum(l.quantity) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE {})"
_GIVE_BACK = f"""
UPDATE group_buys SET taken = taken - {_PIECES.format("{}")} WHERE id = (SELECT group_buy_id FROM teams WHERE id = $1)
"""  # noqa: S608 - our own text


_RELEASED = """
UPDATE orders o SET status = 'paid' WHERE o.team_id = $1 AND o.status = 'teaming'
  RETURNING o.id, o.order_no, o.member_id, o.rule_version, o.referrer_id IS NOT NULL AND o.for_commission
      AND EXISTS (SELECT FROM order_lines WHERE order_id = o.id AND cash_fen > 0) AS earns,
    EXISTS (SELECT FROM order_lines WHERE order_id = o.id AND virtual) AS delivers,
    EXISTS (SELECT FROM qualifications WHERE referrer_id = o.member_id AND state = 'counted') AS waited_for
"""


async def succeed(tx: db.Connection, team_id: int, at: datetime) -> list[Job]:
    """Step, under the team's lock: pass all its orders on to shipping, to the rebate rule and to commission.

    Unpaid seats are filled by the shop. The order locks also decide the race with a refund of another order of the
    same buyer at this moment (see `first_orders.requalify`).
    """
    await tx.execute(
        "UPDATE teams SET state = 'succeeded', filled = size - paid, ended_at = $2 WHERE id = $1", team_id, at
    )
    orders = await tx.fetch(_RELEASED, team_id)
    waited = [row["id"] for row in orders if not await _waits(row["rule_version"])]
    jobs = await qualification_waits.go_on(tx, waited, at)
    for row in orders:
        if row["delivers"]:
            jobs.append(Job("deliver_cards", {"order_id": row["id"]}))
        if row["earns"]:
            jobs.append(Job("decide_commission", {"order_id": row["id"]}))
        if row["waited_for"]:
            jobs.append(Job("close_cycle", {"member_id": row["member_id"]}))
        jobs.append(notice(row["member_id"], row["order_no"], "拼团成功"))
    return jobs


async def _waits(rule_version: int | None) -> bool:
    """Return whether a qualification under that rule version still has to wait for receipt."""
    return rule_version is None or (await terms_of(rule_version)).qualify_at == "received"


def notice(member_id: int, order_no: str, state: str) -> Job:
    """Return the notice job about the result of a team; `state` has at most five characters."""
    return messages.notice_job(member_id, "team", {"order_no": order_no, "state": state}, f"order_no={order_no}")


_FAILED = "SELECT order_no, member_id FROM orders WHERE team_id = $1 AND status = 'teaming' ORDER BY id"


async def fail(tx: db.Connection, team_id: int, at: datetime) -> list[Job]:
    """Step, under the team's lock: end the team, and refund each of its orders by a separate job.

    There is at least one such order: a team without any order has already ended (see `released`).
    """
    await tx.execute("UPDATE teams SET state = 'failed', ended_at = $2 WHERE id = $1", team_id, at)
    orders = await tx.fetch(_FAILED, team_id)
    await tx.execute(_GIVE_BACK.format("o.team_id = $1 AND o.status = 'teaming'"), team_id)
    return [
        job
        for row in orders
        for job in (
            Job("refund_team_order", {"order_no": row["order_no"]}),
            notice(row["member_id"], row["order_no"], "拼团失败"),
        )
    ]


_SHOWN = """
SELECT g.id, g.product_id, g.size, g.starts_at, g.ends_at, min(s.price_fen) AS price_fen,
    array_agg(s.sku_id ORDER BY s.sku_id) AS sku_ids FROM group_buys g JOIN group_buy_skus s ON s.group_buy_id = g.id
  WHERE g.product_id = ANY ($1::bigint[]) AND g.active AND g.starts_at <= $2 AND g.ends_at > $2
    AND (g.stock_limit IS NULL OR g.taken < g.stock_limit)
    AND (SELECT listed(p, $2) FROM products p WHERE p.id = g.product_id)
  GROUP BY g.id ORDER BY g.id
"""


async def admit(_deps: Deps, _member_id: int, _promotion: Promotion) -> None:
    """Admit everybody: each team is its own row, so a crowd does not compete for one row."""


async def offer(
    connection: db.Connection, member_id: int, promotion: Promotion, items: Sequence[tuple[int, int]], at: datetime
) -> Offer:
    """Return the offer for opening a team, or for joining the named team.

    Raises PromotionUnknown, PromotionRefused.
    """
    row = await connection.fetchrow(_FACTS, promotion.id, member_id, promotion.team_no)
    if row is None:
        raise PromotionUnknown
    facts = db.typed(row, _Facts)
    found, seats = facts.activity, None
    if promotion.team_no is not None:
        seats = facts.seats
        if seats is None:
            raise PromotionRefused(reason="team_unknown", can_open=found.problem(at) is None)
    rules.refuse(found, seats, dict(items), facts.had, at)
    take: Take
    if facts.team_id is None:
        take = OpenTeam(found.id, ids.number("G", at), found.closes_at(at))
    else:
        take = JoinTeam(found.id, facts.team_id, can_open=found.problem(at) is None)
    prices = {sku_id: joins if seats else opens for sku_id, (joins, opens) in found.prices_fen.items()}
    return Offer(KIND, found.id, f"{found.size} 人团", prices, take)


async def released(tx: db.Connection, order: PromotedOrder, at: datetime) -> None:
    """Step: free the seat of an unpaid order that was closed. A team without any taken seat ends."""
    await tx.execute(
        "UPDATE teams SET taken = taken - 1, state = CASE WHEN taken = 1 THEN 'failed' ELSE 'open' END,"
        " ended_at = CASE WHEN taken = 1 THEN $2::timestamptz END WHERE id = $1",
        order.team_id,
        at,
    )
    await tx.execute(_GIVE_BACK.format("o.id = $2"), order.team_id, order.id)


async def paid(tx: db.Connection, order: PromotedOrder, at: datetime) -> list[Job]:
    """Step: count a paid order of a team. When the last seat is paid, the team succeeds."""
    team = await tx.fetchrow("UPDATE teams SET paid = paid + 1 WHERE id = $1 RETURNING id, paid, size", order.team_id)
    return await succeed(tx, team["id"], at) if team["paid"] == team["size"] else []


async def shown(product_ids: Sequence[int], at: datetime) -> dict[int, list[Shown]]:
    """Return the running activities of these products."""
    found: dict[int, list[Shown]] = {}
    for row in await db.fetch(_SHOWN, product_ids, at):
        one = Shown(
            kind=KIND,
            id=row["id"],
            label=f"{row['size']} 人团",
            price_fen=row["price_fen"],
            points=0,
            sku_ids=row["sku_ids"],
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
        )
        found.setdefault(row["product_id"], []).append(one)
    return found
