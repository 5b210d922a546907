"""Commission: terms, precedence, tiers, the cap and how it is shared, and what is left after refunds."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.commissions import (
    MAX_DEPTH,
    CommissionTerms,
    Earner,
    Grant,
    Line,
    LineNow,
    decide,
    problems,
    release_at,
    remaining,
    with_subcategories,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def terms_of(*policies: dict[str, Any], **more: Any) -> CommissionTerms:
    return msgspec.convert({"policies": policies, **more}, CommissionTerms)


def ratio(ratio_bp: int, **more: Any) -> dict[str, Any]:
    return {"kind": "ratio", "ratio_bp": ratio_bp, **more}


DIRECT = Earner(1, 0, 0)
SECOND = Earner(2, 0, 0)


def line(number: int, net_cash_fen: int, *, product: int = 1, category: int = 1, quantity: int = 1) -> Line:
    return Line(number, product, category, quantity, net_cash_fen)


def amounts(terms: CommissionTerms, *lines: Line, earner: Earner = DIRECT) -> list[int]:
    """Return what each line brings one earner, in the order of the lines."""
    found = {one.line_id: one.amount_fen for grant in decide(terms, lines, [earner]) for one in grant.lines}
    return [found.get(one.line_id, 0) for one in lines]


def test_no_more_than_two_referrers_of_one_order_ever_earn() -> None:
    """Never change this number: the law on pyramid selling and WeChat's rules forbid three paid levels."""
    assert MAX_DEPTH == 2
    assert CommissionTerms().depth == 1
    for wrong in ({"depth": 3}, {"depth": 0}, {"policies": [ratio(1, level=3)]}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, CommissionTerms)


def test_the_second_referrer_earns_only_where_the_depth_says_so() -> None:
    both = terms_of(ratio(1_000), ratio(500, level=2), depth=2)
    assert [(one.level, one.whole_fen) for one in decide(both, [line(1, 1_000)], [SECOND, DIRECT])] == [
        (1, 100),
        (2, 50),
    ]
    assert [one.level for one in decide(both, [line(1, 1_000)], [SECOND])] == [2]
    shallow = msgspec.structs.replace(both, depth=1)
    assert [one.level for one in decide(shallow, [line(1, 1_000)], [DIRECT, SECOND])] == [1]


def test_the_defaults_are_those_of_the_law() -> None:
    assert msgspec.to_builtins(CommissionTerms()) == {
        "policies": (),
        "depth": 1,
        "commission_cap_bp": 3_000,
        "observe_days": 7,
    }
    assert decide(CommissionTerms(), [line(1, 10_000)], [DIRECT]) == []


@pytest.mark.parametrize(
    ("policies", "depth", "found"),
    [
        ([ratio(1, level=2)], 1, [".policies[0].level"]),
        ([ratio(1, level=2)], 2, []),
        ([ratio(1, ids=[1])], 1, [".policies[0]"]),
        ([ratio(1, scope="product")], 1, [".policies[0]"]),
        ([ratio(1), ratio(2)], 1, [".policies[1]"]),
        ([ratio(1), ratio(2, level=2)], 2, []),
        ([ratio(1, scope="product", ids=[1, 2]), ratio(1, scope="category", ids=[1, 2])], 1, []),
        ([ratio(1, scope="product", ids=[1, 2]), ratio(2, scope="product", ids=[2])], 1, [".policies[1]"]),
        ([ratio(1, scope="product", ids=[1, 1])], 1, [".policies[0]"]),
    ]
    + [
        ([{"kind": "ladder", "by": "order", "tiers": [{"from_fen": n, "ratio_bp": 1} for n in steps]}], 1, wrong)
        for steps, wrong in (
            ([0, 5], []),
            ([5, 4], [".policies[0].tiers"]),
            ([5, 5], [".policies[0].tiers"]),
        )
    ],
)
def test_contradictions_are_told_with_their_place(policies: list[dict[str, Any]], depth: int, found: list[str]) -> None:
    assert [path for path, _ in problems(terms_of(*policies, depth=depth))] == found


def test_a_named_category_stands_for_those_below_up_to_the_next_one_named() -> None:
    parents = {1: None, 2: 1, 3: 2, 4: None, 5: 3, 6: 1}
    terms = terms_of(
        ratio(100, scope="category", ids=[1]),
        ratio(200, scope="category", ids=[3]),
        ratio(300, scope="category", ids=[2], level=2),
        ratio(400),
        depth=2,
    )
    assert [one.ids for one in with_subcategories(terms, parents).policies] == [(1, 2, 6), (3, 5), (2, 3, 5), ()]


def test_the_most_specific_policy_governs_each_line() -> None:
    terms = terms_of(
        ratio(100),
        ratio(200, scope="member_level", ids=[3]),
        ratio(300, scope="category", ids=[7]),
        ratio(400, scope="product", ids=[9]),
    )
    lines = [
        line(1, 10_000),
        line(2, 10_000, category=7),
        line(3, 10_000, category=7, product=9),
        line(4, 10_000, product=9),
    ]
    assert amounts(terms, *lines) == [100, 300, 400, 400]
    assert amounts(terms, *lines, earner=Earner(1, 3, 0)) == [200, 300, 400, 400]
    assert amounts(terms_of(ratio(400, scope="product", ids=[9])), *lines) == [0, 0, 400, 400]


def test_fixed_amounts_are_for_each_piece_or_once_for_the_lines_of_the_policy() -> None:
    each = {"kind": "fixed", "fixed_fen": 150}
    lines = [line(1, 10_000, quantity=3), line(2, 5_000, product=9), line(3, 0, quantity=50)]
    assert amounts(terms_of(each), *lines) == [450, 150, 0]
    assert amounts(terms_of(each | {"per": "order"}), *lines) == [100, 50, 0]
    mixed = terms_of(each | {"per": "order"}, each | {"per": "order", "scope": "product", "ids": [9]})
    assert amounts(mixed, *lines) == [150, 150, 0]


def test_the_rate_of_the_highest_tier_reached_covers_the_whole_base() -> None:
    tiers = [{"from_fen": 1_000, "ratio_bp": 100}, {"from_fen": 2_000, "ratio_bp": 500}]
    by_order = terms_of({"kind": "ladder", "by": "order", "tiers": tiers})
    assert [amounts(by_order, line(1, net)) for net in (999, 1_000, 1_999, 2_000)] == [[0], [10], [19], [100]]
    assert amounts(by_order, line(1, 1_500), line(2, 500)) == [75, 25]
    by_month = terms_of({"kind": "ladder", "by": "month", "tiers": tiers})
    months = [amounts(by_month, line(1, 5_000), earner=Earner(1, 0, month)) for month in (999, 1_000, 2_000)]
    assert months == [[0], [50], [250]]


def test_every_line_says_why() -> None:
    tiers = [{"from_fen": 2_000, "ratio_bp": 500}]
    terms = terms_of(
        ratio(1_250),
        {"kind": "fixed", "fixed_fen": 100, "scope": "product", "ids": [2]},
        {"kind": "fixed", "fixed_fen": 90, "per": "order", "scope": "product", "ids": [3]},
        {"kind": "ladder", "by": "order", "tiers": tiers, "scope": "category", "ids": [4]},
        {"kind": "ladder", "by": "month", "tiers": tiers, "scope": "category", "ids": [5]},
        {"kind": "ladder", "by": "month", "tiers": [{"from_fen": 0, "ratio_bp": 1}], "scope": "category", "ids": [6]},
    )
    lines = [
        line(1, 2_000),
        line(2, 500, product=2, quantity=2),
        line(3, 700, product=3),
        line(4, 800, category=4),
        line(5, 900, category=5),
        line(6, 30_000, category=6),
    ]
    (grant,) = decide(terms, lines, [DIRECT])
    assert [(one.why, one.base_fen, one.earned_fen) for one in grant.lines] == [
        ("全店策略：实付 20.00 元 × 12.50%", 2_000, 250),
        ("商品策略：每件 1.00 元 × 2 件", 500, 200),
        ("商品策略：每单 0.90 元，按实付分摊", 700, 90),
        ("类目策略：实付 8.00 元 × 5.00%（订单实付满 20.00 元）", 800, 40),
        ("类目策略：未达到阶梯", 900, 0),
        ("类目策略：实付 300.00 元 × 0.01%（本月推荐满 0.00 元）", 30_000, 3),
    ]
    assert grant.whole_fen == 583


def test_the_cap_serves_the_direct_referrer_first_and_is_split_over_the_lines() -> None:
    terms = terms_of(ratio(2_000), ratio(2_000, level=2), depth=2)
    lines = [line(1, 1_001), line(2, 2_000)]
    first, second = decide(terms, lines, [DIRECT, SECOND])
    assert [(one.level, one.whole_fen) for one in (first, second)] == [(1, 600), (2, 300)]
    assert [(one.earned_fen, one.amount_fen) for one in second.lines] == [(200, 100), (400, 200)]
    greedy = terms_of(ratio(9_000), ratio(1, level=2), depth=2)
    assert [(one.level, one.whole_fen) for one in decide(greedy, lines, [DIRECT, SECOND])] == [(1, 900)]


def test_release_follows_receipt() -> None:
    assert release_at(CommissionTerms(), None) is None
    assert release_at(CommissionTerms(observe_days=3), NOW) == NOW + timedelta(days=3)


AMOUNTS = st.one_of(st.integers(0, 20), st.integers(0, 10**7))
RATES = st.integers(1, 10_000)


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    scope = draw(st.sampled_from(["shop", "member_level", "category", "product"]))
    policy: dict[str, Any] = {"scope": scope, "level": draw(st.integers(1, 2))}
    if scope != "shop":
        policy["ids"] = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True))
    match draw(st.sampled_from(["ratio", "fixed", "ladder"])):
        case "ratio":
            return policy | ratio(draw(RATES))
        case "fixed":
            per = draw(st.sampled_from(["item", "order"]))
            return policy | {"kind": "fixed", "fixed_fen": draw(st.integers(1, 10**6)), "per": per}
        case _:
            steps = sorted(draw(st.sets(AMOUNTS, min_size=1, max_size=3)))
            tiers = [{"from_fen": step, "ratio_bp": draw(RATES)} for step in steps]
            return policy | {"kind": "ladder", "by": draw(st.sampled_from(["order", "month"])), "tiers": tiers}


@st.composite
def all_terms(draw: st.DrawFn) -> CommissionTerms:
    chosen: list[dict[str, Any]] = []
    for policy in draw(st.lists(policies(), max_size=6)):
        if not problems(terms_of(*chosen, policy, depth=2)):
            chosen.append(policy)
    return terms_of(*chosen, depth=2, commission_cap_bp=draw(RATES))


@st.composite
def orders(draw: st.DrawFn) -> list[Line]:
    return [
        Line(number, draw(st.integers(0, 3)), draw(st.integers(0, 3)), draw(st.integers(1, 9)), draw(AMOUNTS))
        for number in range(1, draw(st.integers(1, 4)) + 1)
    ]


@st.composite
def earners(draw: st.DrawFn) -> list[Earner]:
    levels = draw(st.sampled_from([[1], [2], [1, 2]]))
    return [Earner(level, draw(st.integers(0, 3)), draw(AMOUNTS)) for level in levels]


@given(all_terms(), orders(), earners())
def test_lines_sum_to_the_amount_and_the_cap_is_kept(
    terms: CommissionTerms, lines: list[Line], found: list[Earner]
) -> None:
    grants = decide(terms, lines, found)
    assert [one.level for one in grants] == sorted({one.level for one in grants})
    net = {one.line_id: one.net_cash_fen for one in lines}
    cap = Fraction(sum(net.values()) * terms.commission_cap_bp, 10_000)
    assert sum(one.whole_fen for one in grants) <= cap
    left = cap
    for grant in grants:
        assert grant.whole_fen == sum(one.amount_fen for one in grant.lines) > 0
        earned = sum(one.earned_fen for one in grant.lines)
        assert grant.whole_fen == min(earned, left // 1)
        left -= grant.whole_fen
        for one in grant.lines:
            assert 0 <= one.amount_fen <= one.earned_fen
            assert one.base_fen == net[one.line_id] > 0
    assert grants == decide(terms, lines, list(reversed(found)))


def parts_of(grants: Sequence[Grant]) -> list[dict[int, int]]:
    return [{one.line_id: one.amount_fen for one in grant.lines} for grant in grants]


@given(all_terms(), orders(), earners(), st.data())
def test_refunds_take_in_proportion_never_give_and_leave_nothing_of_a_whole_one(
    terms: CommissionTerms, lines: list[Line], found: list[Earner], data: st.DataObject
) -> None:
    grants = decide(terms, lines, found)
    cap_bp = terms.commission_cap_bp
    now = [LineNow(one.line_id, one.net_cash_fen, one.net_cash_fen) for one in lines]
    left = remaining(cap_bp, parts_of(grants), now)
    assert left == [one.whole_fen for one in grants]
    for _ in range(3):
        now = [LineNow(o.line_id, o.cash_fen, data.draw(st.integers(0, o.net_cash_fen))) for o in now]
        fewer = remaining(cap_bp, parts_of(grants), now)
        assert all(0 <= after <= before for before, after in zip(left, fewer, strict=True))
        assert sum(fewer) * 10_000 <= sum(one.net_cash_fen for one in now) * cap_bp
        left = fewer
    assert not any(remaining(cap_bp, parts_of(grants), [LineNow(o.line_id, o.cash_fen, 0) for o in now]))


def test_a_line_that_earned_nothing_may_go_back_as_long_as_the_cap_allows() -> None:
    grants = [{1: 100}, {1: 50}]
    kept = remaining(3_000, grants, [LineNow(1, 1_000, 1_000), LineNow(2, 1_000, 0)])
    assert kept == [100, 50]
    cut = remaining(1_000, grants, [LineNow(1, 1_000, 1_000), LineNow(2, 1_000, 0)])
    assert cut == [66, 33]
    assert remaining(3_000, [{1: 100}], [LineNow(1, 1_000, 501), LineNow(2, 0, 0)]) == [50]
