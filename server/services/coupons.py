"""Coupons: issued from templates on claim, or by rebates; exact limits at any concurrency."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

import asyncpg
import msgspec

from server import db
from server.core.errors import CouponLimit, CouponSoldOut, NotFound
from server.gateways.ports import Deps
from server.rules.coupons import Shown, shown
from server.services import cursors, idempotency
from server.services.idempotency import Keyed

Drawer = Literal["unused", "used", "expired"]

_IN_DRAWER: dict[Drawer, str] = {
    "unused": "(state = 'locked' OR state = 'unused' AND expires_at > $2)",
    "used": "(state = 'used' AND $2::timestamptz IS NOT NULL)",
    "expired": "(state = 'void' OR state = 'unused' AND expires_at <= $2)",
}


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon of a member. `discount_fen` is what it took off the order that used it."""

    id: int
    name: str
    amount_fen: int
    threshold_fen: int
    state: Shown
    starts_at: datetime
    expires_at: datetime
    discount_fen: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A template that can be claimed; `left` is None without an end, `refusal` says why not (any more)."""

    id: int
    name: str
    amount_fen: int
    threshold_fen: int
    valid_days: int
    left: int | None
    per_member: int
    claimed_by_me: int
    refusal: Literal["coupon_sold_out", "coupon_limit"] | None


class Claimed(msgspec.Struct):
    """What a claim gives: the new coupon. Times are ISO 8601."""

    id: int
    name: str
    amount_fen: int
    threshold_fen: int
    state: Annotated[str, msgspec.Meta(examples=["unused"])]
    starts_at: datetime
    expires_at: datetime


async def page_of(
    deps: Deps, member_id: int, drawer: Drawer | None, cursor: str | None, limit: int
) -> tuple[list[Coupon], str | None]:
    """A page of the member's coupons, newest first, and the next cursor. Raises BadRequest (cursor)."""
    at = deps.clock.now()
    before = cursors.unpack(cursor, cursors.Number) if cursor else 2**63 - 1
    condition = _IN_DRAWER[drawer] if drawer else "$2::timestamptz IS NOT NULL"
    rows = await db.fetch(
        f"SELECT * FROM coupons WHERE member_id = $1 AND {condition} AND id < $3 ORDER BY id DESC LIMIT $4",  # noqa: S608 - our own text
        member_id,
        at,
        before,
        limit + 1,
    )
    found = [
        Coupon(
            row["id"],
            row["name"],
            row["amount_fen"],
            row["threshold_fen"],
            shown(row["state"], row["expires_at"], at),
            row["starts_at"],
            row["expires_at"],
            row["discount_fen"],
        )
        for row in rows[:limit]
    ]
    return found, cursors.pack(found[-1].id) if len(rows) > limit else None


async def offers(member_id: int) -> list[Offer]:
    """Every active template; `member_id` 0 is a guest, who has claimed nothing yet."""
    rows = await db.fetch(
        "SELECT t.*, (SELECT count(*) FROM coupons c WHERE c.member_id = $1 AND c.template_id = t.id) AS mine"
        " FROM coupon_templates t WHERE t.active ORDER BY t.id",
        member_id,
    )
    return [_offer(row) for row in rows]


def _offer(row: asyncpg.Record) -> Offer:
    left = None if row["total"] is None else row["total"] - row["claimed"]
    return Offer(
        id=row["id"],
        name=row["name"],
        amount_fen=row["amount_fen"],
        threshold_fen=row["threshold_fen"],
        valid_days=row["valid_days"],
        left=left,
        per_member=row["per_member"],
        claimed_by_me=row["mine"],
        refusal="coupon_limit" if row["mine"] >= row["per_member"] else "coupon_sold_out" if left == 0 else None,
    )


async def claim(deps: Deps, member_id: int, template_id: int, key: Keyed) -> bytes:
    """Take a coupon; the encoded `Claimed`. Raises NotFound, CouponLimit, CouponSoldOut, IdempotencyMismatch."""
    at = deps.clock.now()

    async def work(tx: db.Connection) -> Claimed:
        return await _claim(tx, member_id, template_id, at)

    return await idempotency.once(member_id, key, at, work)


async def _claim(tx: db.Connection, member_id: int, template_id: int, at: datetime) -> Claimed:
    # The template's row lock makes claims of one template stand in line, so what is counted after it is exact.
    template = await tx.fetchrow(
        "SELECT * FROM coupon_templates WHERE id = $1 AND active FOR NO KEY UPDATE", template_id
    )
    if template is None:
        raise NotFound
    mine = await tx.fetchval(
        "SELECT count(*) FROM coupons WHERE member_id = $1 AND template_id = $2", member_id, template_id
    )
    if mine >= template["per_member"]:
        raise CouponLimit(per_member=template["per_member"])
    taken = await tx.fetchval(
        "UPDATE coupon_templates SET claimed = claimed + 1 WHERE id = $1 AND (total IS NULL OR claimed < total)"
        " RETURNING claimed",
        template_id,
    )
    if taken is None:
        raise CouponSoldOut
    name, amount_fen, threshold_fen = template["name"], template["amount_fen"], template["threshold_fen"]
    source = f"template:{template_id}:member:{member_id}:{mine + 1}"
    ends = at + timedelta(days=template["valid_days"])
    coupon_id = await issue(tx, member_id, source, name, amount_fen, threshold_fen, at, ends, template_id=template_id)
    if coupon_id is None:
        raise CouponLimit(per_member=template["per_member"])
    return Claimed(coupon_id, name, amount_fen, threshold_fen, "unused", at, ends)


async def issue(  # noqa: PLR0913, PLR0917 - the columns of a coupon
    tx: db.Connection,
    member_id: int,
    source: str,
    name: str,
    amount_fen: int,
    threshold_fen: int,
    starts_at: datetime,
    expires_at: datetime,
    *,
    template_id: int | None = None,
) -> int | None:
    """A step: one coupon per `source`, in the caller's transaction; its id, or None when the source has issued it."""
    coupon_id: int | None = await tx.fetchval(
        "INSERT INTO coupons (member_id, template_id, source, name, amount_fen, threshold_fen, state, starts_at,"
        " expires_at, discount_fen, created_at) VALUES ($1, $2, $3, $4, $5, $6, 'unused', $7, $8, 0, $7)"
        " ON CONFLICT (source) DO NOTHING RETURNING id",
        member_id,
        template_id,
        source,
        name,
        amount_fen,
        threshold_fen,
        starts_at,
        expires_at,
    )
    return coupon_id
