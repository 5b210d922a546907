"""One ordered price pipeline: list → promotion → level → coupon → points → freight → balance → cash due.

Preview and placing call `quote` with the same inputs and get the same sums, split over lines to the fen. A later step
never changes what an earlier step took off. A new kind of discount is one more function in `PIPELINE`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from server.core.errors import BalanceInsufficient, NotCombinable, PointsUnavailable
from server.core.money import WHOLE_BP, share, split
from server.rules.coupons import CouponTerms, Goods, refuse
from server.rules.freight import Charge, Parcel, Plain, Template, charges
from server.rules.levels import fold
from server.rules.shop import ShopPolicy
from server.rules.stacking import KIND_NAMES, LABELS, NORMAL, Combination


@dataclass(frozen=True, slots=True)
class Item:
    """One SKU to buy, at its list price. The promotion's price and points are per piece."""

    sku_id: int
    quantity: int
    unit_price_fen: int
    virtual: bool
    product_id: int = 0
    category_id: int = 0
    promotion_fen: int | None = None
    points_each: int = 0
    weight_g: int = 0
    """The weight of one piece."""
    freight: Template | None = None


@dataclass(frozen=True, slots=True)
class LevelTerms:
    """The effect of a member's level on prices: goods cost `discount_bp` of the price before."""

    name: str
    discount_bp: int = WHOLE_BP
    free_freight: bool = False


@dataclass(frozen=True, slots=True)
class Means:
    """What the member can pay with, and the member's level."""

    coupon: CouponTerms | None
    use_balance_fen: int
    spend_only_fen: int
    withdrawable_fen: int
    points: int = 0
    """Points the member wants to spend; the points that an exchange costs come on top."""
    points_held: int = 0
    level: LevelTerms | None = None


@dataclass(frozen=True, slots=True)
class Discount:
    """One discount, as the member reads it."""

    kind: str
    label: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of "why this price": `amount_fen` is what it added, or took off when negative."""

    label: str
    detail: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class LinePrice:
    """The amounts of one item. `amount − discount − coupon − points = balance + cash`."""

    amount_fen: int
    discount_fen: int = 0
    """What promotion and level took off."""
    coupon_fen: int = 0
    points_fen: int = 0
    points: int = 0
    """Points paid for the line; they are worth `points_fen`."""
    balance_fen: int = 0
    withdrawable_fen: int = 0
    cash_fen: int = 0

    @property
    def payable_fen(self) -> int:
        """What is left to pay for the line with balance and cash."""
        return self.amount_fen - self.discount_fen - self.coupon_fen - self.points_fen


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of an order: items − discounts + freight − balance = cash due."""

    lines: tuple[LinePrice, ...]
    discounts: tuple[Discount, ...] = ()
    why: tuple[Reason, ...] = ()
    freight_fen: int = 0
    freight_cash_fen: int = 0
    balance_fen: int = 0
    withdrawable_fen: int = 0

    @property
    def items_fen(self) -> int:
        """The sum of list prices."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def goods_fen(self) -> int:
        """The price of the goods after all discounts."""
        return sum(line.payable_fen for line in self.lines)

    @property
    def points(self) -> int:
        """The sum of points."""
        return sum(line.points for line in self.lines)

    @property
    def cash_due_fen(self) -> int:
        """The amount to be paid through WeChat."""
        return self.goods_fen + self.freight_fen - self.balance_fen

    def off(self, kind: str, label: str, detail: str, amount_fen: int) -> "Quote":
        """Return the quote with one more discount; unchanged when the amount is zero."""
        if not amount_fen:
            return self
        discount = Discount(kind, label, amount_fen)
        return replace(self, discounts=(*self.discounts, discount), why=(*self.why, Reason(label, detail, -amount_fen)))


@dataclass(frozen=True, slots=True)
class Basket:
    """All inputs of the pipeline. `label` is the name of the promotion."""

    items: tuple[Item, ...]
    means: Means
    policy: ShopPolicy
    now: datetime
    kind: str = "normal"
    label: str = ""
    stack: Combination = NORMAL
    address: str | None = None
    """The delivery address, from the province on; None while it is not known."""


Step = Callable[[Basket, Quote], Quote]


def quote(basket: Basket) -> Quote:
    """Run the pipeline.

    Raises CouponUnusable, PointsUnavailable, BalanceInsufficient, NotCombinable or DeliveryRefused.
    """
    priced = Quote(tuple(LinePrice(item.unit_price_fen * item.quantity) for item in basket.items))
    for step in PIPELINE:
        priced = step(basket, priced)
    return priced


def _promotion(basket: Basket, priced: Quote) -> Quote:
    """Apply the promotion's price where it is lower. In an exchange the points pay the rest of the list price."""
    lines = []
    for item, line in zip(basket.items, priced.lines, strict=True):
        if item.promotion_fen is None:
            lines.append(line)
            continue
        off = max(0, line.amount_fen - item.promotion_fen * item.quantity)
        points = item.points_each * item.quantity
        lines.append(replace(line, points_fen=off, points=points) if points else replace(line, discount_fen=off))
    after = replace(priced, lines=tuple(lines))
    off = priced.goods_fen - after.goods_fen
    if after.points:
        return after.off("points", f"{after.points} 积分兑换", basket.label, off)
    return after.off("promotion", basket.label, f"{KIND_NAMES[basket.kind]}按活动价计算", off)


def _level(basket: Basket, priced: Quote) -> Quote:
    level = basket.means.level
    if level is None or not basket.stack.level_discount or level.discount_bp == WHOLE_BP:
        return priced
    lines = tuple(
        replace(line, discount_fen=line.discount_fen + line.payable_fen - share(line.payable_fen, level.discount_bp))
        for line in priced.lines
    )
    after = replace(priced, lines=lines)
    return after.off("level", level.name, f"会员价 {fold(level.discount_bp)} 折", priced.goods_fen - after.goods_fen)


def _coupon(basket: Basket, priced: Quote) -> Quote:
    coupon = basket.means.coupon
    if coupon is None:
        return priced
    _refuse_together(basket, "coupon")
    goods = [
        Goods(item.product_id, item.category_id, line.payable_fen)
        for item, line in zip(basket.items, priced.lines, strict=True)
    ]
    refuse(coupon, goods, basket.now)
    weights = coupon.covered_fen(goods)
    off = coupon.worth_fen(sum(weights))
    lines = tuple(replace(line, coupon_fen=part) for line, part in zip(priced.lines, split(off, weights), strict=True))
    return replace(priced, lines=lines).off("coupon", coupon.name, "使用优惠券", off)


def _points(basket: Basket, priced: Quote) -> Quote:
    """Let points pay for goods, in whole fen, up to the shop's limit and never more than is left to pay."""
    means, policy = basket.means, basket.policy
    if means.points:
        _refuse_together(basket, "points")
    most = share(priced.goods_fen, policy.points_most_bp)
    off = min(means.points // policy.points_per_fen, most)
    spent = off * policy.points_per_fen
    if priced.points + spent > means.points_held:
        raise PointsUnavailable(available=means.points_held)
    if not off:
        return priced
    parts = split(off, [line.payable_fen for line in priced.lines])
    lines = tuple(
        replace(line, points_fen=line.points_fen + part, points=line.points + part * policy.points_per_fen)
        for line, part in zip(priced.lines, parts, strict=True)
    )
    return replace(priced, lines=lines).off(
        "points", f"{spent} 积分抵扣", f"每 {policy.points_per_fen} 积分抵 0.01 元", off
    )


def _freight(basket: Basket, priced: Quote) -> Quote:
    """Add the freight of each way of sending. Raises DeliveryRefused."""
    level, policy = basket.means.level, basket.policy
    sent = [
        Parcel(item.product_id, item.quantity, item.weight_g * item.quantity, item.freight)
        for item in basket.items
        if not item.virtual
    ]
    plain = Plain(policy.freight_fen, policy.free_from_fen)
    ways = charges(sent, plain, priced.goods_fen, basket.address)
    if ways and level is not None and level.free_freight:
        ways = (Charge("运费", f"{level.name}会员包邮", 0),)
    why = tuple(Reason(way.label, way.detail, way.amount_fen) for way in ways)
    return replace(priced, freight_fen=sum(way.amount_fen for way in ways), why=(*priced.why, *why))


def _balance(basket: Basket, priced: Quote) -> Quote:
    """Let balance pay for goods before freight, and spend-only balance before withdrawable. Cash pays freight first."""
    means = basket.means
    if means.use_balance_fen:
        _refuse_together(basket, "balance")
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
    why = (*priced.why, Reason("余额", "使用余额支付", -asked)) if asked else priced.why
    return replace(
        priced,
        lines=lines,
        why=why,
        balance_fen=asked,
        withdrawable_fen=withdrawable,
        freight_cash_fen=freight_cash,
    )


def _refuse_together(basket: Basket, what: str) -> None:
    if not getattr(basket.stack, what):
        raise NotCombinable(kind=basket.kind, what=what, problem=f"{KIND_NAMES[basket.kind]}不能使用{LABELS[what]}")


PIPELINE: tuple[Step, ...] = (_promotion, _level, _coupon, _points, _freight, _balance)
"""The steps in their order: each works on the price that the steps before it have left."""
