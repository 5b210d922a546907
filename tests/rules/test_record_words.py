"""The operators' log in words."""

import pytest

from server.rules import record_words
from server.rules.record_words import Line, lines, subject_of, thing


@pytest.mark.parametrize(
    ("action", "subject", "detail", "told"),
    [
        ("refund_reject", "refund:R1", {"before": "requested", "after": "rejected"}, ["状态：待审核 → 已拒绝"]),
        ("operator.role", "operator:a", {"before": "service", "after": "owner"}, ["角色：客服 → 店主"]),
        ("operator.create", "operator:a", {"after": {"role": "auditor"}}, ["角色：审计"]),
        ("operator.totp_set", "operator:a", {"before": False, "after": True}, ["两步验证：否 → 是"]),
        ("binding.correct", "member:1", {"before": None, "after": 5}, ["推荐人：无 → 5"]),
        ("member.points", "member:1", {"before": 10, "points": -3}, ["可用积分：10 → 7", "积分：-3"]),
        ("rule_publish", "rule:2", {"before": 1, "after": 2, "reason": "x"}, ["版本：1 → 2"]),
        ("alarm.seen", "alarm:1", {"kind": "stock_low", "of": "order:T1"}, ["类型：库存不足", "对象：订单 T1"]),
        ("export.make", "export:1", {"list": "orders", "filters": {"q": "T1"}}, ["列表：订单", "筛选：查找 T1"]),
        (
            "settings.change",
            "shop",
            {
                "before": {"freight_fen": 900, "withdrawal_fee_bp": 60},
                "after": {"freight_fen": 0, "withdrawal_fee_bp": 50},
            },
            ["运费（元）：¥9.00 → ¥0.00", "手续费（%）：0.6% → 0.5%"],
        ),
        (
            "product.apply",
            "product:mask",
            {
                "before": {"products": {"mask": {"title": "旧"}}},
                "after": {
                    "products": {"mask": {"title": "新"}},
                    "skus": {"m-1": {"price_fen": 990, "spec": {"颜色": "红"}}},
                },
            },
            ["标题：旧 → 新", "SKU · m-1 · 价格：¥9.90", "SKU · m-1 · 规格 · 颜色：红"],
        ),
        (
            "activity.apply",
            "flash_sale:noon",
            {"before": {"ends_at": "2026-01-01T00:00:00+00:00"}, "after": {"ends_at": "2026-01-01T01:00:00Z"}},
            ["结束时间：2026-01-01 08:00:00 → 2026-01-01 09:00:00"],
        ),
        (
            "levels.change",
            "levels",
            {
                "before": [{"name": "金卡", "growth": 1}, {"name": "银卡", "growth": 0}],
                "after": [{"name": "金卡", "growth": 2}, {"growth": 3}],
            },
            [
                "金卡 · 成长值：1 → 2",
                "银卡 · 名称：银卡 → 无",
                "银卡 · 成长值：0 → 无",
                "第 2 项 · 成长值：3",
            ],
        ),
        (
            "x",
            "y",
            {"odd": [1, "a", None], "amount_fen": 5, "what": "phone"},
            ["odd：1、a、无", "金额：¥0.05", "查看的内容：手机号"],
        ),
        (
            "x",
            "order:T1",
            {"note": "2026-13-01T00:00:00Z", "company": "SF"},
            ["说明：2026-13-01T00:00:00Z", "快递公司：顺丰速运"],
        ),
        ("x", "y", {"before": {"skus": []}, "after": {"skus": {}}}, ["SKU：无 → 无"]),
    ],
)
def test_a_record_in_words(action: str, subject: str, detail: dict[str, object], told: list[str]) -> None:
    assert [str(line) for line in lines(action, subject, detail)] == told


def test_a_line_of_a_file() -> None:
    assert str(Line("状态", "新", "旧")) == "状态：旧 → 新"
    assert str(Line("状态", "新")) == "状态：新"


@pytest.mark.parametrize(
    ("subject", "told"),
    [("order:T26", "订单 T26"), ("member:5", "会员 #5"), ("shop", "商城设置"), ("gift:1", "gift:1"), ("odd", "odd")],
)
def test_a_thing_in_words_is_found_by_them(subject: str, told: str) -> None:
    assert thing(subject) == told
    assert subject_of(told) == subject


def test_what_is_typed_otherwise_is_found_as_it_is() -> None:
    assert subject_of("会员12") == "member:12"
    assert subject_of("order:T26") == "order:T26"
    assert record_words.NOUNS.keys().isdisjoint(record_words.WHOLES)
