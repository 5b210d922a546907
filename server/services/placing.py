"""Preview and placing: fetch the facts in one statement, price them by the rules, write everything in one statement."""

from contextlib import AbstractAsyncContextManager
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
    NotFound,
    PointsUnavailable,
    PromotionUnknown,
    SkuUnavailable,
    StockInsufficient,
)
from server.gateways.ports import Deps
from server.rules.pricing import Basket, Item, Means, quote
from server.rules.shop import ShopPolicy
from server.services import idempotency, policy
from server.services.idempotency import AnsweredMeanwhile, Keyed
from server.services.order_drafts import Draft, Priced
from server.services.order_facts import Facts, Wanted, facts_of

MAX_LINES = 50


def _priced(facts: Facts, wanted: Wanted, shop: ShopPolicy, at: datetime, order_no: str | None) -> Draft:
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
    return Draft(facts, wanted, priced, order_no, at, expires_at)


def _refuse(facts: Facts, wanted: Wanted, *, placing: bool) -> None:
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
        facts = await facts_of(connection, member_id, wanted, None)
    return _priced(facts, wanted, shop, deps.clock.now(), None).shown()


async def place(deps: Deps, member_id: int, wanted: Wanted, keyed: Keyed) -> bytes:
    """Place an order and reserve its stock, coupon and balance; the encoded `Priced`, once per idempotency key.

    Raises ItemsInvalid, SkuUnavailable, StockInsufficient, AddressRequired, NotFound (address), CouponUnusable,
    BalanceInsufficient, PointsUnavailable, PromotionUnknown, AccountBlocked, IdempotencyMismatch, Busy.
    """
    shop = await policy.current()
    try:
        return await _place(deps, member_id, wanted, keyed, shop)
    except (AnsweredMeanwhile, Busy):  # a connection that breaks may do so after the order was placed
        answer = await idempotency.replay(member_id, keyed)
        if answer is None:
            raise
        return answer


async def _place(deps: Deps, member_id: int, wanted: Wanted, keyed: Keyed, shop: ShopPolicy) -> bytes:
    async with _scope(wanted) as connection:
        if wanted.use_balance_fen:
            await connection.execute("SELECT 1 FROM members WHERE id = $1 FOR NO KEY UPDATE", member_id)
        facts = await facts_of(connection, member_id, wanted, keyed)
        if facts.answered is not None:
            if facts.answered["body_hash"] != keyed.body_hash:
                raise IdempotencyMismatch
            keyed.replayed = True
            return facts.answered["answer"].encode()
        at = deps.clock.now()
        order = _priced(facts, wanted, shop, at, ids.number("T", at))
        answer = msgspec.json.encode(order.shown())
        payload = order.payload(member_id, keyed, answer).decode()
        if not await connection.fetchval("SELECT order_place($1::jsonb)", payload):
            raise AnsweredMeanwhile
    return answer


def _scope(wanted: Wanted) -> AbstractAsyncContextManager[db.Connection]:
    """Balance needs the member locked while its wallet is read; else `order_place` is a transaction by itself."""
    return db.transaction() if wanted.use_balance_fen else db.connection()
