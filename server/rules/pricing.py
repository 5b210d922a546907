"""One ordered price pipeline: list → promotion → level → coupon → points → freight → balance → cash due.

Preview and placing call `quote` with the same inputs and get the same sums, split over lines to the fen. A later
step never changes what an earlier one took off; a new kind of discount is one more function in `PIPELINE`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from server.core.errors import BalanceInsufficient, CouponUnusable
from server.core.money import split
from server.rules.shop import ShopPolicy


@dataclass(frozen=True, slots=True)
class Item:
    """One SKU to buy, at its list price."""

    sku_id: int
    quantity: int
    unit_price_fen: int
    virtual: bool


@dataclass(frozen=True, slots=True)
class CouponTerms:
    """A coupon the member holds."""

    id: int
    name: str
    amount_fen: int
    threshold_fen: int
    state: str
    starts_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Means:
    """What the member brings to the order."""

    coupon: CouponTerms | None
    use_balance_fen: int
    spend_only_fen: int
    withdrawable_fen: int


@dataclass(frozen=True, slots=True)
class Discount:
    """One line of what was taken off, as the member reads it."""

    kind: str
    label: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class LinePrice:
    """An item's amounts. `amount − discount − coupon − points = balance + cash`."""

    amount_fen: int
    discount_fen: int = 0
    coupon_fen: int = 0
    points_fen: int = 0
    balance_fen: int = 0
    withdrawable_fen: int = 0
    cash_fen: int = 0

    @property
    def payable_fen(self) -> int:
        """What is left to pay for the line by balance and cash."""
        return self.amount_fen - self.discount_fen - self.coupon_fen - self.points_fen


@dataclass(frozen=True, slots=True)
class Quote:
    """items − discounts + freight − balance = cash due."""

    lines: tuple[LinePrice, ...]
    discounts: tuple[Discount, ...] = ()
    freight_fen: int = 0
    freight_cash_fen: int = 0
    balance_fen: int = 0
    withdrawable_fen: int = 0

    @property
    def items_fen(self) -> int:
        """Σ list prices."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def goods_fen(self) -> int:
        """What the goods cost after all discounts."""
        return sum(line.payable_fen for line in self.lines)

    @property
    def cash_due_fen(self) -> int:
        """What WeChat is asked for."""
        return self.goods_fen + self.freight_fen - self.balance_fen


@dataclass(frozen=True, slots=True)
class Basket:
    """Everything the pipeline may look at."""

    items: tuple[Item, ...]
    means: Means
    policy: ShopPolicy
    now: datetime


Step = Callable[[Basket, Quote], Quote]


def quote(basket: Basket) -> Quote:
    """Run the pipeline. Raises CouponUnusable or BalanceInsufficient."""
    priced = Quote(tuple(LinePrice(item.unit_price_fen * item.quantity) for item in basket.items))
    for step in PIPELINE:
        priced = step(basket, priced)
    return priced


def _coupon(basket: Basket, priced: Quote) -> Quote:
    coupon = basket.means.coupon
    if coupon is None:
        return priced
    refuse_coupon(coupon, priced.goods_fen, basket.now)
    off = min(coupon.amount_fen, priced.goods_fen)
    parts = split(off, [line.payable_fen for line in priced.lines])
    return replace(
        priced,
        lines=tuple(replace(line, coupon_fen=part) for line, part in zip(priced.lines, parts, strict=True)),
        discounts=(*priced.discounts, Discount("coupon", coupon.name, off)),
    )


def refuse_coupon(coupon: CouponTerms, goods_fen: int, now: datetime) -> None:
    """Raise CouponUnusable, with the reason, when the coupon does not fit goods worth `goods_fen` at `now`."""
    if coupon.state != "unused":
        raise CouponUnusable(reason="state")
    if now < coupon.starts_at:
        raise CouponUnusable(reason="not_started")
    if now >= coupon.expires_at:
        raise CouponUnusable(reason="expired")
    if goods_fen < coupon.threshold_fen:
        raise CouponUnusable(reason="threshold", threshold_fen=coupon.threshold_fen)


def _freight(basket: Basket, priced: Quote) -> Quote:
    physical = any(not item.virtual for item in basket.items)
    if not physical or priced.goods_fen >= basket.policy.free_from_fen:
        return priced
    return replace(priced, freight_fen=basket.policy.freight_fen)


def _balance(basket: Basket, priced: Quote) -> Quote:
    """Balance pays goods before freight (freight counts as paid in cash first), spend-only before withdrawable."""
    means = basket.means
    asked = min(means.use_balance_fen, priced.goods_fen + priced.freight_fen)
    if asked > means.spend_only_fen + means.withdrawable_fen:
        raise BalanceInsufficient(available_fen=means.spend_only_fen + means.withdrawable_fen)
    withdrawable = max(0, asked - means.spend_only_fen)
    cash = priced.goods_fen + priced.freight_fen - asked
    freight_cash = min(priced.freight_fen, cash)
    goods_balance = asked - (priced.freight_fen - freight_cash)
    balances = split(goods_balance, [line.payable_fen for line in priced.lines])
    withdrawables = split(min(withdrawable, goods_balance), balances)
    lines = tuple(
        replace(line, balance_fen=balance, withdrawable_fen=part, cash_fen=line.payable_fen - balance)
        for line, balance, part in zip(priced.lines, balances, withdrawables, strict=True)
    )
    return replace(priced, lines=lines, balance_fen=asked, withdrawable_fen=withdrawable, freight_cash_fen=freight_cash)


PIPELINE: tuple[Step, ...] = (_coupon, _freight, _balance)
"""In the order of rules.md §7. Promotion price and level discount come before the coupon, points after it."""
