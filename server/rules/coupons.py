"""Coupons: the state a member sees, the terms in words, and who may claim one and when."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import msgspec

from server.core.clock import SHANGHAI
from server.core.errors import CouponClosed, CouponLimit, CouponNotForYou, CouponSoldOut, Refusal
from server.core.money import WHOLE_BP, yuan
from server.rules.levels import fold

CouponState = Literal["unused", "locked", "used", "void"]
"""The stored states; an expired coupon stays `unused`."""
Shown = Literal["unused", "locked", "used", "expired", "void"]
Audience = Literal["all", "new", "birthday"]

LABELS: dict[Shown, str] = {
    "unused": "可使用",
    "locked": "待付款占用",
    "used": "已使用",
    "expired": "已过期",
    "void": "已失效",
}

AUDIENCES: dict[Audience, str] = {"all": "所有会员", "new": "新人（还没有付过款）", "birthday": "生日当月的会员"}

SEGMENTS: dict[str, str] = {
    "all": "所有会员",
    "new": "新人（还没有付过款）",
    "bought": "最近几天买过的会员",
    "not_bought": "最近几天没有买过的会员",
    "birthday": "本月生日的会员",
    "level": "指定等级的会员",
    "list": "名单里的会员",
}
"""The groups that operators may give coupons to. Only members who are neither blocked nor closed get one."""

_NOT_FOR: dict[str, str] = {
    "new": "仅限还没有下过单的新人",
    "birthday": "生日当月才能领取，请先填写生日",
    "level": "你的会员等级还不能领取",
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


def told(found: OnSale, scope: str) -> str:
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


@dataclass(frozen=True, slots=True)
class Terms:
    """When and by whom a template may be claimed, and how many are left (None: no limit)."""

    claim_from: datetime | None
    claim_until: datetime | None
    ends_at: datetime | None
    audience: Audience
    levels: tuple[int, ...] | None
    per_member: int
    left: int | None


@dataclass(frozen=True, slots=True)
class Claimer:
    """The member who asks. `new`: never paid for an order; `birth_month`: their birthday is in this month."""

    new: bool
    birth_month: bool
    level: int
    claimed: int
    """Coupons of this template that the member claimed; those given by an operator do not count."""


def refusal(terms: Terms, who: Claimer | None, at: datetime) -> Refusal | None:
    """Return why the coupon cannot be claimed now, or None. A guest (`who` None) is judged by time and number alone."""
    if terms.claim_from is not None and at < terms.claim_from:
        return CouponClosed(reason="not_started", claim_from=terms.claim_from.isoformat(), problem="还没到领取时间")
    if any(end is not None and at >= end for end in (terms.claim_until, terms.ends_at)):
        return CouponClosed(reason="ended", problem="领取已经结束")
    if who is not None and (reason := _stranger(terms, who)):
        return CouponNotForYou(reason=reason, problem=_NOT_FOR[reason])
    if who is not None and who.claimed >= terms.per_member:
        return CouponLimit(per_member=terms.per_member)
    return CouponSoldOut() if terms.left == 0 else None


def _stranger(terms: Terms, who: Claimer) -> str | None:
    if terms.levels is not None and who.level not in terms.levels:
        return "level"
    if terms.audience == "new" and not who.new:
        return "new"
    if terms.audience == "birthday" and not who.birth_month:
        return "birthday"
    return None


def birthdays(day: date) -> tuple[tuple[int, int], ...]:
    """Return the (month, day) of birth of those who have their birthday on `day`.

    In common years 29 February counts as the 28th.
    """
    own = (day.month, day.day)
    if own == (2, 28) and not _leap(day.year):
        return (own, (2, 29))
    return (own,)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
