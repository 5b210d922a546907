"""The rebate rule as people read and type it: Chinese field names, yuan and percent instead of fen and basis points.

Nothing is rounded: typed numbers are read digit by digit. docs/guides/files.md says what each field means.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

import msgspec

from server.core.money import WHOLE_BP, fen, yuan
from server.rules.orders import OrderKind
from server.rules.rebates import RuleTerms, Scope, problems
from server.rules.waivers import WAIVERS, Waivers

Kind = Literal["count", "yuan", "percent", "choice"]
_NONE = "不限"
_LIST = re.compile(r"[\s,，、;；]+")
_BOUND = re.compile(r"Expected `int` ([<>]=) ([0-9]+)")

KINDS: dict[str, str] = {"normal": "普通订单", "group_buy": "拼团订单", "flash_sale": "秒杀订单", "points": "积分订单"}
SCOPES = {"all": "全部商品", "products": "指定商品", "categories": "指定分类"}
_YES = {"false": "否", "true": "是"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the rule. `choices` maps its values to words; `unit` is shown after the input."""

    name: str
    label: str
    kind: Kind
    unit: str = ""
    hint: str = ""
    choices: Mapping[str, str] | None = None
    optional: bool = False
    """An empty input means no value."""


FIELDS: tuple[Field, ...] = (
    Field("required", "一轮需要的有效推荐", "count", "次", "2 到 10"),
    Field("qualify_at", "好友首单何时计入", "choice", choices={"paid": "付款后", "received": "确认收货后"}),
    Field("observe_days", "收货后观察期", "count", "天", "0 到 60；观察期内返还一直冻结；短于售后期的须在下面写明理由"),
    Field("min_paid_fen", "首单最低现金实付", "yuan", "元", "参与商品的现金实付，最低 0.01"),
    Field(
        "pick",
        "返还哪一笔订单",
        "choice",
        choices={
            "oldest": "最早付款的",
            "newest": "最近付款的",
            "highest": "金额最高的",
            "lowest": "金额最低的",
            "member_chooses": "由会员选择（30 天不选按最早的）",
        },
    ),
    Field(
        "returnable_days", "可返还订单的期限", "count", "天", "付款超过这么久的订单不再返还；留空不限", optional=True
    ),
    Field("ratio_bp", "返还比例", "percent", "%", "0.01 到 100"),
    Field("cap_fen", "单次返还上限", "yuan", "元", "留空不限", optional=True),
    Field("member_month_cap_fen", "每人每月返还上限", "yuan", "元", "留空不限", optional=True),
    Field("budget_fen", "本版本返还预算", "yuan", "元", "留空不限", optional=True),
    Field(
        "payout_cap_bp",
        "占好友订单实付的上限",
        "percent",
        "%",
        "建议 50 以内；留空不限，须在下面写明理由",
        optional=True,
    ),
    Field("max_cycles", "每人最多返还次数", "count", "次", "留空不限", optional=True),
    Field("pay_as", "返还成", "choice", choices={"balance": "钱包余额", "coupon": "优惠券"}),
    Field("withdrawable", "余额可提现", "choice", choices=_YES),
    Field("coupon_threshold_fen", "优惠券使用门槛", "yuan", "元", "0 为无门槛；返还成优惠券时有效"),
    Field("coupon_days", "优惠券有效期", "count", "天", "返还成优惠券时有效"),
)
"""The fields with a single value. Scope, stages, order kinds and waivers have their own parts of the form."""

REASONS: dict[str, str] = {f"waivers.{waiver}": said for waiver, said in WAIVERS.items()}
"""The inputs for the reasons of waivers."""

LABELS: dict[str, str] = {
    **{field.name: field.label for field in FIELDS},
    "scope": "参与的商品",
    "stages_bp": "分次计入",
    "qualify_kinds": "可以计入的订单",
    "return_kinds": "可以返还的订单",
    **REASONS,
}


def percent(rate_bp: int) -> str:
    """Return a rate as percent: `3050` → `30.5`."""
    return yuan(rate_bp).rstrip("0").rstrip(".")


def filled(terms: RuleTerms) -> dict[str, str]:
    """Return the form filled with these terms, as `read` takes it."""
    form = {field.name: _typed(field, getattr(terms, field.name)) for field in FIELDS}
    scope, ids = _scope(terms.scope)
    form |= {"scope": scope, "scope_ids": ", ".join(str(one) for one in ids)}
    form["stages_bp"] = ", ".join(percent(stage) for stage in terms.stages_bp) if terms.staged else ""
    for name in ("qualify_kinds", "return_kinds"):
        form |= {f"{name}.{kind}": "on" for kind in getattr(terms, name)}
    return form | dict.fromkeys(REASONS, "") | _reasons(terms)


def _reasons(terms: RuleTerms) -> dict[str, str]:
    return {f"waivers.{waiver}": reason for waiver, reason in terms.waivers.reasons().items()}


def _typed(field: Field, value: Any) -> str:  # noqa: ANN401 - whatever the field holds
    if value is None:
        return ""
    match field.kind:
        case "yuan":
            return yuan(value)
        case "percent":
            return percent(value)
        case "count":
            return str(value)
        case _:
            return str(value).lower() if isinstance(value, bool) else str(value)


def _scope(scope: Scope) -> tuple[str, Sequence[int]]:
    if scope.products is not None:
        return "products", scope.products
    if scope.categories is not None:
        return "categories", scope.categories
    return "all", ()


def read(form: Mapping[str, str], refund_days: int = 0) -> tuple[RuleTerms | None, dict[str, str]]:
    """Return the terms that a filled form says, or None and the problems by field, in Chinese.

    Fields that are not part of the form are ignored. `refund_days` are the shop's, as `problems` takes them.
    """
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    types = {one.encode_name: one.type for one in msgspec.structs.fields(RuleTerms)}
    for field in FIELDS:
        _take(values, wrong, field.name, partial(_value, field, form.get(field.name, "").strip(), types[field.name]))
    for name in ("qualify_kinds", "return_kinds"):
        values[name] = tuple(kind for kind in get_args(OrderKind) if form.get(f"{name}.{kind}"))
    _take(values, wrong, "stages_bp", partial(_stages, form.get("stages_bp", ""), values.get("required", 1)))
    _take(values, wrong, "scope", partial(_read_scope, form))
    terms = RuleTerms(**values, waivers=_waivers(form))
    found = {_input(name): problem for name, problem in reversed(problems(terms, refund_days))}
    # What depends on a field that could not be read is not known.
    for unread, unknown in (("required", "stages_bp"), ("observe_days", "waivers.early_release")):
        if unread in wrong:
            found.pop(unknown, None)
    found |= wrong
    return (None, found) if found else (terms, {})


def _input(field: str) -> str:
    """Return the input of a field: those of the scope share one."""
    return field if field in REASONS else field.partition(".")[0]


def read_scope(form: Mapping[str, str]) -> Scope:
    """Return the scope alone, to be judged also where the rest has mistakes. Raises ValueError with the reason."""
    return _read_scope(form)


def _take(values: dict[str, Any], wrong: dict[str, str], name: str, reading: Callable[[], Any]) -> None:
    try:
        values[name] = reading()
    except ValueError as error:
        wrong[name] = str(error)


def _value(field: Field, text: str, kind: Any) -> Any:  # noqa: ANN401 - whatever the field holds
    """Return the field's value. Raises ValueError with the reason in Chinese."""
    if field.choices is not None:
        if text not in field.choices:
            raise ValueError("请选择一项")
        return text == "true" if field.choices is _YES else text
    if not text and field.optional:
        return None
    number = _number(field, text)
    try:
        return msgspec.convert(number, kind)
    except msgspec.ValidationError as error:
        bound = _BOUND.search(str(error))
        assert bound is not None  # noqa: S101 - numbers have no other limits
        way = "不能小于" if bound[1] == ">=" else "不能大于"
        raise ValueError(f"{way} {_typed(field, int(bound[2]))} {field.unit}") from error


def _number(field: Field, text: str) -> int:
    if field.kind == "count":
        if re.fullmatch(r"[0-9]{1,12}", text):
            return int(text)
        raise ValueError("请填写整数")
    try:
        return fen(text)
    except ValueError as error:
        raise ValueError("请填写数字，最多两位小数") from error


def _stages(text: str, required: int) -> tuple[int, ...]:
    """Read a list of percentages; empty means everything at the end. Raises ValueError."""
    parts = [part.removesuffix("%") for part in _LIST.split(text.strip()) if part]
    if not parts:
        return (*(0,) * (required - 1), WHOLE_BP)
    try:
        found = tuple(fen(part) for part in parts)
    except ValueError as error:
        raise ValueError("请填写每次的百分比，用逗号隔开，如 30, 30, 40") from error
    if min(found) < 0 or max(found) > WHOLE_BP:
        raise ValueError("每次在 0 到 100 之间")
    return found


def _waivers(form: Mapping[str, str]) -> Waivers:
    return Waivers(**{waiver: form.get(f"waivers.{waiver}", "").strip() or None for waiver in WAIVERS})


def _read_scope(form: Mapping[str, str]) -> Scope:
    kind, typed = form.get("scope", ""), [part for part in _LIST.split(form.get("scope_ids", "").strip()) if part]
    if kind == "all":
        return Scope(all=True)
    if kind not in SCOPES:
        raise ValueError("请选择一项")
    if not typed or not all(re.fullmatch("[1-9][0-9]{0,17}", part) for part in typed):
        raise ValueError("请填写编号，用逗号隔开")
    ids = tuple(dict.fromkeys(int(part) for part in typed))
    return Scope(products=ids) if kind == "products" else Scope(categories=ids)


def in_words(terms: RuleTerms, names: Sequence[str]) -> dict[str, str]:
    """Return each field's value in words, in the order of the form; `names` are the names of what the scope lists."""
    found = {field.name: _worded(field, getattr(terms, field.name)) for field in FIELDS}
    kind, ids = _scope(terms.scope)
    listed = ", ".join(str(one) for one in ids)
    found["scope"] = f"{SCOPES[kind]}：{'、'.join(names)}（编号 {listed}）" if ids else SCOPES[kind]
    shares = "、".join(f"{percent(stage)}%" for stage in terms.stages_bp)
    found["stages_bp"] = (
        f"依次 {shares}" if terms.staged else f"满 {terms.required} 次时一次计入 {shares.split('、')[-1]}"
    )
    for name in ("qualify_kinds", "return_kinds"):
        found[name] = "、".join(said for kind, said in KINDS.items() if kind in getattr(terms, name))
    return found | dict.fromkeys(REASONS, "无") | _reasons(terms)


def _worded(field: Field, value: Any) -> str:  # noqa: ANN401 - whatever the field holds
    if value is None:
        return _NONE
    typed = _typed(field, value)
    return field.choices[typed] if field.choices is not None else f"{typed} {field.unit}".replace(" %", "%")


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs between two versions, as old and new text."""

    label: str
    before: str
    after: str


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """Return what differs between two rules, each as `in_words` gives it."""
    return [Change(LABELS[name], before[name], after[name]) for name in after if before[name] != after[name]]
