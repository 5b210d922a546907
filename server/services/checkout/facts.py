"""The first step of placing: fetch everything that an order depends on, in one statement."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
import orjson

from server import db
from server.core.errors import NotFound
from server.rules.coupons import CouponTerms
from server.rules.freight import Template
from server.rules.promotions import EXCHANGE, Promotion
from server.services.common.idempotency import Keyed


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a member asks for. `items` None means the whole cart."""

    items: tuple[tuple[int, int], ...] | None
    """(sku_id, quantity)"""
    address_id: int | None = None
    coupon_id: int | None = None
    points: int = 0
    use_balance_fen: int = 0
    promotion: Promotion | None = None
    remark: str = ""


_FACTS = """
SELECT m.state, (SELECT jsonb_object_agg(code, balance) FROM ledger_accounts WHERE member_id = m.id
    AND code IN ('spend_only', 'withdrawable', 'points')) AS wallet,
  (SELECT jsonb_build_object('sealed', sealed, 'region', concat_ws(' ', province, NULLIF(city, province), district))
    FROM addresses WHERE id = $3 AND member_id = m.id) AS address,
  COALESCE((SELECT position FROM member_levels WHERE member_id = m.id), 0) AS level,
  (SELECT to_jsonb(c) FROM coupons c WHERE c.id = $4 AND c.member_id = m.id) AS coupon,
  (SELECT jsonb_build_object('body_hash', k.body_hash, 'answer', k.answer) FROM idempotency_keys k
    WHERE k.member_id = m.id AND k.path = $5 AND k.key = $6) AS answered,
  (SELECT json_agg((SELECT CASE WHEN s.id IS NULL THEN json_build_object('n', w.quantity, 'sku_id', w.sku_id)
    ELSE json_build_object('n', w.quantity, 'sku_id', w.sku_id, 'product_id', p.id,
      'category_id', p.category_id, 'title', p.title, 'image', p.images ->> 0, 'spec', s.spec::json,
      'price_fen', s.price_fen, 'available', LEAST(s.available,
        (SELECT CASE WHEN t.active AND COALESCE(t.ends_at > $7, true) THEN t.total - t.claimed ELSE 0 END
          FROM coupon_templates t WHERE t.id = p.coupon_template_id)),
      'virtual', p.kind = 'virtual', 'weight_g', s.weight_g,
      'on_sale', s.on_sale AND CASE WHEN $8 THEN on_shelf(p, $7) ELSE listed(p, $7) END,
      'freight', (SELECT to_jsonb(f) FROM freight_templates f WHERE f.id = p.freight_template_id),
      'min_level', p.min_level, 'limit_each', p.limit_each, 'bought', CASE WHEN p.limit_each > 0 THEN
        (SELECT COALESCE(sum(l.quantity - l.refunded_quantity), 0) FROM orders o JOIN order_lines l ON l.order_id = o.id
          WHERE o.member_id = m.id AND l.product_id = p.id AND o.status NOT IN ('closed', 'refunded')) END) END
        FROM (VALUES (w.sku_id)) AS one (id) LEFT JOIN skus s ON s.id = one.id
          LEFT JOIN products p ON p.id = s.product_id)
      ORDER BY w.place) FROM ({wanted}) w) AS items
FROM members m WHERE m.id = $1
"""
# Planning this statement costs five times as much as running it, so PostgreSQL should keep one plan for all calls. It
# does so only if that plan looks as cheap as a new plan for each call. Hence the items come as JSON (PostgreSQL would
# look at the length of an array), each item has its own subquery (a join would be planned as a scan of all SKUs), and
# there are two statements instead of one with a condition.
_GIVEN_FACTS = _FACTS.format(
    wanted="SELECT sku_id, quantity, place FROM ROWS FROM (jsonb_to_recordset($2::jsonb) AS (sku_id bigint,"
    " quantity int)) WITH ORDINALITY AS given (sku_id, quantity, place)"
)
_CART_FACTS = _FACTS.format(
    wanted="SELECT sku_id, quantity, id AS place FROM cart_items WHERE member_id = m.id AND $2::jsonb IS NULL"
)


class WantedSku(msgspec.Struct, frozen=True):
    """`n` pieces of a wanted SKU, which the catalogue has as the other fields say.

    An SKU that does not exist is not on sale; then the other fields say nothing.
    """

    n: int
    sku_id: int
    on_sale: bool = False
    product_id: int = 0
    category_id: int = 0
    title: str = ""
    image: str | None = None
    spec: dict[str, str] = {}
    price_fen: int = 0
    available: int = 0
    virtual: bool = False
    weight_g: int = 0
    freight: Template | None = None
    min_level: int | None = None
    limit_each: int | None = None
    """How many pieces of the product each member may buy; None is no limit."""
    bought: int | None = None
    """Pieces of the product in the member's orders; None where there is no limit."""


class SealedAddress(msgspec.Struct, frozen=True):
    """The address to send to, encrypted, and its province, city and district."""

    sealed: str
    region: str


class Answered(msgspec.Struct, frozen=True):
    """The stored answer of an idempotency key, with the hash of the request that got it."""

    body_hash: str
    answer: str


class Purse(msgspec.Struct, frozen=True):
    """What the member can pay with: balance in fen, and points."""

    spend_only: int = 0
    withdrawable: int = 0
    points: int = 0


class Facts(msgspec.Struct, frozen=True):
    """What was found."""

    state: str
    wallet: Purse
    address: SealedAddress | None
    level: int
    """The position of the member's level, as stored."""
    coupon: CouponTerms | None
    answered: Answered | None
    items: tuple[WantedSku, ...]
    """In the order in which they were asked for."""


_items = msgspec.json.Decoder(tuple[WantedSku, ...])
_wallet = msgspec.json.Decoder(Purse)
_address = msgspec.json.Decoder(SealedAddress | None)
_answered = msgspec.json.Decoder(Answered | None)
_coupon = msgspec.json.Decoder(CouponTerms)


async def facts_of(
    connection: db.Connection, member_id: int, wanted: Wanted, keyed: Keyed | None, at: datetime
) -> Facts:
    """Fetch the facts of a wanted order as of `at`; with `keyed`, also the stored answer of that idempotency key.

    Raises NotFound when there is no such member.
    """
    statement, given = _CART_FACTS, None
    if wanted.items is not None:
        statement = _GIVEN_FACTS
        given = orjson.dumps([{"sku_id": sku_id, "quantity": quantity} for sku_id, quantity in wanted.items]).decode()
    row = await connection.fetchrow(
        statement,
        member_id,
        given,
        wanted.address_id,
        wanted.coupon_id,
        keyed and keyed.path,
        keyed and keyed.key,
        at,
        wanted.promotion is not None and wanted.promotion.kind == EXCHANGE,
    )
    if row is None:
        raise NotFound(what="member")
    return Facts(
        state=row["state"],
        wallet=_wallet.decode(row["wallet"] or "{}"),
        address=_address.decode(row["address"] or "null"),
        level=row["level"],
        coupon=coupon_terms(row["coupon"]) if row["coupon"] else None,
        answered=_answered.decode(row["answered"] or "null"),
        items=_items.decode(row["items"] or "[]"),
    )


def coupon_terms(stored: str) -> CouponTerms:
    """Convert a row of `coupons`, as JSON, to the terms that the price pipeline takes."""
    return _coupon.decode(stored)
