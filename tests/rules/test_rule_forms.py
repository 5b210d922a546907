"""The rule as a form: yuan and percent read digit by digit, mistakes reported by field, differences in words."""

from typing import Any

import orjson
import pytest

from server.rules import rule_forms
from server.rules.rebates import RuleTerms, parse_terms

RICH: dict[str, Any] = {
    "required": 3,
    "qualify_at": "received",
    "observe_days": 0,
    "scope": {"categories": [4, 7]},
    "min_paid_fen": 9_999,
    "qualify_kinds": ["normal", "points"],
    "return_kinds": ["flash_sale"],
    "stages_bp": [3_000, 3_050, 3_950],
    "pick": "member_chooses",
    "returnable_days": 90,
    "ratio_bp": 3_050,
    "cap_fen": 123_456,
    "member_month_cap_fen": 1,
    "budget_fen": 10**12,
    "payout_cap_bp": 5_000,
    "max_cycles": 7,
    "pay_as": "coupon",
    "coupon_threshold_fen": 10,
    "coupon_days": 365,
    "withdrawable": True,
    "waivers": {"early_release": "礼品卡不退不换，无需观察"},
}


def terms(**fields: Any) -> RuleTerms:
    return parse_terms(orjson.dumps(fields))


def form(**fields: str) -> dict[str, str]:
    return rule_forms.filled(terms()) | fields


@pytest.mark.parametrize("fields", [{}, RICH, {"scope": {"products": [12]}}, {"required": 2, "ratio_bp": 1}])
def test_what_is_filled_in_reads_as_the_same_terms(fields: dict[str, Any]) -> None:
    made = terms(**fields)
    assert rule_forms.read(rule_forms.filled(made)) == (made, {})


def test_yuan_and_percent_are_read_digit_by_digit() -> None:
    found, _ = rule_forms.read(form(min_paid_fen="0.1", cap_fen=" 1234.5 ", ratio_bp="33.33", payout_cap_bp="0.01"))
    assert found is not None
    assert (found.min_paid_fen, found.cap_fen, found.ratio_bp, found.payout_cap_bp) == (10, 123_450, 3_333, 1)
    assert rule_forms.filled(found)["ratio_bp"] == "33.33"


@pytest.mark.parametrize("typed", ["30,30,40", "30%，30%、 40%", " 30; 30 ; 40 "])
def test_stages_are_typed_as_people_do(typed: str) -> None:
    found, _ = rule_forms.read(form(stages_bp=typed))
    assert found is not None
    assert found.stages_bp == (3_000, 3_000, 4_000)


@pytest.mark.parametrize(
    ("field", "typed", "problem"),
    [
        ("required", "1", "不能小于 2 次"),
        ("required", "11", "不能大于 10 次"),
        ("required", "", "请填写整数"),
        ("required", "3.5", "请填写整数"),
        ("required", "三", "请填写整数"),
        ("observe_days", "61", "不能大于 60 天"),
        ("min_paid_fen", "0", "不能小于 0.01 元"),
        ("min_paid_fen", "", "请填写数字，最多两位小数"),
        ("cap_fen", "1.234", "请填写数字，最多两位小数"),
        ("cap_fen", "-5", "不能小于 0.01 元"),
        ("cap_fen", "1e3", "请填写数字，最多两位小数"),
        ("budget_fen", "10000000000.01", "不能大于 10000000000.00 元"),
        ("ratio_bp", "100.01", "不能大于 100 %"),
        ("ratio_bp", "0", "不能小于 0.01 %"),
        ("returnable_days", "0", "不能小于 1 天"),
        ("max_cycles", "0", "不能小于 1 次"),
        ("pick", "random", "请选择一项"),
        ("withdrawable", "maybe", "请选择一项"),
        ("stages_bp", "30, x", "请填写每次的百分比，用逗号隔开，如 30, 30, 40"),
        ("stages_bp", "30, -30, 100", "每次在 0 到 100 之间"),
        ("stages_bp", "30, 130, 0", "每次在 0 到 100 之间"),
        ("stages_bp", "50, 50", "应有 3 项，每次有效推荐一项"),
        ("stages_bp", "50, 50, 50", "合计应在 0.01% 到 100% 之间"),
        ("scope", "some", "请选择一项"),
        ("scope", "products", "请填写编号，用逗号隔开"),
    ],
)
def test_a_mistake_is_told_by_its_field(field: str, typed: str, problem: str) -> None:
    assert rule_forms.read(form(**{field: typed})) == (None, {field: problem})


def test_all_mistakes_are_told_at_once() -> None:
    typed = form(required="1", cap_fen="x", scope="categories", scope_ids="1, two")
    _, problems = rule_forms.read(typed)
    assert set(problems) == {"required", "cap_fen", "scope"}
    without = {name: text for name, text in form().items() if "kinds." not in name}
    assert rule_forms.read(without)[1] == {"qualify_kinds": "至少要有一项", "return_kinds": "至少要有一项"}
    assert rule_forms.read({})[0] is None


def test_terms_are_told_in_words() -> None:
    told = rule_forms.in_words(terms(**RICH), ["面部护理", "母婴"])
    assert told["scope"] == "指定分类：面部护理、母婴（编号 4, 7）"
    assert told["min_paid_fen"] == "99.99 元"
    assert told["ratio_bp"] == "30.5%"
    assert told["stages_bp"] == "依次 30%、30.5%、39.5%"
    assert told["qualify_kinds"] == "普通订单、积分订单"
    assert told["withdrawable"] == "是"
    plain = rule_forms.in_words(terms(), [])
    assert (plain["scope"], plain["cap_fen"], plain["stages_bp"]) == ("全部商品", "不限", "满 3 次时一次计入 100%")
    assert set(plain) == set(rule_forms.LABELS)


def test_only_what_differs_is_told() -> None:
    before, after = (
        rule_forms.in_words(terms(**fields), []) for fields in ({}, {"cap_fen": 5_000, "pay_as": "coupon"})
    )
    found = [(one.label, one.before, one.after) for one in rule_forms.changes(before, after)]
    assert found == [("单次返还上限", "不限", "50.00 元"), ("返还成", "钱包余额", "优惠券")]
    assert rule_forms.changes(before, before) == []


def test_reasons_of_waivers_are_typed_beside_what_they_allow() -> None:
    free = form(payout_cap_bp="", observe_days="0")
    assert set(rule_forms.read(free, 7)[1]) == {"waivers.no_payout_cap", "waivers.early_release"}
    assert set(rule_forms.read(form(observe_days="0"), 7)[1]) == {"waivers.early_release"}
    assert rule_forms.read(form(observe_days="0"))[1] == {}
    reasons = {"waivers.no_payout_cap": " 开业活动，预算另有上限 ", "waivers.early_release": "礼品卡售出不退，无需观察"}
    found, _ = rule_forms.read(free | reasons, 7)
    assert found is not None
    assert (found.waivers.no_payout_cap, found.payout_cap_bp) == ("开业活动，预算另有上限", None)
    told = rule_forms.in_words(found, [])
    assert told["waivers.early_release"] == "礼品卡售出不退，无需观察"
    assert rule_forms.in_words(terms(), [])["waivers.early_release"] == "无"
    assert rule_forms.filled(found)["waivers.no_payout_cap"] == "开业活动，预算另有上限"
    assert set(rule_forms.read(free | {"waivers.no_payout_cap": "太短"}, 7)[1]) == set(reasons)


def test_an_observation_that_cannot_be_read_needs_no_waiver_yet() -> None:
    assert set(rule_forms.read(form(observe_days="x"), 30)[1]) == {"observe_days"}
