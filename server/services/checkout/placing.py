"""Preview and placing: fetch the facts in one statement, price them by the rules, write everything in one statement."""

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from server import db
from server.core import ids
from server.core.errors import (
    AccountBlocked,
    AddressRequired,
    Busy,
    CouponUnusable,
    IdempotencyMismatch,
    ItemsInvalid,
    LevelRequired,
    NotFound,
    PurchaseLimit,
    SkuUnavailable,
    StockInsufficient,
    UnpaidLimit,
)
from server.gateways.ports import Deps
from server.rules.levels import Level
from server.rules.pricing import Basket, Item, Means, quote
from server.rules.promotions import EXCHANGE, Offer
from server.rules.shop import ShopPolicy
from server.services.checkout import promises
from server.services.checkout.drafts import Draft, Previewed, UnpaidMost
from server.services.checkout.facts import Facts, Wanted, WantedSku, facts_of
from server.services.common import idempotency, locks
from server.services.common.idempotency import AnsweredMeanwhile, Keyed
from server.services.promotions import kinds as promotion_kinds
from server.services.terms import levels, policy
from server.services.terms.stacking import Stacking
from server.services.terms.stacking import current as stacking_of

MAX_LINES = 50


@dataclass(frozen=True, slots=True)
class Terms:
    """The shop's terms for all orders. Read them before taking a connection: reading may open another one."""

    shop: ShopPolicy
    stacking: Stacking
    levels: tuple[Level, ...]


async def read_terms() -> Terms:
    """Read the terms in force now."""
    return Terms(await policy.current(), await stacking_of(), await levels.current())


async def drafted(
    connection: db.Connection,
    member_id: int,
    wanted: Wanted,
    facts: Facts,
    terms: Terms,
    at: datetime,
    order_no: str | None,
) -> Draft:
    """Check what was asked for and run the price pipeline. Raises the refusals of `place`."""
    shop, stacking = terms.shop, terms.stacking
    _refuse(facts, wanted, placing=order_no is not None)
    _refuse_lower(facts, terms.levels)
    unpaid = UnpaidMost(shop.max_unpaid_orders, shop.max_unpaid_pieces)
    _refuse_too_large(facts, unpaid)
    offer, held = None, False
    if wanted.promotion is not None:
        kind = promotion_kinds.kind_of(wanted.promotion.kind)
        pieces = [(item.sku_id, item.n) for item in facts.items]
        offer, held = await kind.offer(connection, member_id, wanted.promotion, pieces, at), kind.held_stock
    for item in facts.items:
        if item.available < item.n and not held:
            raise StockInsufficient(sku_id=item.sku_id, available=item.available)
    stack = stacking.matrix.of(offer.kind if offer else "normal")
    priced = quote(
        Basket(
            items=tuple(_item(item, offer) for item in facts.items),
            means=Means(
                coupon=facts.coupon,
                use_balance_fen=wanted.use_balance_fen,
                spend_only_fen=facts.wallet.spend_only,
                withdrawable_fen=facts.wallet.withdrawable,
                points=wanted.points,
                level=levels.price_terms(terms.levels, facts.level),
                points_held=facts.wallet.points,
            ),
            policy=shop,
            now=at,
            kind=offer.kind if offer else "normal",
            label=offer.label if offer else "",
            stack=stack,
            address=facts.address.region if facts.address else None,
        )
    )
    expires_at = at + timedelta(minutes=shop.order_minutes) if order_no else None
    return Draft(facts, wanted, priced, offer, held, stack, stacking.version, unpaid, order_no, at, expires_at)


def _item(item: WantedSku, offer: Offer | None) -> Item:
    return Item(
        sku_id=item.sku_id,
        quantity=item.n,
        unit_price_fen=item.price_fen,
        virtual=item.virtual,
        product_id=item.product_id,
        category_id=item.category_id,
        weight_g=item.weight_g,
        freight=item.freight,
        promotion_fen=offer.prices_fen.get(item.sku_id) if offer else None,
        points_each=offer.points.get(item.sku_id, 0) if offer else 0,
    )


def _refuse(facts: Facts, wanted: Wanted, *, placing: bool) -> None:
    if facts.state != "active":
        raise AccountBlocked
    names = [item.sku_id for item in facts.items]
    if not names or len(names) > MAX_LINES or len(set(names)) < len(names):
        raise ItemsInvalid(lines=len(names), max_lines=MAX_LINES)
    for item in facts.items:
        if not item.on_sale:
            raise SkuUnavailable(sku_id=item.sku_id)
    _refuse_too_many(facts)
    if wanted.coupon_id is not None and facts.coupon is None:
        raise CouponUnusable(reason="state")
    physical = any(not item.virtual for item in facts.items)
    if wanted.address_id is not None and facts.address is None:
        raise NotFound(what="address")
    if placing and physical and facts.address is None:
        raise AddressRequired


def _refuse_lower(facts: Facts, known: Sequence[Level]) -> None:
    for item in facts.items:
        needed = levels.needed(known, item.min_level)
        if needed is not None and levels.place(known, facts.level) < needed.position:
            raise LevelRequired(item.product_id, needed.name)


def _refuse_too_many(facts: Facts) -> None:
    """Check purchase limits per product, over all its SKUs in the order."""
    pieces = Counter[int]()
    for item in facts.items:
        pieces[item.product_id] += item.n
        bought = item.bought or 0
        if item.limit_each and bought + pieces[item.product_id] > item.limit_each:
            raise PurchaseLimit(product_id=item.product_id, limit=item.limit_each, bought=bought)


def _refuse_too_large(facts: Facts, unpaid: UnpaidMost) -> None:
    """Check the order alone; `order_place` adds what the member holds unpaid already."""
    for item in facts.items:
        if item.n > unpaid.pieces:
            raise UnpaidLimit(sku_id=item.sku_id, unpaid=0, max_pieces=unpaid.pieces)


async def preview(deps: Deps, member_id: int, wanted: Wanted) -> Previewed:
    """Give the answer that `place` would give now, without an order number, and what the order would count for.

    Raises the same refusals, except that the address may still be missing.
    """
    terms, at = await read_terms(), deps.clock.now()
    async with db.connection() as connection:
        facts = await facts_of(connection, member_id, wanted, None, at)
        draft = await drafted(connection, member_id, wanted, facts, terms, at, None)
        lines = [{"sku_id": item.sku_id, "quantity": item.n} for item in facts.items]
        await connection.execute(
            "SELECT unpaid_refuse($1, $2::jsonb, $3::jsonb, $4)",
            member_id,
            msgspec.json.encode(lines).decode(),
            msgspec.json.encode(draft.unpaid).decode(),
            at,
        )
    counts = await promises.of_draft(member_id, draft, at)
    return Previewed(**msgspec.structs.asdict(draft.shown()), counts=counts)


async def place(deps: Deps, member_id: int, wanted: Wanted, keyed: Keyed) -> bytes:
    """Place an order and reserve its stock, coupon, balance and points, once per idempotency key.

    Returns the encoded `Priced`. Raises ItemsInvalid, SkuUnavailable, LevelRequired, PurchaseLimit, StockInsufficient,
    AddressRequired, DeliveryRefused, NotFound (address), CouponUnusable, BalanceInsufficient, PointsUnavailable,
    NotCombinable, PromotionUnknown, PromotionRefused, UnpaidLimit, AccountBlocked, IdempotencyMismatch, Busy.
    """
    if wanted.promotion is not None:
        await promotion_kinds.kind_of(wanted.promotion.kind).admit(deps, member_id, wanted.promotion)
    try:
        return await _place(deps, member_id, wanted, keyed, locked=_spends(wanted))
    except (AnsweredMeanwhile, Busy):  # the connection may have broken after the order was placed
        answer = await idempotency.replay(member_id, keyed)
        if answer is None:
            raise
        return answer


async def _place(deps: Deps, member_id: int, wanted: Wanted, keyed: Keyed, *, locked: bool) -> bytes:
    terms = await read_terms()
    async with _scope(locked=locked) as connection:
        if locked:
            await locks.member(connection, member_id)
        at = deps.clock.now()
        facts = await facts_of(connection, member_id, wanted, keyed, at)
        if facts.answered is not None:
            if facts.answered.body_hash != keyed.body_hash:
                raise IdempotencyMismatch
            keyed.replayed = True
            return facts.answered.answer.encode()
        order = await drafted(connection, member_id, wanted, facts, terms, at, ids.number("T", at))
        if locked or not any(item.limit_each for item in facts.items):
            answer = msgspec.json.encode(order.shown())
            payload = order.payload(member_id, keyed, answer).decode()
            if not await connection.fetchval("SELECT order_place($1::jsonb)", payload):
                raise AnsweredMeanwhile
            return answer
    return await _place(deps, member_id, wanted, keyed, locked=True)  # counts the limits again under the member's lock


def _spends(wanted: Wanted) -> bool:
    """Tell whether the wallet may pay; an exchange always may, because its price in points is known only later."""
    return bool(wanted.use_balance_fen or wanted.points) or (
        wanted.promotion is not None and wanted.promotion.kind == EXCHANGE
    )


def _scope(*, locked: bool) -> AbstractAsyncContextManager[db.Connection]:
    """Open a transaction if the order needs the member's lock, else only a connection.

    Under that lock the wallet is read and purchase limits are counted. Without it `order_place` is a transaction by
    itself.
    """
    return db.transaction() if locked else db.connection()
