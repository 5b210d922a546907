"""What operators did and what alarms say, in words: fields by their names, amounts in yuan, times in Shanghai.

Pure functions on the JSON that the operators' log and the alarms keep. A name or value without a word stays as it is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.core.clock import SHANGHAI
from server.core.money import yuan
from server.rules import labels, rule_forms, shop_form, stacking
from server.rules.express import COMPANIES

NOUNS: dict[str, str] = {
    "alarm": "报警",
    "approval": "审批",
    "category": "分类",
    "commission": "佣金",
    "commission_version": "分润策略",
    "coupon": "优惠券",
    "coupon_issue": "优惠券发放",
    "day": "对账",
    "export": "导出文件",
    "flash_sale": "秒杀",
    "freight": "运费模板",
    "group_buy": "拼团",
    "job": "后台任务",
    "member": "会员",
    "notice": "通知模板",
    "operator": "操作员",
    "order": "订单",
    "points_good": "积分商品",
    "product": "商品",
    "qualification": "有效推荐",
    "rebate": "返一",
    "refund": "退款",
    "rule": "返一规则",
    "stacking": "叠加规则",
    "withdrawal": "提现",
}
"""Kinds of things that records name as `kind:number`."""
WHOLES: dict[str, str] = {
    "activities": "营销活动",
    "alarms": "报警",
    "audit_log": "操作日志",
    "catalogue": "商品目录",
    "commission_versions": "分润策略",
    "levels": "会员等级",
    "rules": "返一规则",
    "shop": "商城设置",
    "stacking_versions": "叠加规则",
    "templates": "优惠券",
    "wechat": "微信",
}
"""Things of which there is one."""
FIELDS: dict[str, str] = {
    **{name: field.label for name, field in shop_form.FIELDS.items()},
    **stacking.KIND_NAMES,
    **stacking.LABELS,
    **rule_forms.LABELS,
    "active": "启用",
    "after": "之后",
    "alert_at": "库存提醒线",
    "amount_fen": "金额",
    "anew": "重新评定等级",
    "approval": "审批编号",
    "approved_by": "审批人",
    "asked_by": "申请人",
    "attempts": "已试次数",
    "audience": "谁可以领",
    "available": "可售",
    "base_fen": "计算基数",
    "before": "之前",
    "birthday_gift": "生日赠送",
    "categories": "分类",
    "category": "分类",
    "claim_from": "领取开始",
    "claim_until": "领取截止",
    "code": "编码",
    "colour": "颜色",
    "commission_bonus_bp": "佣金加成",
    "company": "快递公司",
    "count": "条数",
    "coupon": "优惠券",
    "coupons": "优惠券张数",
    "days": "天数",
    "detail": "详情",
    "devices": "退出的设备",
    "devices_ended": "退出的设备",
    "differences": "差异",
    "discount_bp": "折扣",
    "ends_at": "结束时间",
    "error": "出错",
    "event": "微信事件",
    "exchange_only": "仅限积分兑换",
    "failures": "失败次数",
    "fields": "内容",
    "filters": "筛选",
    "free_freight": "包邮",
    "freight": "运费模板",
    "growth": "成长值",
    "icon": "图标",
    "images": "图片",
    "ip": "IP 地址",
    "issue": "发放编号",
    "issued": "已发张数",
    "items": "商品",
    "job": "任务",
    "kind": "类型",
    "leader_price_fen": "团长价",
    "level": "等级",
    "levels": "等级",
    "limit_each": "每人限购",
    "list": "列表",
    "listed": "领券中心展示",
    "market_price_fen": "划线价",
    "member": "会员",
    "members": "会员数",
    "min_level": "等级专享",
    "missing": "缺少",
    "most_fen": "最多优惠",
    "name": "名称",
    "note": "说明",
    "number": "数量",
    "of": "对象",
    "off_bp": "减去的比例",
    "off_from": "定时下架",
    "on_from": "定时上架",
    "on_sale": "上架",
    "order_no": "订单号",
    "orders": "订单数",
    "page": "页面",
    "parent": "上级",
    "per_member": "每人限量",
    "points": "积分",
    "points_bp": "积分倍数",
    "position": "排序",
    "price_fen": "价格",
    "problem": "问题",
    "product": "商品",
    "products": "商品",
    "q": "查找",
    "records": "记录数",
    "restock": "重新入库",
    "return_to": "退货地址",
    "role": "角色",
    "segment": "发给",
    "session": "设备编号",
    "since": "从",
    "size": "几人团",
    "sku": "SKU",
    "sku_id": "SKU 编号",
    "skus": "SKU",
    "spec": "规格",
    "starts_at": "开始时间",
    "state": "状态",
    "status": "状态",
    "stock": "库存",
    "stock_limit": "活动限量",
    "stocked_in": "累计入库",
    "stopped": "停止",
    "subtitle": "副标题",
    "template_id": "模板 ID",
    "terms": "计费",
    "threshold_fen": "使用门槛",
    "title": "标题",
    "total": "总量",
    "totp": "两步验证",
    "tracking_no": "运单号",
    "transaction_id": "微信支付单号",
    "until": "到",
    "valid_days": "有效天数",
    "virtual_fill": "虚拟成团",
    "weight_g": "重量（克）",
    "what": "查看的内容",
    "window_hours": "成团时限（小时）",
}
"""The names of the fields of such records."""

_CHANGED = {
    "binding.correct": "推荐人",
    "commission.apply": "版本",
    "member.growth": "成长值",
    "member.points": "可用积分",
    "operator.role": "角色",
    "operator.totp_set": "两步验证",
    "rule_publish": "版本",
}
"""What an action changes whose record says only from what to what; otherwise it is a state."""
_STATES: dict[str, Mapping[Any, str]] = {
    "approval": labels.APPROVAL_STATES,
    "coupon": labels.COUPON_STATES,
    "coupon_issue": labels.COUPON_STATES | labels.COUPON_ISSUE_STATES,
    "day": labels.RECONCILIATION_STATES,
    "member": labels.MEMBER_STATES,
    "operator": {"active": "启用", "disabled": "停用"} | labels.ROLES,
    "order": labels.ORDER_STATES,
    "qualification": labels.QUALIFICATION_STATES,
    "refund": labels.REFUND_STATES,
    "withdrawal": labels.WITHDRAWAL_STATES,
}
_VALUES: dict[str, Mapping[Any, str]] = {
    "company": COMPANIES,
    "event": {
        "trade_manage_remind_access_api": "提醒接入发货信息管理",
        "trade_manage_remind_shipping": "提醒发货",
    },
    "kind": labels.PRODUCT_KINDS | labels.ALARMS | labels.APPROVAL_KINDS,
    "role": labels.ROLES,
    "segment": labels.COUPON_SEGMENTS,
    "what": labels.REVEALED,
}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_NOTHING = object()
"""Stands for the value of a place that only the other side has."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a record: a field's name and its value; where a value changed, also the value `before`."""

    label: str
    text: str
    before: str | None = None

    def __str__(self) -> str:
        """Return the line as a file shows it."""
        return f"{self.label}：{self.text if self.before is None else f'{self.before} → {self.text}'}"


def thing(subject: str) -> str:
    """Return what a record is about, such as `订单 T26…` for `order:T26…`; an unknown kind stays as it is."""
    kind, mark, number = subject.partition(":")
    if not mark:
        return WHOLES.get(subject, subject)
    if kind not in NOUNS:
        return subject
    return f"{NOUNS[kind]} {'#' if number.isdecimal() else ''}{number}"


def subject_of(text: str) -> str:
    """Return the subject that a typed text means, `order:T26…` for `订单 T26…`; any other text as it is."""
    for kind, noun in NOUNS.items():
        if found := re.fullmatch(rf"{noun}[\s:：]*#?(\S+)", text):
            return f"{kind}:{found[1]}"
    return {noun: whole for whole, noun in WHOLES.items()}.get(text, text)


def lines(action: str, subject: str, detail: Any) -> list[Line]:  # noqa: ANN401 - JSON, its shape is the action's
    """Return a record's detail in words: first what changed, then what else it says. The reason is left out."""
    states = _STATES.get(subject.partition(":")[0], {})
    before, after = detail.get("before"), detail.get("after")
    if action == "member.points" and isinstance(before, int):
        after = before + detail["points"]
    own = subject.partition(":")[2]
    found = [
        Line(
            _label(path, own) or _CHANGED.get(action, "状态"),
            _text(path, new, states),
            None if path and old is _NOTHING else _text(path, old, states),
        )
        for path, old, new in _compared(before, after)
    ]
    rest = {name: value for name, value in detail.items() if name not in ("before", "after", "reason")}
    return found + [Line(FIELDS.get(name, name), _text((name,), value, states)) for name, value in rest.items()]


def _compared(before: Any, after: Any) -> Iterator[tuple[tuple[str, ...], Any, Any]]:  # noqa: ANN401 - JSON
    """Return each place where two values differ, with both values."""
    old, new = dict(_leaves(before, ())), dict(_leaves(after, ()))
    for path in old | new:
        if old.get(path, _NOTHING) != new.get(path, _NOTHING):
            yield path, old.get(path, _NOTHING), new.get(path, _NOTHING)


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 - JSON
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        value = {str(one.get("code") or one.get("name") or f"第 {n} 项"): one for n, one in enumerate(value, 1)}
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _leaves(one, (*path, name))
    elif value is not None or path:
        yield path, value


def _label(path: tuple[str, ...], own: str) -> str:
    """Return the name of a place, without the name of the thing that the whole record is about."""
    steps = [name for name in path if name != own]
    if own in path and len(steps) > 1 and steps[0] in ("products", "categories", "freight"):
        steps = steps[1:]
    return " · ".join(FIELDS.get(name) or thing(name) for name in steps)


def _text(path: tuple[str, ...], value: Any, states: Mapping[Any, str]) -> str:  # noqa: ANN401 - JSON
    name = path[-1] if path else ""
    if value is None or value is _NOTHING or value in ("", [], {}):
        return shop_form.NO_LIMIT if value is None and name.startswith("limit_") else "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(_text(path, one, states) for one in value)
    if isinstance(value, dict):
        return "，".join(f"{FIELDS.get(one, one)} {_text((one,), what, states)}" for one, what in value.items())
    if isinstance(value, int):
        return _number(name, value)
    return _word(name, str(value), states)


def _number(name: str, value: int) -> str:
    if name.endswith("_fen"):
        return f"¥{yuan(value)}"
    return f"{rule_forms.percent(value)}%" if name.endswith("_bp") else str(value)


def _word(name: str, value: str, states: Mapping[Any, str]) -> str:
    if name == "of":
        return thing(value)
    if name == "list":
        return labels.LISTS.get(value, value)
    if name in ("", "state", "status") and value in states:
        return states[value]
    if name in _VALUES:
        return _VALUES[name].get(value, value)
    return _moment(value) if _MOMENT.fullmatch(value) else value


def _moment(text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):
        return text  # somebody typed what only looks like a time
