"""等级: the levels, which one a member's growth reaches, and how long it is kept.

Growth is what a member earned within a year. A member gets a level at once and keeps it for a year; then the growth of
that year decides the next level. Pure functions on plain values; discounts and bonuses are basis points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal

import msgspec

from server.core.money import WHOLE_BP
from server.rules.stacking import KIND_NAMES, Matrix

YEAR = timedelta(days=365)
"""How long growth counts, and how long a level is kept."""
MOST_LEVELS = 10
MOST_GROWTH = 10**9

Icon = Literal["user", "star", "secured", "user-vip"]
ICONS: dict[Icon, str] = {"user": "人像", "star": "星", "secured": "盾", "user-vip": "贵宾"}


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One level. Its index in the list of levels is its position; 0 is the lowest."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=10, pattern=r"\S")]
    growth: Annotated[int, msgspec.Meta(ge=0, le=MOST_GROWTH)]
    """The growth needed for this level."""
    discount_bp: Annotated[int, msgspec.Meta(ge=5_000, le=WHOLE_BP)] = WHOLE_BP
    """The part of the price that members of this level pay for goods."""
    points_bp: Annotated[int, msgspec.Meta(ge=WHOLE_BP, le=10 * WHOLE_BP)] = WHOLE_BP
    """The factor for points earned."""
    free_freight: bool = False
    commission_bonus_bp: Annotated[int, msgspec.Meta(ge=0, le=WHOLE_BP)] = 0
    """The bonus on commission earned, as a part of it; the order's cap still applies."""
    colour: Annotated[str, msgspec.Meta(pattern=r"^#[0-9A-Fa-f]{6}$")] = "#8C7A6B"
    icon: Icon = "user"


LIMITS = {
    "name": "1 到 10 个字",
    "growth": "0 到 10 亿的整数",
    "discount_bp": "50 到 100",
    "points_bp": "100 到 1000",
    "commission_bonus_bp": "0 到 100",
    "colour": "形如 #8A5A00",
    "icon": "请选择",
}
"""What an operator may type for each field of a level."""


def problems(levels: Sequence[Level]) -> list[str]:
    """Return what is wrong with a set of levels, as sentences for the operator. A shop may have no levels at all."""
    found = []
    if len(levels) > MOST_LEVELS:
        found.append(f"最多 {MOST_LEVELS} 个等级")
    if levels and levels[0].growth:
        found.append("最低等级的成长值必须是 0")
    for below, above in pairwise(levels):
        if above.growth <= below.growth:
            found.append(f"“{above.name}”的成长值必须高于“{below.name}”")
    names = [level.name for level in levels]
    if len(set(names)) < len(names):
        found.append("等级名称不能重复")
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's level: its position, and until when the member keeps it (None for the lowest level)."""

    position: int = 0
    kept_until: datetime | None = None


def reached(levels: Sequence[Level], growth: int) -> int:
    """Return the position of the highest level that this growth reaches."""
    return max((place for place, level in enumerate(levels) if level.growth <= growth), default=0)


def raised(levels: Sequence[Level], standing: Standing, growth: int, now: datetime) -> Standing:
    """Raise the level at once and keep it for a year from now. Never lower it, unless the level no longer exists."""
    top = reached(levels, growth)
    held = min(standing.position, max(0, len(levels) - 1))
    if top > held:
        return Standing(top, now + YEAR)
    return Standing(held, standing.kept_until if held else None)


def rejudged(levels: Sequence[Level], growth: int, at: datetime) -> Standing:
    """Return the level that the growth of the year before `at` gives a member; it may rise or fall."""
    top = reached(levels, growth)
    return Standing(top, at + YEAR if top else None)


def spend_growth(net_cash_fen: int, per_yuan: int) -> int:
    """Return the growth that an order brings its buyer."""
    return net_cash_fen * per_yuan // 100


def left_of(granted: int, base_fen: int, net_cash_fen: int) -> int:
    """Return the part of a grant on `base_fen` of net cash that is left when `net_cash_fen` of that cash is left."""
    return granted * net_cash_fen // base_fen


@dataclass(frozen=True, slots=True)
class Privilege:
    """One thing that a level gives, in words."""

    kind: Literal["discount", "points", "free_freight", "commission"]
    label: str
    detail: str


def fold(price_bp: int) -> str:
    """Return the part of the price that is paid, as 折扣 are written: 9500 → `9.5`."""
    whole, rest = divmod(price_bp, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".")


def privileges(level: Level, matrix: Matrix) -> list[Privilege]:
    """Return what a level gives beyond the ordinary; the discount with the kinds of order that it is not for."""
    found = []
    apart = [name for kind, name in KIND_NAMES.items() if not matrix.of(kind).level_discount]
    if level.discount_bp < WHOLE_BP and len(apart) < len(KIND_NAMES):
        but = f"，{'、'.join(apart)}除外" if apart else ""
        found.append(Privilege("discount", "会员折扣", f"商品享 {fold(level.discount_bp)} 折{but}"))
    if level.free_freight:
        found.append(Privilege("free_freight", "全场包邮", "每一单都免运费"))
    if level.points_bp > WHOLE_BP:
        found.append(Privilege("points", "积分加倍", f"购物积分 {_times(level.points_bp)} 倍"))
    if level.commission_bonus_bp:
        more = f"推广佣金多得 {_times(level.commission_bonus_bp * 100)}%，不超过每单的佣金上限"
        found.append(Privilege("commission", "佣金加成", more))
    return found


def _times(bp: int) -> str:
    whole, rest = divmod(bp, WHOLE_BP)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")
