"""分润: what the referrers of a paid order earn, why, and what is left of it after refunds.

Pure functions on plain values; amounts are integer fen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec

from server.core.money import WHOLE_BP, share, split, yuan

MAX_DEPTH = 2
"""The most referrers that may earn from one order. Chinese law and WeChat forbid three paid levels."""

_AMOUNT = msgspec.Meta(ge=1, le=10**12)
_FLOOR = msgspec.Meta(ge=0, le=10**12)
_RATE = msgspec.Meta(ge=1, le=WHOLE_BP)
_Depth = Annotated[int, msgspec.Meta(ge=1, le=MAX_DEPTH)]
_Ids = Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)], ...], msgspec.Meta(max_length=1000)]

ScopeKind = Literal["shop", "member_level", "category", "product"]
_PRECEDENCE: tuple[ScopeKind, ...] = ("product", "category", "member_level", "shop")
SCOPES = {"shop": "全店", "member_level": "会员等级", "category": "类目", "product": "商品"}


class _Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """Whom a policy pays and which lines it covers. `level` 1 is the direct referrer, 2 the referrer's referrer."""

    scope: ScopeKind = "shop"
    ids: _Ids = ()
    """Ids of products, categories or the earner's member levels (0 is the lowest); empty for the whole shop."""
    level: _Depth = 1


class Ratio(_Policy, frozen=True, tag="ratio", kw_only=True):
    """A percentage of each line's net cash."""

    ratio_bp: Annotated[int, _RATE]


class Fixed(_Policy, frozen=True, tag="fixed", kw_only=True):
    """A fixed amount for each piece, or once per order, shared by all lines that this policy covers."""

    fixed_fen: Annotated[int, _AMOUNT]
    per: Literal["item", "order"] = "item"


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rate that applies from this amount on."""

    from_fen: Annotated[int, _FLOOR]
    ratio_bp: Annotated[int, _RATE]


class Ladder(_Policy, frozen=True, tag="ladder", kw_only=True):
    """A rate that grows with the order's net cash, or with what the referrer's friends paid earlier this month."""

    by: Literal["order", "month"]
    tiers: Annotated[tuple[Tier, ...], msgspec.Meta(min_length=1, max_length=20)]

    def tier(self, amount_fen: int) -> Tier | None:
        """Return the highest tier reached, or None; its rate applies to the whole amount."""
        return next((tier for tier in reversed(self.tiers) if tier.from_fen <= amount_fen), None)


Policy = Ratio | Fixed | Ladder


class CommissionTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of the commission policies. Without policies nobody earns."""

    policies: Annotated[tuple[Policy, ...], msgspec.Meta(max_length=200)] = ()
    depth: _Depth = 1
    """How many referrers above the buyer earn."""
    commission_cap_bp: Annotated[int, _RATE] = 3_000
    """The most that all commission on one order may be, as a part of its net cash."""
    observe_days: Annotated[int, msgspec.Meta(ge=0, le=60)] = 7
    """Days after receipt during which commission stays frozen."""

    @property
    def by_month(self) -> bool:
        """Whether any policy depends on what was bought this month."""
        return any(isinstance(policy, Ladder) and policy.by == "month" for policy in self.policies)


def problems(terms: CommissionTerms) -> list[tuple[str, str]]:
    """Return what the types alone do not refuse, as (path below the terms, sentence for the operator)."""
    found: list[tuple[str, str]] = []
    named = set[tuple[int, ScopeKind, int]]()
    for index, policy in enumerate(terms.policies):
        path = f".policies[{index}]"
        if policy.level > terms.depth:
            found.append((f"{path}.level", f"分润层级只有 {terms.depth} 级"))
        if (policy.scope == "shop") != (policy.ids == ()):
            found.append((path, "全店策略不带 ids，其他范围必须给出 ids"))
        places = [(policy.level, policy.scope, one) for one in policy.ids or (0,)]
        if len(named.union(places)) < len(named) + len(places):
            found.append((path, "同一层级、同一范围不能有两条策略"))
        named.update(places)
        if isinstance(policy, Ladder):
            steps = [tier.from_fen for tier in policy.tiers]
            if steps != sorted(set(steps)):
                found.append((f"{path}.tiers", "阶梯须从低到高且不重复"))
    return found


def with_subcategories(terms: CommissionTerms, parents: Mapping[int, int | None]) -> CommissionTerms:
    """Extend each named category to its subcategories, except those that a nearer named category covers.

    `parents` maps each category to its parent.
    """

    def owner(category: int, named: set[int]) -> int | None:
        above: int | None = category
        while above is not None and above not in named:
            above = parents[above]
        return above

    policies = []
    for policy in terms.policies:
        if policy.scope == "category":
            rivals = [one for one in terms.policies if one.scope == "category" and one.level == policy.level]
            named = {category for one in rivals for category in one.ids}
            ids = tuple(category for category in sorted(parents) if owner(category, named) in policy.ids)
            policies.append(msgspec.structs.replace(policy, ids=ids))
        else:
            policies.append(policy)
    return msgspec.structs.replace(terms, policies=tuple(policies))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order as it was paid."""

    line_id: int
    product_id: int
    category_id: int
    quantity: int
    net_cash_fen: int


@dataclass(frozen=True, slots=True)
class Earner:
    """A referrer of the order; `level` counts the steps above the buyer."""

    level: int
    member_level: int
    month_fen: int
    """Net cash that the earner's referees paid this month before this order."""
    bonus_bp: int = 0
    """The bonus of the earner's member level, as a part of what the policies bring."""


@dataclass(frozen=True, slots=True)
class LineEarning:
    """What one line brings: `earned_fen` by its policy, and `amount_fen`, the part left by the order's cap."""

    line_id: int
    why: str
    base_fen: int
    earned_fen: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Grant:
    """What one referrer earns from the order: the sum of its lines, always above zero."""

    level: int
    whole_fen: int
    lines: tuple[LineEarning, ...]


def decide(terms: CommissionTerms, lines: Sequence[Line], earners: Iterable[Earner]) -> list[Grant]:
    """Decide who earns what from an order. The direct referrer comes first; the next gets what the cap leaves."""
    left_fen = share(sum(line.net_cash_fen for line in lines), terms.commission_cap_bp)
    grants = []
    for earner in sorted(earners, key=lambda one: one.level):
        earnings = _earned(terms, lines, earner)
        whole_fen = min(left_fen, sum(fen for _, _, fen in earnings))
        if whole_fen:
            left_fen -= whole_fen
            parts = split(whole_fen, [fen for _, _, fen in earnings])
            grants.append(
                Grant(
                    earner.level,
                    whole_fen,
                    tuple(
                        LineEarning(line.line_id, why, line.net_cash_fen, fen, part)
                        for (line, why, fen), part in zip(earnings, parts, strict=True)
                    ),
                )
            )
    return grants


def _earned(terms: CommissionTerms, lines: Sequence[Line], earner: Earner) -> list[tuple[Line, str, int]]:
    """Return each line that a policy covers, with the policy in words and the amount before the cap."""
    governed: dict[Policy, list[Line]] = {}
    for line in lines:
        policy = _governing(terms, line, earner)
        if policy is not None and line.net_cash_fen:
            governed.setdefault(policy, []).append(line)
    order_fen = sum(line.net_cash_fen for line in lines)
    found = [
        (line, f"{SCOPES[policy.scope]}策略：{why}{_bonus(earner)}", fen + share(fen, earner.bonus_bp))
        for policy, mine in governed.items()
        for line, (why, fen) in zip(mine, _by_policy(policy, mine, order_fen, earner.month_fen), strict=True)
    ]
    return sorted(found, key=lambda one: one[0].line_id)


def _bonus(earner: Earner) -> str:
    return f"，等级加成 {yuan(earner.bonus_bp)}%" if earner.bonus_bp else ""


def _governing(terms: CommissionTerms, line: Line, earner: Earner) -> Policy | None:
    """Return the most specific policy of the earner's level for a line; each scope has at most one."""
    if earner.level > terms.depth:
        return None
    places = {"product": line.product_id, "category": line.category_id, "member_level": earner.member_level}
    fitting = [
        policy
        for policy in terms.policies
        if policy.level == earner.level and (policy.scope == "shop" or places[policy.scope] in policy.ids)
    ]
    return min(fitting, key=lambda policy: _PRECEDENCE.index(policy.scope), default=None)


def _by_policy(policy: Policy, lines: Sequence[Line], order_fen: int, month_fen: int) -> list[tuple[str, int]]:
    """Return the reason and the amount for each line that the policy covers."""
    match policy:
        case Ratio():
            return [_part(line, policy.ratio_bp, "") for line in lines]
        case Ladder():
            tier = policy.tier(order_fen if policy.by == "order" else month_fen)
            if tier is None:
                return [("未达到阶梯", 0) for _ in lines]
            what = "订单实付" if policy.by == "order" else "本月推荐"
            return [_part(line, tier.ratio_bp, f"（{what}满 {yuan(tier.from_fen)} 元）") for line in lines]
        case Fixed(per="item"):
            each = yuan(policy.fixed_fen)
            return [(f"每件 {each} 元 × {line.quantity} 件", policy.fixed_fen * line.quantity) for line in lines]
        case _:
            parts = split(policy.fixed_fen, [line.net_cash_fen for line in lines])
            return [(f"每单 {yuan(policy.fixed_fen)} 元，按实付分摊", part) for part in parts]


def _part(line: Line, ratio_bp: int, note: str) -> tuple[str, int]:
    why = f"实付 {yuan(line.net_cash_fen)} 元 × {yuan(ratio_bp)}%{note}"
    return why, share(line.net_cash_fen, ratio_bp)


@dataclass(frozen=True, slots=True)
class LineNow:
    """What was paid in cash for a line, and how much of it is left after refunds."""

    line_id: int
    cash_fen: int
    net_cash_fen: int


def remaining(cap_bp: int, granted: Sequence[Mapping[int, int]], lines: Sequence[LineNow]) -> list[int]:
    """Return what is left of each grant of an order (line → amount, as decided) after refunds left these lines.

    Each line's part shrinks with the line. The cap shrinks with the order, and each grant keeps its share of the cap.
    So the result depends only on what is left, not on the order of the refunds; it only ever falls, and it ends at
    zero.
    """
    net_fen = sum(line.net_cash_fen for line in lines)
    wholes = [sum(parts.values()) for parts in granted]
    return [
        min(
            sum(parts.get(line.line_id, 0) * line.net_cash_fen // line.cash_fen for line in lines if line.cash_fen),
            net_fen * cap_bp * whole_fen // (WHOLE_BP * sum(wholes)),
        )
        for parts, whole_fen in zip(granted, wholes, strict=True)
    ]


def release_at(terms: CommissionTerms, received_at: datetime | None) -> datetime | None:
    """Return when commission on an order is released; None before its receipt."""
    return None if received_at is None else received_at + timedelta(days=terms.observe_days)
