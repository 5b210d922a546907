"""Commission policies as texts that people read and compare."""

from collections.abc import Mapping

from server.core.money import yuan
from server.rules.commissions import SCOPES, CommissionTerms, Fixed, Policy, Ratio
from server.rules.rule_forms import Change, percent

Names = Mapping[tuple[str, int], str]
"""The names of products and categories, by scope and id."""

_ABSENT = "—"
_LEVELS = {1: "直接推荐人", 2: "上两级"}


def amount(policy: Policy) -> str:
    """Describe what a policy pays."""
    match policy:
        case Ratio():
            return f"实付的 {percent(policy.ratio_bp)}%"
        case Fixed():
            return f"每{'件' if policy.per == 'item' else '单'} {yuan(policy.fixed_fen)} 元"
        case _:
            base = "订单实付" if policy.by == "order" else "推荐人本月好友实付"
            steps = "，".join(f"满 {yuan(tier.from_fen)} 元 {percent(tier.ratio_bp)}%" for tier in policy.tiers)
            return f"按{base}分档：{steps}"


def _places(policy: Policy, names: Names) -> list[str]:
    """List the goods or levels that a policy is for."""
    if not policy.ids:
        return [SCOPES[policy.scope]]
    return [f"{SCOPES[policy.scope]} #{one} {names.get((policy.scope, one), '')}".rstrip() for one in policy.ids]


def policies(terms: CommissionTerms, names: Names) -> list[tuple[str, str, str]]:
    """Return each policy as (whom it pays, what it is for, what it pays)."""
    return [(_LEVELS[one.level], "、".join(_places(one, names)), amount(one)) for one in terms.policies]


def in_words(terms: CommissionTerms, names: Names) -> dict[str, str]:
    """Describe the whole terms by name: first the general terms, then each place with what is paid there."""
    found = {
        "分润层级": f"{terms.depth} 级",
        "每单佣金上限": f"订单实付的 {percent(terms.commission_cap_bp)}%",
        "收货后观察期": f"{terms.observe_days} 天",
    }
    for policy in terms.policies:
        found |= {f"{_LEVELS[policy.level]} · {place}": amount(policy) for place in _places(policy, names)}
    return found


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """Return what differs between two versions, each as `in_words` gives it; a missing value is shown as a dash."""
    pairs = [(name, before.get(name, _ABSENT), after.get(name, _ABSENT)) for name in {**before, **after}]
    return [Change(*one) for one in pairs if one[1] != one[2]]
