"""Commission policies in words, and the differences between two versions."""

import msgspec

from server.rules import commission_words
from server.rules.commissions import CommissionTerms

NAMES = {("product", 7): "面霜", ("category", 3): "母婴"}


def terms(*policies: dict[str, object], **more: object) -> CommissionTerms:
    return msgspec.convert({"policies": policies, **more}, CommissionTerms)


RICH = terms(
    {"kind": "ratio", "ratio_bp": 1_050},
    {"kind": "fixed", "fixed_fen": 500, "scope": "product", "ids": [7, 8]},
    {"kind": "fixed", "fixed_fen": 1_000, "per": "order", "scope": "member_level", "ids": [0], "level": 2},
    {
        "kind": "ladder",
        "by": "month",
        "tiers": [{"from_fen": 0, "ratio_bp": 100}, {"from_fen": 100_000, "ratio_bp": 250}],
        "scope": "category",
        "ids": [3],
    },
    depth=2,
)


def test_each_policy_says_whom_what_for_and_how_much() -> None:
    assert commission_words.policies(RICH, NAMES) == [
        ("直接推荐人", "全店", "实付的 10.5%"),
        ("直接推荐人", "商品 #7 面霜、商品 #8", "每件 5.00 元"),
        ("上两级", "会员等级 #0", "每单 10.00 元"),
        ("直接推荐人", "类目 #3 母婴", "按推荐人本月好友实付分档：满 0.00 元 1%，满 1000.00 元 2.5%"),
    ]
    by_order = terms({"kind": "ladder", "by": "order", "tiers": [{"from_fen": 1, "ratio_bp": 1}]})
    assert commission_words.policies(by_order, {})[0][2] == "按订单实付分档：满 0.01 元 0.01%"


def test_what_came_went_and_changed() -> None:
    after = terms(
        {"kind": "ratio", "ratio_bp": 900},
        {"kind": "fixed", "fixed_fen": 500, "scope": "product", "ids": [8, 9]},
        commission_cap_bp=2_000,
    )
    before = commission_words.in_words(RICH, NAMES)
    found = commission_words.changes(before, commission_words.in_words(after, NAMES))
    assert [(one.label, one.before, one.after) for one in found] == [
        ("分润层级", "2 级", "1 级"),
        ("每单佣金上限", "订单实付的 30%", "订单实付的 20%"),
        ("直接推荐人 · 全店", "实付的 10.5%", "实付的 9%"),
        ("直接推荐人 · 商品 #7 面霜", "每件 5.00 元", "—"),
        ("上两级 · 会员等级 #0", "每单 10.00 元", "—"),
        ("直接推荐人 · 类目 #3 母婴", "按推荐人本月好友实付分档：满 0.00 元 1%，满 1000.00 元 2.5%", "—"),
        ("直接推荐人 · 商品 #9", "—", "每件 5.00 元"),
    ]
    assert commission_words.changes(before, before) == []
