"""Coupons: whether one is valid for an order and what it takes off, the state a member sees, the terms in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from server.core.clock import SHANGHAI
from server.core.errors import CouponUnusable
from server.core.money import WHOLE_BP, share, yuan
from server.rules.levels import fold

CouponState = Literal["unused", "locked", "used", "void"]
"""The stored states; an expired coupon stays `unused`."""
Shown = Literal["unused", "locked", "used", "expired", "void"]

LABELS: dict[Shown, str] = {
    "unused": "可使用",
    "locked": "待付款占用",
    "used": "已使用",
    "expired": "已过期",
    "void": "已失效",
}

UNUSABLE: dict[str, str] = {
    "state": "已被其他订单占用",
    "not_started": "还没到可用时间",
    "not_combinable": "不能与该活动同时使用",
}
"""Why a member's coupon does not fit an order. A wrong scope or a low total needs no text here: the coupon's terms say
it."""


def shown(state: CouponState, expires_at: datetime, at: datetime) -> Shown:
    """Return the state to show: an unused coupon is expired after its end."""
    if state == "unused":
        return "unused" if at < expires_at else "expired"
    return "locked" if state == "locked" else "used" if state == "used" else "void"


class Goods(NamedTuple):
    """A line of an order, and what is left to pay of it before the coupon."""

    product_id: int
    category_id: int
    payable_fen: int


@dataclass(frozen=True, slots=True)
class CouponTerms:
    """A coupon the member holds: a fixed amount, or `off_bp` of the goods it covers, at most `most_fen`."""

    id: int
    name: str
    amount_fen: int
    threshold_fen: int
    state: str
    starts_at: datetime
    expires_at: datetime
    off_bp: int = 0
    most_fen: int | None = None
    products: tuple[int, ...] | None = None
    categories: tuple[int, ...] | None = None
    """What the coupon covers; everything when both are None."""

    def covers(self, goods: Goods) -> bool:
        """Whether the coupon takes something off these goods."""
        if self.products is None and self.categories is None:
            return True
        return goods.product_id in (self.products or ()) or goods.category_id in (self.categories or ())

    def covered_fen(self, goods: Sequence[Goods]) -> list[int]:
        """Return what is left to pay of each of the goods that the coupon covers; 0 for the others."""
        return [one.payable_fen if self.covers(one) else 0 for one in goods]

    def worth_fen(self, goods_fen: int) -> int:
        """Return what the coupon takes off goods that cost `goods_fen`."""
        off = share(goods_fen, self.off_bp) if self.off_bp else self.amount_fen
        return min(off, goods_fen if self.most_fen is None else min(self.most_fen, goods_fen))


def refuse(coupon: CouponTerms, goods: Sequence[Goods], now: datetime) -> None:
    """Raise CouponUnusable, with the reason, when the coupon is not valid for the goods at `now`."""
    if coupon.state != "unused":
        raise CouponUnusable(reason="state")
    if now < coupon.starts_at:
        raise CouponUnusable(reason="not_started")
    if now >= coupon.expires_at:
        raise CouponUnusable(reason="expired")
    if not any(coupon.covers(one) for one in goods):
        raise CouponUnusable(reason="scope")
    if sum(coupon.covered_fen(goods)) < coupon.threshold_fen:
        raise CouponUnusable(reason="threshold", threshold_fen=coupon.threshold_fen)


def worth(amount_fen: int, off_bp: int, most_fen: int | None) -> str:
    """Describe the value: `减 10 元`, `8.5 折` or `8.5 折，最多减 20 元`."""
    if not off_bp:
        return f"减 {short(amount_fen)} 元"
    return f"{fold(WHOLE_BP - off_bp)} 折" + ("" if most_fen is None else f"，最多减 {short(most_fen)} 元")


class OnSale(msgspec.Struct, frozen=True):
    """A coupon template that is sold as a product."""

    name: str
    amount_fen: int
    off_bp: int
    most_fen: int | None
    threshold_fen: int
    valid_days: int | None
    ends_at: datetime | None


def in_words(found: OnSale, scope: str) -> str:
    """Describe the coupon: `新人券：满 50 元减 10 元，全场通用，发放后 30 天内有效`."""
    from_fen = f"满 {short(found.threshold_fen)} 元" if found.threshold_fen else "无门槛"
    valid = f"发放后 {found.valid_days} 天内有效"
    if found.ends_at is not None:
        valid = f"{found.ends_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M} 前有效"
    off = worth(found.amount_fen, found.off_bp, found.most_fen)
    return f"{found.name}：{from_fen}{'享 ' if found.off_bp else ''}{off}，{scope}，{valid}"


def short(fen: int) -> str:
    """Return an amount without trailing zeros: 1050 → `10.5`, 1000 → `10`."""
    return yuan(fen).rstrip("0").rstrip(".")
