"""等级: what the levels are, which one a member's growth reaches, and how long it is kept (rules.md §8).

Growth is what a member earned within a year. A level is gained at once and kept for a year; then the growth of
that year says which it is. Pure functions on plain values; discounts and bonuses are basis points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal

import msgspec

from server.core.money import WHOLE_BP

YEAR = timedelta(days=365)
"""How long growth counts, and how long a level is kept."""
MOST_LEVELS = 10
MOST_GROWTH = 10**9

Icon = Literal["user", "star", "secured", "user-vip"]
ICONS: dict[Icon, str] = {"user": "人像", "star": "星", "secured": "盾", "user-vip": "贵宾"}


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One level; its place among the others is its position, 0 the lowest."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=10, pattern=r"\S")]
    growth: Annotated[int, msgspec.Meta(ge=0, le=MOST_GROWTH)]
    """From how much growth on."""
    discount_bp: Annotated[int, msgspec.Meta(ge=5_000, le=WHOLE_BP)] = WHOLE_BP
    """Goods cost this part of their price."""
    points_bp: Annotated[int, msgspec.Meta(ge=WHOLE_BP, le=10 * WHOLE_BP)] = WHOLE_BP
    """Points earned are multiplied by this."""
    free_freight: bool = False
    commission_bonus_bp: Annotated[int, msgspec.Meta(ge=0, le=WHOLE_BP)] = 0
    """Commission earned is raised by this part of itself, within the order's cap."""
    colour: Annotated[str, msgspec.Meta(pattern=r"^#[0-9A-Fa-f]{6}$")] = "#8C7A6B"
    icon: Icon = "user"


def problems(levels: Sequence[Level]) -> list[str]:
    """What is wrong with a set of levels, as sentences for the operator; none at all is a shop without levels."""
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
    """Where a member stands: the level's position, and until when it is kept; the lowest is kept by nobody."""

    position: int = 0
    kept_until: datetime | None = None


def reached(levels: Sequence[Level], growth: int) -> int:
    """The position of the highest level that this growth reaches."""
    return max((place for place, level in enumerate(levels) if level.growth <= growth), default=0)


def raised(levels: Sequence[Level], standing: Standing, growth: int, now: datetime) -> Standing:
    """Up at once, to be kept for a year from now; never down, except from a level that there is no more."""
    top = reached(levels, growth)
    held = min(standing.position, max(0, len(levels) - 1))
    if top > held:
        return Standing(top, now + YEAR)
    return Standing(held, standing.kept_until if held else None)


def rejudged(levels: Sequence[Level], growth: int, at: datetime) -> Standing:
    """What the growth of the year before `at` makes of a member, up or down."""
    top = reached(levels, growth)
    return Standing(top, at + YEAR if top else None)


def spend_growth(net_cash_fen: int, per_yuan: int) -> int:
    """The growth that an order brings its buyer."""
    return net_cash_fen * per_yuan // 100


def left_of(granted: int, base_fen: int, net_cash_fen: int) -> int:
    """What is left of something granted on `base_fen` of net cash when `net_cash_fen` of that is left."""
    return granted * net_cash_fen // base_fen


@dataclass(frozen=True, slots=True)
class Privilege:
    """One thing that a level gives, in words."""

    kind: Literal["discount", "points", "free_freight", "commission"]
    label: str
    detail: str


def fold(price_bp: int) -> str:
    """What part of the price is paid, as 折扣 are read: 9500 → `9.5`."""
    whole, rest = divmod(price_bp, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".")


def privileges(level: Level) -> list[Privilege]:
    """What a level gives beyond the ordinary."""
    found = []
    if level.discount_bp < WHOLE_BP:
        found.append(Privilege("discount", "会员折扣", f"商品享 {fold(level.discount_bp)} 折"))
    if level.free_freight:
        found.append(Privilege("free_freight", "全场包邮", "每一单都免运费"))
    if level.points_bp > WHOLE_BP:
        found.append(Privilege("points", "积分加倍", f"购物积分 {_times(level.points_bp)} 倍"))
    if level.commission_bonus_bp:
        found.append(Privilege("commission", "佣金加成", f"推广佣金多得 {_times(level.commission_bonus_bp * 100)}%"))
    return found


def _times(bp: int) -> str:
    whole, rest = divmod(bp, WHOLE_BP)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")
