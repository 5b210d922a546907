"""Every field of the rebate rule: its default, its limits, and the message for a wrong value."""

from typing import Any

import msgspec
import orjson
import pytest

from server.core.errors import RuleInvalid
from server.rules.rebates import LineNet, RuleTerms, Scope, complete, in_scope_fen, parse_terms, qualifies
from server.rules.waivers import Waivers

DEFAULTS: dict[str, Any] = {
    "required": 3,
    "qualify_at": "paid",
    "observe_days": 7,
    "scope": Scope(all=True),
    "min_paid_fen": 1,
    "qualify_kinds": ("normal", "group_buy"),
    "return_kinds": ("normal", "group_buy"),
    "stages_bp": (0, 0, 10_000),
    "pick": "oldest",
    "returnable_days": None,
    "ratio_bp": 10_000,
    "cap_fen": None,
    "member_month_cap_fen": None,
    "budget_fen": None,
    "payout_cap_bp": 5_000,
    "max_cycles": None,
    "pay_as": "balance",
    "coupon_threshold_fen": 0,
    "coupon_days": 30,
    "withdrawable": False,
    "waivers": Waivers(),
}
NULLABLE = [name for name, value in DEFAULTS.items() if value is None]
REASON = "十个字的理由才算理由"


def parsed(**fields: Any) -> RuleTerms:
    return parse_terms(orjson.dumps(fields))


def refusal(text: bytes) -> tuple[str, str]:
    with pytest.raises(RuleInvalid) as refused:
        parse_terms(text)
    return refused.value.detail["field"], refused.value.detail["problem"]


def test_the_fields_and_their_defaults_are_those_of_the_law() -> None:
    terms = parsed()
    assert {name: getattr(terms, name) for name in RuleTerms.__struct_fields__} == DEFAULTS


@pytest.mark.parametrize("field", NULLABLE)
def test_null_means_none(field: str) -> None:
    assert parsed(**{field: None}) == parsed()


@pytest.mark.parametrize("field", sorted(set(DEFAULTS) - {*NULLABLE, "payout_cap_bp"}))
def test_null_is_no_value_of_the_other_fields(field: str) -> None:
    assert refusal(orjson.dumps({field: None}))[0] == field


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [
        ("required", 2, 10),
        ("observe_days", 0, 60),
        ("min_paid_fen", 1, None),
        ("returnable_days", 1, None),
        ("ratio_bp", 1, 10_000),
        ("cap_fen", 1, None),
        ("member_month_cap_fen", 1, None),
        ("budget_fen", 1, None),
        ("payout_cap_bp", 1, 10_000),
        ("max_cycles", 1, None),
        ("coupon_threshold_fen", 0, None),
        ("coupon_days", 1, None),
    ],
)
def test_limits(field: str, least: int, most: int | None) -> None:
    assert getattr(parsed(**{field: least}), field) == least
    assert refusal(orjson.dumps({field: least - 1}))[0] == field
    if most is not None:
        assert getattr(parsed(**{field: most}), field) == most
        assert refusal(orjson.dumps({field: most + 1}))[0] == field
    for other in (str(least), float(least), True, [least]):
        assert refusal(orjson.dumps({field: other}))[0] == field


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("qualify_at", ["paid", "received"]),
        ("pick", ["oldest", "newest", "highest", "lowest", "member_chooses"]),
        ("pay_as", ["balance", "coupon"]),
        ("withdrawable", [True, False]),
    ],
)
def test_choices(field: str, values: list[Any]) -> None:
    assert [getattr(parsed(**{field: value}), field) for value in values] == values
    for other in ("other", "", 1):
        assert refusal(orjson.dumps({field: other}))[0] == field


@pytest.mark.parametrize("field", ["qualify_kinds", "return_kinds"])
def test_kinds(field: str) -> None:
    kinds = ["points", "flash_sale", "group_buy", "normal"]
    assert getattr(parsed(**{field: kinds}), field) == tuple(kinds)
    assert refusal(orjson.dumps({field: ["normal", "other"]}))[0] == f"{field}[1]"
    assert refusal(orjson.dumps({field: []})) == (field, "至少要有一项")


@pytest.mark.parametrize(
    ("stages_bp", "staged"),
    [
        ([3_000, 3_000, 4_000], True),
        ([3_000, 3_000, 3_000], True),
        ([0, 0, 9_000], False),
        ([0, 1, 0], True),
        ([10_000, 0, 0], True),
        ([0, 0, 1], False),
    ],
)
def test_stages(stages_bp: list[int], staged: bool) -> None:
    terms = parsed(stages_bp=stages_bp)
    assert terms.stages_bp == tuple(stages_bp)
    assert terms.staged is staged


@pytest.mark.parametrize("required", range(2, 11))
def test_without_stages_everything_comes_at_the_last(required: int) -> None:
    terms = parsed(required=required)
    assert terms.stages_bp == (0,) * (required - 1) + (10_000,)
    assert not terms.staged


@pytest.mark.parametrize(
    ("fields", "field", "problem"),
    [
        ({"stages_bp": [5_000, 5_000]}, "stages_bp", "应有 3 项，每次有效推荐一项"),
        ({"required": 2, "stages_bp": [0, 0, 10_000]}, "stages_bp", "应有 2 项，每次有效推荐一项"),
        ({"stages_bp": [3_000, 3_000, 4_001]}, "stages_bp", "合计应在 0.01% 到 100% 之间"),
        ({"stages_bp": [0, 0, 0]}, "stages_bp", "合计应在 0.01% 到 100% 之间"),
        ({"stages_bp": [0, -1, 10_000]}, "stages_bp[1]", "Expected `int` >= 0"),
        ({"stages_bp": [0, 0, 10_001]}, "stages_bp[2]", "Expected `int` <= 10000"),
        ({"stages_bp": [3_000.5, 0, 0]}, "stages_bp[0]", "Expected `int`, got `float`"),
        ({"scope": {}}, "scope", '应为 "all": true、"products"、"categories" 之一'),
        ({"scope": {"all": False}}, "scope", '应为 "all": true、"products"、"categories" 之一'),
        (
            {"scope": {"all": True, "products": [1]}},
            "scope",
            '应为 "all": true、"products"、"categories" 之一',
        ),
        (
            {"scope": {"products": [1], "categories": [1]}},
            "scope",
            '应为 "all": true、"products"、"categories" 之一',
        ),
        ({"scope": {"products": []}}, "scope.products", "至少要有一项"),
        ({"scope": {"categories": []}}, "scope.categories", "至少要有一项"),
        ({"scope": {"products": [0]}}, "scope.products[0]", "Expected `int` >= 1"),
        ({"scope": {"categories": [2**63]}}, "scope.categories[0]", "Expected `int` <= 9223372036854775807"),
        ({"scope": {"skus": [1]}}, "scope", "Object contains unknown field `skus`"),
        ({"scope": "all"}, "scope", "Expected `object`, got `str`"),
        ({"reqired": 3}, "", "Object contains unknown field `reqired`"),
    ],
)
def test_refusals(fields: dict[str, Any], field: str, problem: str) -> None:
    assert refusal(orjson.dumps(fields)) == (field, problem)


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b'{"required": 3', b"{'required': 3}", b'{"pick": "\xff"}'])
def test_what_is_no_rule_at_all(text: bytes) -> None:
    field, problem = refusal(text)
    assert field == ""
    assert problem


LINES = [LineNet(1, 10, 500), LineNet(2, 10, 70), LineNet(3, 20, 9), LineNet(1, 10, 0)]


@pytest.mark.parametrize(
    ("scope", "counted_fen"),
    [
        ({"all": True}, 579),
        ({"products": [1]}, 500),
        ({"products": [2, 3, 4]}, 79),
        ({"products": [10]}, 0),
        ({"categories": [10]}, 570),
        ({"categories": [20, 30]}, 9),
        ({"categories": [1]}, 0),
        ({"all": False, "products": [3]}, 9),
    ],
)
def test_scope(scope: dict[str, Any], counted_fen: int) -> None:
    terms = parsed(scope=scope, min_paid_fen=max(1, counted_fen))
    assert in_scope_fen(terms, LINES) == counted_fen
    assert qualifies(terms, "normal", LINES) is (counted_fen > 0)
    assert not qualifies(parsed(scope=scope, min_paid_fen=counted_fen + 1), "normal", LINES)


@pytest.mark.parametrize("kind", ["normal", "group_buy", "flash_sale", "points"])
def test_kinds_that_qualify(kind: str) -> None:
    assert qualifies(parsed(), kind, LINES) is (kind in {"normal", "group_buy"})
    assert qualifies(parsed(qualify_kinds=[kind]), kind, LINES)
    assert not qualifies(parsed(qualify_kinds=[kind]), "other", LINES)


def test_an_order_without_cash_never_qualifies() -> None:
    assert not qualifies(parsed(), "normal", [LineNet(1, 10, 0)])
    assert not qualifies(parsed(), "normal", [])
    assert qualifies(parsed(), "normal", [LineNet(1, 10, 1)])


def missing(**fields: Any) -> tuple[str, str]:
    """Return field and sentence of the refusal in a shop that refunds within 7 days."""
    with pytest.raises(RuleInvalid) as refused:
        complete(parsed(**fields), 7)
    return refused.value.detail["field"], refused.value.detail["problem"]


def test_no_payout_cap_needs_its_waiver() -> None:
    field, problem = missing(payout_cap_bp=None)
    assert (field, "waivers.no_payout_cap" in problem) == ("waivers.no_payout_cap", True)
    assert missing(payout_cap_bp=None, waivers={"early_release": REASON})[0] == "waivers.no_payout_cap"
    terms = complete(parsed(payout_cap_bp=None, waivers={"no_payout_cap": REASON}), 7)
    assert (terms.payout_cap_bp, terms.waivers) == (None, Waivers(no_payout_cap=REASON))


@pytest.mark.parametrize("observe_days", [0, 6])
def test_an_observation_shorter_than_the_refund_period_needs_its_waiver(observe_days: int) -> None:
    field, problem = missing(observe_days=observe_days)
    assert (field, "waivers.early_release" in problem) == ("waivers.early_release", True)
    assert f"{observe_days} 天，短于售后期 7 天" in problem
    assert missing(observe_days=observe_days, waivers={"no_payout_cap": REASON})[0] == "waivers.early_release"
    terms = parsed(observe_days=observe_days, waivers={"early_release": REASON})
    assert complete(terms, 7) == terms
    assert complete(parsed(observe_days=7), 7).observe_days == 7


@pytest.mark.parametrize("waiver", ["no_payout_cap", "early_release"])
def test_a_reason_has_ten_characters_at_least_and_two_hundred_at_most(waiver: str) -> None:
    for reason in ("", "九个字的理由不算理", f"   {REASON[:9]}   ", "长" * 201):
        assert refusal(orjson.dumps({"waivers": {waiver: reason}}))[0] == f"waivers.{waiver}"
    for reason in (REASON, "长" * 200):
        assert parsed(waivers={waiver: reason}).waivers.reasons() == {waiver: reason}
    assert refusal(orjson.dumps({"waivers": {waiver: 1}}))[0] == f"waivers.{waiver}"


def test_waivers_that_do_not_exist_are_refused() -> None:
    assert refusal(orjson.dumps({"waivers": {"no_refund": REASON}}))[0] == "waivers"
    assert refusal(orjson.dumps({"waivers": []}))[0] == "waivers"


def test_terms_are_stored_with_every_field_so_that_a_new_default_changes_no_old_version() -> None:
    terms = parsed(payout_cap_bp=None, waivers={"no_payout_cap": REASON})
    stored = msgspec.json.encode(terms)
    assert set(orjson.loads(stored)) == set(DEFAULTS)
    assert msgspec.json.decode(stored, type=RuleTerms) == terms
