"""What is wrong with a submitted form, field by field, in the words of the people who fill it in."""

from collections.abc import Mapping
from typing import Any

import msgspec

from server.services.files import sayings

LABELS: dict[str, str] = {
    "account": "卡号",
    "again": "再输一次新密码",
    "amount": "数量",
    "bank_type": "开户银行编码",
    "base": "基于的版本",
    "code": "验证码",
    "company": "快递公司",
    "coupon": "勾选的优惠券",
    "cursor": "列表的位置",
    "day": "日期",
    "do": "要做的事",
    "edit": "草稿",
    "fields": "内容",
    "key": "表单编号",
    "kind": "种类",
    "level": "级别",
    "member": "会员",
    "move": "移动",
    "name": "账号名",
    "new": "新的",
    "newest": "最新一条",
    "note": "说明",
    "number": "勾选的提现",
    "old": "旧的",
    "page": "页面",
    "picture": "图片",
    "points": "积分",
    "product": "商品",
    "real_name": "姓名",
    "reason": "理由",
    "reference": "付款凭证号",
    "referrer": "会员号或分享码",
    "referrer_id": "推荐人",
    "restock": "重新入库",
    "return_to": "退货地址",
    "role": "角色",
    "seen": "看到的推荐关系",
    "skip_bad": "有问题的行",
    "anew": "重新评定",
    "template": "优惠券",
    "template_id": "模板 ID",
    "text": "策略",
    "title": "标题",
    "tracking_no": "运单号",
    "version": "版本",
    "way": "方式",
    "what": "要查看的信息",
}
"""The Chinese names of the fields that our forms and addresses have."""


def problems(values: Mapping[str, Any], takes: type[Any]) -> list[dict[str, str]]:
    """Return every mistake of what does not fit the struct `takes`, as `{field, label, problem}`."""
    found = [(field.encode_name, _problem(values, field)) for field in msgspec.structs.fields(takes)]
    return [
        {"field": name, "label": LABELS.get(name, ""), "problem": problem}
        for name, problem in found
        if problem is not None
    ]


def _problem(values: Mapping[str, Any], field: msgspec.structs.FieldInfo) -> str | None:
    if field.encode_name not in values:
        return "请填写" if field.required else None
    try:
        msgspec.convert(values[field.encode_name], field.type, strict=False)
    except msgspec.ValidationError as error:
        return sayings.in_words(str(error)).partition("，实为")[0].replace("应为", "请填写", 1)
    return None
