"""Members' coupons: the pages of a member's drawer, the products of a coupon, and the steps that issue coupons."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from server import db
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules.coupons import LABELS, CouponState, Shown, shown, worth
from server.services.catalogue import coupon_scopes, products
from server.services.catalogue.coupon_scopes import Scope
from server.services.common import cursors

Drawer = Literal["unused", "used", "expired"]

_IN_DRAWER: dict[Drawer, str] = {
    "unused": "(state = 'locked' OR state = 'unused' AND expires_at > $2)",
    "used": "(state = 'used' AND $2::timestamptz IS NOT NULL)",
    "expired": "(state = 'void' OR state = 'unused' AND expires_at <= $2)",
}


class HeldCoupon(msgspec.Struct, frozen=True):
    """A row of `coupons`, as far as its member sees it."""

    id: int
    name: str
    amount_fen: int
    off_bp: int
    most_fen: int | None
    threshold_fen: int
    products: tuple[int, ...] | None
    categories: tuple[int, ...] | None
    state: CouponState
    starts_at: datetime
    expires_at: datetime
    discount_fen: int

    @property
    def scope(self) -> Scope:
        """What the coupon is for."""
        return Scope(self.products, self.categories)


_COLUMNS = db.columns(HeldCoupon)


class CouponView(msgspec.Struct):
    """A coupon of the member: `amount_fen` off, or `off_bp` (1500: 15 % off) and at most `most_fen` of it."""

    id: int
    name: str
    amount_fen: int
    off_bp: int
    most_fen: int | None
    worth: str
    """The discount in words: `减 10 元`, or `8.5 折，最多减 20 元`."""
    threshold_fen: int
    scope_label: str
    scoped: bool
    """Whether the coupon is limited to some goods, listed at `/coupons/{id}/products`."""
    state: Shown
    state_label: str
    started: bool
    """Whether its validity has begun."""
    starts_at: datetime
    expires_at: datetime
    discount_fen: int
    """The discount on the order that used the coupon or holds it."""


async def page_of(
    deps: Deps, member_id: int, drawer: Drawer | None, cursor: str | None, limit: int
) -> tuple[list[CouponView], str | None]:
    """Return a page of the member's coupons, newest first, and the next cursor. Raises BadRequest (cursor)."""
    at = deps.clock.now()
    before = cursors.unpack(cursor, cursors.Number) if cursor else 2**63 - 1
    condition = _IN_DRAWER[drawer] if drawer else "$2::timestamptz IS NOT NULL"
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM coupons WHERE member_id = $1 AND {condition} AND id < $3 ORDER BY id DESC LIMIT $4",  # noqa: S608 - our own text
        member_id,
        at,
        before,
        limit + 1,
    )
    found = await as_seen([db.typed(row, HeldCoupon) for row in rows[:limit]], at)
    return found, cursors.pack(found[-1].id) if len(rows) > limit else None


async def as_seen(held: Sequence[HeldCoupon], at: datetime) -> list[CouponView]:
    """Convert coupons to what their member sees at the time `at`."""
    scopes = [coupon.scope for coupon in held]
    return [
        CouponView(
            id=coupon.id,
            name=coupon.name,
            amount_fen=coupon.amount_fen,
            off_bp=coupon.off_bp,
            most_fen=coupon.most_fen,
            worth=worth(coupon.amount_fen, coupon.off_bp, coupon.most_fen),
            threshold_fen=coupon.threshold_fen,
            scope_label=label,
            scoped=scope != coupon_scopes.WHOLE_SHOP,
            state=(state := shown(coupon.state, coupon.expires_at, at)),
            state_label=LABELS[state],
            started=coupon.starts_at <= at,
            starts_at=coupon.starts_at,
            expires_at=coupon.expires_at,
            discount_fen=coupon.discount_fen,
        )
        for coupon, scope, label in zip(held, scopes, await coupon_scopes.labels(scopes), strict=True)
    ]


async def goods(
    deps: Deps, member_id: int, coupon_id: int, cursor: str | None, limit: int
) -> tuple[list[products.ListedProduct], str | None]:
    """Return a page of the products on sale that the member's coupon is for, as `products.page` does.

    Raises NotFound, BadRequest.
    """
    row = await db.fetch_row(
        "SELECT products, categories FROM coupons WHERE id = $1 AND member_id = $2", coupon_id, member_id
    )
    if row is None:
        raise NotFound(what="coupon")
    scope = db.typed(row, Scope)
    wanted = products.Wanted(
        products=scope.products,
        categories=scope.categories,
        sort="sales",
        cursor=cursor or "",
        limit=limit,
    )
    return await products.page(wanted, deps.clock.now())


async def issue(  # noqa: PLR0913, PLR0917 - the columns of a coupon
    tx: db.Connection,
    member_id: int,
    source: str,
    name: str,
    amount_fen: int,
    threshold_fen: int,
    starts_at: datetime,
    expires_at: datetime,
) -> int | None:
    """Step: issue a coupon of an amount, once per `source`; return its id, or None if the source was used before."""
    coupon_id: int | None = await tx.fetchval(
        "INSERT INTO coupons (member_id, source, name, amount_fen, threshold_fen, state, starts_at, expires_at,"
        " discount_fen, created_at) VALUES ($1, $2, $3, $4, $5, 'unused', $6, $7, 0, $6)"
        " ON CONFLICT (source) DO NOTHING RETURNING id",
        member_id,
        source,
        name,
        amount_fen,
        threshold_fen,
        starts_at,
        expires_at,
    )
    return coupon_id


_ISSUE = f"""
WITH issued AS (
  INSERT INTO coupons (member_id, template_id, issue_id, order_line_id, source, name, amount_fen, off_bp, most_fen,
      threshold_fen, products, categories, state, starts_at, expires_at, discount_fen, created_at)
    SELECT w.member_id, t.id, $2, $6, w.source, t.name, t.amount_fen, t.off_bp, t.most_fen, t.threshold_fen, t.products,
      t.categories, 'unused', COALESCE(t.starts_at, $5), COALESCE(t.ends_at, $5 + make_interval(days => t.valid_days)),
      0, $5
    FROM coupon_templates t, unnest($3::bigint[], $4::text[]) AS w (member_id, source) WHERE t.id = $1
    ON CONFLICT (source) DO NOTHING RETURNING {_COLUMNS}
), counted AS (
  UPDATE coupon_templates SET claimed = claimed + (SELECT count(*) FROM issued) WHERE id = $1
)
SELECT * FROM issued
"""  # noqa: S608 - our own names


async def issue_from(
    tx: db.Connection,
    template_id: int,
    sources: Sequence[tuple[int, str]],
    at: datetime,
    issue_id: int | None = None,
    order_line_id: int | None = None,
) -> list[HeldCoupon]:
    """Step: issue coupons of a template as it is now, one per `(member_id, source)`; return the new coupons.

    A source that was used before issues nothing. The caller holds the template's row lock, so that the number left of
    its total is exact.
    """
    members, names = [one for one, _ in sources], [name for _, name in sources]
    rows = await tx.fetch(_ISSUE, template_id, issue_id, members, names, at, order_line_id)
    return [db.typed(row, HeldCoupon) for row in rows]
