"""Preview and placing: fetch the facts in one statement, price them by the rules, write everything in one statement."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import orjson

from server import db
from server.core import ids
from server.core.errors import (
    AccountBlocked,
    AddressRequired,
    BalanceInsufficient,
    Busy,
    CouponUnusable,
    IdempotencyMismatch,
    ItemsInvalid,
    NotFound,
    PointsUnavailable,
    PromotionUnknown,
    Refusal,
    SkuUnavailable,
    StockInsufficient,
)
from server.gateways.ports import Deps
from server.ledger import book, entries
from server.rules.pricing import Basket, CouponTerms, Item, LinePrice, Means, Quote, quote
from server.rules.shop import ShopPolicy
from server.services import idempotency, policy
from server.services.idempotency import Keyed

MAX_LINES = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a member asks for. `items` None means the whole cart."""

    items: tuple[tuple[int, int], ...] | None
    """(sku_id, quantity)"""
    address_id: int | None = None
    coupon_id: int | None = None
    points: int = 0
    use_balance_fen: int = 0
    promotion: str | None = None
    remark: str = ""


class PricedLine(msgspec.Struct):
    """One line as shown before and after placing."""

    sku_id: int
    product_id: int
    title: str
    image: str
    spec: dict[str, str]
    quantity: int
    unit_price_fen: int
    amount_fen: int
    discount_fen: int
    coupon_fen: int
    balance_fen: int
    cash_fen: int


class PricedDiscount(msgspec.Struct):
    """One thing taken off."""

    kind: str
    label: str
    amount_fen: int


class Priced(msgspec.Struct):
    """items − discounts + freight − balance = cash due. `order_no` is null in a preview."""

    order_no: str | None
    lines: list[PricedLine]
    items_fen: int
    discounts: list[PricedDiscount]
    freight_fen: int
    balance_fen: int
    cash_due_fen: int
    expires_at: datetime | None


_FACTS = """
SELECT m.state, (SELECT jsonb_object_agg(code, balance) FROM ledger_accounts WHERE member_id = m.id
    AND code IN ('spend_only', 'withdrawable') AND currency = 'CNY') AS wallet,
  (SELECT jsonb_build_object('sealed', sealed, 'region', province || ' ' || city || ' ' || district) FROM addresses
    WHERE id = $3 AND member_id = m.id) AS address,
  (SELECT to_jsonb(c) FROM coupons c WHERE c.id = $4 AND c.member_id = m.id) AS coupon,
  (SELECT jsonb_build_object('body_hash', k.body_hash, 'answer', k.answer) FROM idempotency_keys k
    WHERE k.member_id = m.id AND k.path = $5 AND k.key = $6) AS answered,
  (SELECT jsonb_agg((SELECT jsonb_build_object('n', w.quantity, 'sku_id', w.sku_id, 'product_id', p.id,
      'category_id', p.category_id, 'title', p.title, 'image', p.images ->> 0, 'spec', s.spec,
      'price_fen', s.price_fen, 'available', s.available,
      'virtual', p.kind = 'virtual', 'on_sale', s.on_sale AND p.on_sale)
        FROM (VALUES (w.sku_id)) AS one (id) LEFT JOIN skus s ON s.id = one.id
          LEFT JOIN products p ON p.id = s.product_id)
      ORDER BY w.place) FROM ({wanted}) w) AS items
FROM members m WHERE m.id = $1
"""
# Planning costs five times as much as running this. PostgreSQL keeps one plan for all calls only if that looks as cheap
# as planning each anew: hence a list of unknown length as JSON (not as an array, whose length it would look at), a
# subquery per item (a join would be planned as a scan of all SKUs), and two statements instead of a condition.
_GIVEN_FACTS = _FACTS.format(
    wanted="SELECT sku_id, quantity, place FROM ROWS FROM (jsonb_to_recordset($2::jsonb) AS (sku_id bigint,"
    " quantity int)) WITH ORDINALITY AS given (sku_id, quantity, place)"
)
_CART_FACTS = _FACTS.format(
    wanted="SELECT sku_id, quantity, id AS place FROM cart_items WHERE member_id = m.id AND $2::jsonb IS NULL"
)


class _Sku(msgspec.Struct):
    """One wanted SKU as the catalogue has it; nulls when there is none."""

    n: int
    sku_id: int
    product_id: int | None
    category_id: int | None
    title: str | None
    image: str | None
    spec: dict[str, str] | None
    price_fen: int | None
    available: int | None
    virtual: bool | None
    on_sale: bool | None


_items = msgspec.json.Decoder(list[_Sku])


@dataclass(frozen=True, slots=True)
class _Facts:
    state: str
    wallet: dict[str, int]
    address: dict[str, str] | None
    coupon: CouponTerms | None
    answered: dict[str, str] | None
    items: list[Any]


async def _facts(connection: db.Connection, member_id: int, wanted: Wanted, keyed: Keyed | None) -> _Facts:
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
    )
    if row is None:
        raise NotFound(what="member")
    return _Facts(
        state=row["state"],
        wallet=orjson.loads(row["wallet"] or "{}"),
        address=orjson.loads(row["address"] or "null"),
        coupon=_coupon(row["coupon"]),
        answered=orjson.loads(row["answered"] or "null"),
        items=_items.decode(row["items"] or "[]"),
    )


def _coupon(stored: str | None) -> CouponTerms | None:
    return msgspec.convert(orjson.loads(stored), CouponTerms) if stored else None


@dataclass(frozen=True, slots=True)
class _Order:
    """A priced order before it is written."""

    facts: _Facts
    wanted: Wanted
    quote: Quote
    order_no: str | None
    at: datetime
    expires_at: datetime | None

    @property
    def virtual(self) -> bool:
        return all(item.virtual for item in self.facts.items)

    def shown(self) -> Priced:
        """The answer of preview and placing."""
        return Priced(
            order_no=self.order_no,
            lines=[
                PricedLine(
                    sku_id=item.sku_id,
                    product_id=item.product_id,
                    title=item.title,
                    image=item.image or "",
                    spec=item.spec,
                    quantity=item.n,
                    unit_price_fen=item.price_fen,
                    amount_fen=line.amount_fen,
                    discount_fen=line.discount_fen,
                    coupon_fen=line.coupon_fen,
                    balance_fen=line.balance_fen,
                    cash_fen=line.cash_fen,
                )
                for item, line in self._pairs()
            ],
            items_fen=self.quote.items_fen,
            discounts=[PricedDiscount(one.kind, one.label, one.amount_fen) for one in self.quote.discounts],
            freight_fen=self.quote.freight_fen,
            balance_fen=self.quote.balance_fen,
            cash_due_fen=self.quote.cash_due_fen,
            expires_at=self.expires_at,
        )

    def _pairs(self) -> Sequence[tuple[Any, LinePrice]]:
        return list(zip(self.facts.items, self.quote.lines, strict=True))

    def row(self, member_id: int) -> dict[str, Any]:
        """The orders row."""
        address = self.facts.address or {}
        return {
            "order_no": self.order_no,
            "member_id": member_id,
            "kind": "normal",
            "status": "pending",
            "virtual": self.virtual,
            "items_fen": self.quote.items_fen,
            "discounts": [
                {"kind": one.kind, "label": one.label, "amount_fen": one.amount_fen} for one in self.quote.discounts
            ],
            "coupon_id": self.wanted.coupon_id,
            "freight_fen": self.quote.freight_fen,
            "freight_cash_fen": self.quote.freight_cash_fen,
            "balance_fen": self.quote.balance_fen,
            "withdrawable_fen": self.quote.withdrawable_fen,
            "cash_due_fen": self.quote.cash_due_fen,
            "address_sealed": None if self.virtual else address.get("sealed"),
            "region": "" if self.virtual else address.get("region", ""),
            "remark": self.wanted.remark,
            "created_at": self.at,
            "expires_at": self.expires_at,
            "checks": 0,
            "refunded_cash_fen": 0,
            "refunded_balance_fen": 0,
            "refunded_freight_fen": 0,
        }

    def line_rows(self) -> list[dict[str, Any]]:
        """The order_lines rows."""
        return [
            {
                "position": position,
                "sku_id": item.sku_id,
                "product_id": item.product_id,
                "category_id": item.category_id,
                "title": item.title,
                "image": item.image or "",
                "spec": item.spec,
                "virtual": item.virtual,
                "quantity": item.n,
                "unit_price_fen": item.price_fen,
                "amount_fen": line.amount_fen,
                "discount_fen": line.discount_fen,
                "coupon_fen": line.coupon_fen,
                "points_fen": line.points_fen,
                "balance_fen": line.balance_fen,
                "withdrawable_fen": line.withdrawable_fen,
                "cash_fen": line.cash_fen,
                "refunded_quantity": 0,
                "refunded_cash_fen": 0,
                "refunded_balance_fen": 0,
                "refunded_withdrawable_fen": 0,
            }
            for position, (item, line) in enumerate(self._pairs(), start=1)
        ]

    def payload(self, member_id: int, keyed: Keyed, answer: bytes) -> bytes:
        """What `order_place` takes."""
        payload: dict[str, Any] = {
            "order": self.row(member_id),
            "lines": self.line_rows(),
            "key": {
                "path": keyed.path,
                "key": keyed.key,
                "body_hash": keyed.body_hash,
                "answer": answer.decode(),
            },
            "at": self.at,
        }
        if self.wanted.coupon_id is not None:
            off = sum(line.coupon_fen for line in self.quote.lines)
            payload["coupon"] = {"id": self.wanted.coupon_id, "discount_fen": off}
        if self.wanted.items is None:
            payload["cart"] = [item.sku_id for item in self.facts.items]
        if self.quote.balance_fen:
            held = entries.order_hold(
                str(self.order_no),
                member_id,
                self.quote.balance_fen - self.quote.withdrawable_fen,
                self.quote.withdrawable_fen,
            )
            payload["entry"] = book.as_json(held, self.at)
        return orjson.dumps(payload)


def _priced(facts: _Facts, wanted: Wanted, shop: ShopPolicy, at: datetime, order_no: str | None) -> _Order:
    """Check what was asked for and run the price pipeline. Raises the refusals of `place`."""
    _refuse(facts, wanted, placing=order_no is not None)
    if wanted.coupon_id is not None and facts.coupon is None:
        raise CouponUnusable(reason="state")
    means = Means(
        coupon=facts.coupon,
        use_balance_fen=wanted.use_balance_fen,
        spend_only_fen=facts.wallet.get("spend_only", 0),
        withdrawable_fen=facts.wallet.get("withdrawable", 0),
    )
    items = tuple(Item(item.sku_id, item.n, item.price_fen, item.virtual) for item in facts.items)
    priced = quote(Basket(items, means, shop, at))
    expires_at = at + timedelta(minutes=shop.order_minutes) if order_no else None
    return _Order(facts, wanted, priced, order_no, at, expires_at)


def _refuse(facts: _Facts, wanted: Wanted, *, placing: bool) -> None:
    if facts.state != "active":
        raise AccountBlocked
    if wanted.promotion is not None:
        raise PromotionUnknown
    if wanted.points:
        raise PointsUnavailable
    names = [item.sku_id for item in facts.items]
    if not names or len(names) > MAX_LINES or len(set(names)) < len(names):
        raise ItemsInvalid(lines=len(names), max_lines=MAX_LINES)
    for item in facts.items:
        if not item.on_sale:
            raise SkuUnavailable(sku_id=item.sku_id)
        if item.available < item.n:
            raise StockInsufficient(sku_id=item.sku_id, available=item.available)
    physical = any(not item.virtual for item in facts.items)
    if wanted.address_id is not None and facts.address is None:
        raise NotFound(what="address")
    if placing and physical and facts.address is None:
        raise AddressRequired


async def preview(deps: Deps, member_id: int, wanted: Wanted) -> Priced:
    """What `place` would answer now, without a number. Same refusals, except that an address may still lack."""
    shop = await policy.current()
    async with db.connection() as connection:
        facts = await _facts(connection, member_id, wanted, None)
    return _priced(facts, wanted, shop, deps.clock.now(), None).shown()


async def place(deps: Deps, member_id: int, wanted: Wanted, keyed: Keyed) -> bytes:
    """Place an order and reserve its stock, coupon and balance; the encoded `Priced`, once per idempotency key.

    Raises ItemsInvalid, SkuUnavailable, StockInsufficient, AddressRequired, NotFound (address), CouponUnusable,
    BalanceInsufficient, PointsUnavailable, PromotionUnknown, AccountBlocked, IdempotencyMismatch, Busy.
    """
    shop = await policy.current()
    try:
        answer = await _place(deps, member_id, wanted, keyed, shop)
    except Refusal:
        # The first request with this key may have taken the last piece in between: then its answer is the answer.
        answer = await idempotency.replay(member_id, keyed)
        if answer is None:
            raise
        return answer
    if answer is None:
        answer = await idempotency.replay(member_id, keyed)
    if answer is None:
        raise Busy
    return answer


async def _place(deps: Deps, member_id: int, wanted: Wanted, keyed: Keyed, shop: ShopPolicy) -> bytes | None:
    async with _scope(wanted) as connection:
        if wanted.use_balance_fen:
            await connection.execute("SELECT 1 FROM members WHERE id = $1 FOR NO KEY UPDATE", member_id)
        facts = await _facts(connection, member_id, wanted, keyed)
        if facts.answered is not None:
            if facts.answered["body_hash"] != keyed.body_hash:
                raise IdempotencyMismatch
            keyed.replayed = True
            return facts.answered["answer"].encode()
        at = deps.clock.now()
        order = _priced(facts, wanted, shop, at, ids.number("T", at))
        answer = msgspec.json.encode(order.shown())
        payload = order.payload(member_id, keyed, answer).decode()
        try:
            placed = await connection.fetchval("SELECT order_place($1::jsonb)", payload)
        except asyncpg.CheckViolationError as error:
            if error.constraint_name != book.NEGATIVE:
                raise
            raise BalanceInsufficient from error
    return answer if placed else None


def _scope(wanted: Wanted) -> AbstractAsyncContextManager[db.Connection]:
    """Balance needs the member locked while its wallet is read; else `order_place` is a transaction by itself."""
    return db.transaction() if wanted.use_balance_fen else db.connection()
