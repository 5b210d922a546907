"""Who may claim a coupon and when, which groups can be given one, and whose birthday it is."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from server.core.errors import CouponClosed, CouponLimit, CouponNotForYou, CouponSoldOut, Refusal

Audience = Literal["all", "new", "birthday"]

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
    if who is not None and (reason := _why_not_for(terms, who)):
        return CouponNotForYou(reason=reason, problem=_NOT_FOR[reason])
    if who is not None and who.claimed >= terms.per_member:
        return CouponLimit(per_member=terms.per_member)
    return CouponSoldOut() if terms.left == 0 else None


def _why_not_for(terms: Terms, who: Claimer) -> str | None:
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
