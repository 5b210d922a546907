"""The shop's policy as a form: label and group of each field, its value as text, and reading it without floats."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_type_hints

import msgspec

from server.core.money import fen, yuan
from server.rules.limits import CLI, OperatorLimits
from server.rules.operators import ROLE_LABELS
from server.rules.rule_forms import percent
from server.rules.shop import WITHDRAWAL_FEE_MOST_BP, Banner, ShopPolicy

Form = Literal["yuan", "percent", "number", "text", "choice", "banners", "pairs"]


@dataclass(frozen=True, slots=True)
class Field:
    """One setting: its name in `ShopPolicy`, its label, and how it is typed."""

    name: str
    label: str
    form: Form
    hint: str = ""
    choices: Mapping[str, str] | None = None


_ACTORS: dict[str, str] = {**{str(role): said for role, said in ROLE_LABELS.items()}, CLI: "命令行"}
NO_LIMIT = "不限"
"""What is typed and shown where there is no limit; an empty field is a mistake."""
_ALONE = "同一角色一天合计，超过的要另一位运营同意；可以填“不限”"


def _limits_of(what: str, label: str, form: Form, hint: str = "") -> tuple[Field, ...]:
    """Return the fields that limit one kind of act, one for each role that may do it; only the first explains."""
    named = {f"limit_{role}_{what}": said for role, said in _ACTORS.items()}
    known = [(name, said) for name, said in named.items() if name in OperatorLimits.__struct_fields__]
    full = f"{_ALONE}。{hint}" if hint else _ALONE
    return tuple(Field(name, f"{said} · {label}", form, full if n == 0 else "") for n, (name, said) in enumerate(known))


GROUPS: dict[str, tuple[Field, ...]] = {
    "店铺": (
        Field("name", "店铺名称", "text"),
        Field("slogan", "一句话介绍", "text"),
        Field("company", "经营主体", "text", "用于协议；不填则用店铺名称"),
        Field("service_hours", "客服时间", "text"),
        Field("service_phone", "客服电话", "text", "可以不填"),
        Field("banners", "首页横幅", "banners", "每行一个：图片地址 | 标题 | 副标题 | 小程序页面，最多 8 个"),
    ),
    "订单": (
        Field("order_minutes", "未付款保留（分钟）", "number"),
        Field("max_unpaid_orders", "每人最多未付款订单（单）", "number", "到了上限，要先付款或取消才能再下单"),
        Field("max_unpaid_pieces", "每人最多未付款同款商品（件）", "number", "一个规格，在所有未付款订单里的总数"),
        Field("receive_days", "发货后自动收货（天）", "number"),
        Field("refund_days", "收货后可申请退款（天）", "number"),
        Field("refund_decide_days", "退款审核期限（天）", "number", "过一半时提醒，逾期按下一项自动处理"),
        Field("refund_default", "逾期未审核的退款", "choice", choices={"grant": "自动同意", "reject": "自动拒绝"}),
        Field("return_to", "退货寄到", "text", "收件人、电话和地址；同意退货时可以再改"),
    ),
    "运费": (
        Field("freight_fen", "运费（元）", "yuan"),
        Field("free_from_fen", "满额包邮（元）", "yuan", "按优惠后的商品金额"),
    ),
    "积分": (
        Field("points_per_fen", "抵 0.01 元需要（积分）", "number"),
        Field(
            "points_per_yuan", "每消费 1 元得积分", "number", "收货时按实付现金和等级倍数计，观察期内冻结；0 表示不发"
        ),
        Field("points_months", "积分有效（月）", "number", "到账后第几个月的月底到期"),
        Field("check_in_points", "每日签到得积分", "number", "0 表示没有签到"),
        Field("check_in_week_points", "每连续 7 天再加积分", "number"),
        Field("points_most_bp", "积分最多支付（%）", "percent", "占优惠后商品金额的比例；0 表示不能用积分抵扣"),
    ),
    "推荐归属": (
        Field("attribution", "归属方式", "choice", choices={"first_touch": "最早触达", "last_touch": "最近触达"}),
        Field("attribution_days", "触达有效（天）", "number"),
    ),
    "会员成长": (
        Field("growth_per_yuan", "每消费 1 元得成长值", "number", "订单完成后按实付现金计"),
        Field("growth_per_referral", "每位有效推荐得成长值", "number", "好友首单完成后计"),
    ),
    "提现": (
        Field("withdrawal_min_fen", "最低金额（元）", "yuan"),
        Field("withdrawal_day_count", "每天次数", "number"),
        Field("withdrawal_day_fen", "每天金额（元）", "yuan"),
        Field("withdrawal_fee_bp", "手续费（%）", "percent", f"最高 {percent(WITHDRAWAL_FEE_MOST_BP)}%"),
        Field(
            "withdrawal_withholding",
            "代扣税款",
            "choice",
            "是否应代扣、如何代扣请咨询会计",
            {"none": "不代扣", "labour_remuneration": "按劳务报酬代扣"},
        ),
        Field("withdrawal_name_from_fen", "需要实名（元起）", "yuan", "微信规定 2000 元起必须实名，只能更低"),
        Field("withdrawal_auto_below_fen", "自动通过（低于，元）", "yuan", "0 表示每笔都由人审核"),
        Field("withdrawal_second_from_fen", "两人审核（元起）", "yuan"),
    ),
    "运营审批": (
        *_limits_of("points", "积分", "number", "发放和扣除都计入"),
        *_limits_of("growth", "成长值", "number", "增加和扣除都计入"),
        *_limits_of("refund_fen", "退款（元）", "yuan"),
        *_limits_of("price_bp", "改价幅度（%）", "percent", "每个 SKU 当天各次改价幅度之和，加上当天活动价的最大降幅"),
        *_limits_of("rules", "发布返一规则（次）", "number"),
        *_limits_of("commissions", "发布分润策略（次）", "number"),
        *_limits_of("levels", "修改会员等级（次）", "number"),
        *_limits_of("stackings", "发布叠加规则（次）", "number"),
        *_limits_of("coupons", "新增或放宽优惠券（个）", "number", "改名、减量、提前结束和停用不计"),
        *_limits_of("issues", "发放优惠券（张）", "number", "按可能发到的会员数计"),
        Field("approval_days", "申请保留（天）", "number", "到期没有人审批就作废"),
    ),
    "微信转账": (
        Field("transfer_scene_id", "转账场景编号", "text", "商户平台获批的场景"),
        Field("transfer_reports", "场景报备", "pairs", "每行一项，如 岗位类型：推广员"),
    ),
}
FIELDS = {field.name: field for fields in GROUPS.values() for field in fields}
_TYPES = get_type_hints(ShopPolicy, include_extras=True)
_NUMBER = re.compile(r"[0-9]{1,12}")
_PARTS = len(Banner.__struct_fields__)


def texts(policy: ShopPolicy) -> dict[str, str]:
    """Return every field as typed text."""
    return {name: _text(field, getattr(policy, name)) for name, field in FIELDS.items()}


def _text(field: Field, value: Any) -> str:  # noqa: ANN401 - whatever the policy holds
    if value is None:
        return "" if field.form == "text" else NO_LIMIT
    if field.form in ("yuan", "percent"):
        return yuan(value)
    if field.form == "banners":
        return "\n".join(" | ".join(msgspec.structs.astuple(one)) for one in value)
    if field.form == "pairs":
        return "\n".join(f"{name}：{said}" for name, said in value.items())
    return str(value)


def read(typed: Mapping[str, str]) -> tuple[ShopPolicy, dict[str, str]]:
    """Return the typed policy and the problems by field; a field with a problem has its default in the policy."""
    values, problems = dict[str, Any](), dict[str, str]()
    for name, field in FIELDS.items():
        try:
            value = _value(field, typed.get(name, "").strip())
            values[name] = msgspec.convert(value, _TYPES[name])
        except (ValueError, msgspec.ValidationError):
            problems[name] = f"“{field.label}”不符合要求{_limits(field)}"
    return ShopPolicy(**values), problems


def _value(field: Field, text: str) -> Any:  # noqa: ANN401 - checked by the policy's type
    if text == NO_LIMIT and _optional(field):
        return None
    if field.form in ("yuan", "percent"):
        return fen(text)  # yuan and percent both have two decimals
    if field.form == "number":
        return int(text) if _NUMBER.fullmatch(text) else text  # which fits no number
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if field.form == "banners":
        return [_banner(line) for line in lines]
    if field.form == "pairs":
        return dict(_pair(line) for line in lines)
    return text or (None if _optional(field) else "")


def _optional(field: Field) -> bool:
    return type(None) in get_args(_TYPES[field.name])


def _banner(line: str) -> dict[str, str]:
    parts = [part.strip() for part in line.split("|")]
    if len(parts) != _PARTS:
        raise ValueError(line)
    return dict(zip(Banner.__struct_fields__, parts, strict=True))


def _pair(line: str) -> tuple[str, str]:
    name, mark, said = line.replace("：", ":").partition(":")
    if not mark or not name.strip() or not said.strip():
        raise ValueError(line)
    return name.strip(), said.strip()


def _limits(field: Field) -> str:
    """Return the allowed range of a number, taken from the limits of its type."""
    if field.form not in ("yuan", "percent", "number"):
        return ""
    kind = _TYPES[field.name]
    [meta] = (get_args(kind)[0] if _optional(field) else kind).__metadata__
    shown = str if field.form == "number" else yuan
    limits = f"，应在 {shown(meta.ge)} 到 {shown(meta.le)} 之间"
    return f"{limits}，或填“{NO_LIMIT}”" if _optional(field) else limits
