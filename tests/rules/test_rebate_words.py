"""The rule in plain words agrees with its terms, names every limit, and promises no profit."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.rebate_words import plain, promise, returned_bp
from server.rules.rebates import RuleTerms, parse_terms
from tests.support.waived import FREE

NEVER = ("稳赚", "躺赚", "保证返", "必返", "一定返还你", "投资回报", "收益率", "None", "{", "}", "。。", "，，", "，。")
DIRECT, LAST = "只看你直接推荐的好友", "请注意"


def terms(**fields: Any) -> RuleTerms:
    return parse_terms(orjson.dumps(FREE | fields))


def words(rule: RuleTerms, *names: str) -> dict[str, str]:
    return {told.title: told.text for told in plain(rule, names)}


def all_words(rule: RuleTerms) -> str:
    made = promise(rule)
    return "".join([made.title, made.text, *(step.title + step.text for step in made.steps), *words(rule).values()])


@st.composite
def any_terms(draw: st.DrawFn) -> RuleTerms:
    required = draw(st.integers(2, 10))
    amount = st.none() | st.integers(1, 10**9)
    kinds = st.lists(st.sampled_from(["normal", "group_buy", "flash_sale", "points"]), min_size=1, unique=True)
    stages = draw(st.none() | st.lists(st.integers(100, 1000), min_size=required, max_size=required))
    return terms(
        required=required,
        qualify_at=draw(st.sampled_from(["paid", "received"])),
        observe_days=draw(st.integers(0, 60)),
        min_paid_fen=draw(st.integers(1, 10**6)),
        qualify_kinds=draw(kinds),
        return_kinds=draw(kinds),
        **({"stages_bp": stages} if stages else {}),
        pick=draw(st.sampled_from(["oldest", "newest", "highest", "lowest", "member_chooses"])),
        returnable_days=draw(st.none() | st.integers(1, 3650)),
        ratio_bp=draw(st.integers(100, 10_000)),
        cap_fen=draw(amount),
        member_month_cap_fen=draw(amount),
        budget_fen=draw(amount),
        payout_cap_bp=draw(st.none() | st.integers(1, 10_000)),
        max_cycles=draw(st.none() | st.integers(1, 100)),
        pay_as=draw(st.sampled_from(["balance", "coupon"])),
        coupon_threshold_fen=draw(st.integers(0, 10**6)),
        coupon_days=draw(st.integers(1, 365)),
        withdrawable=draw(st.booleans()),
    )


@given(any_terms())
def test_every_rule_is_told_lawfully_and_whole(rule: RuleTerms) -> None:
    told, made = plain(rule, ()), promise(rule)
    said = all_words(rule)
    assert all(one.title and one.text.endswith("。") for one in told)
    assert all(step.title and step.text.endswith("。") for step in made.steps)
    assert not [word for word in NEVER if word in said]
    assert [one.title for one in told][-2:] == [DIRECT, LAST]
    assert "不按人数和层级计酬" in said
    assert "不构成投资收益" in said
    assert "运费以及用余额、积分、优惠券抵扣的部分不返还" in said
    limits = (rule.cap_fen, rule.member_month_cap_fen, rule.budget_fen, rule.payout_cap_bp, rule.max_cycles)
    assert ("有上限" in made.text) is any(limit is not None for limit in limits)
    assert ("不能提现" in said) is (rule.pay_as == "balance" and not rule.withdrawable)
    assert ("提现到微信零钱" in said) is (rule.pay_as == "balance" and rule.withdrawable)
    assert ("天内有效" in said) is (rule.pay_as == "coupon")
    assert len(made.text) <= 80
    assert len(made.title) <= 24


def test_the_default_rule() -> None:
    made = promise(terms())
    assert (made.required, made.ratio_bp, made.pay_as) == (3, 10_000, "balance")
    assert made.title == "推荐 3 位好友，返还你的一笔订单"
    assert made.text == "3 位好友由你的分享而来，各完成一笔首单，你的一笔已付款订单按现金实付的 100% 返还为购物余额。"
    assert [step.title for step in made.steps] == ["自己买过", "分享好物", "3 位好友首单", "返还一单"]
    assert made.steps[3].text == "返还你最早付款的一笔订单，相关订单都确认收货满 7 天后到账。"
    said = words(terms())
    assert "普通订单、拼团订单可以计入。拼团订单在成团后才计入。" in said["怎样算一次有效推荐"]
    assert said["哪些商品参与"].startswith("全部商品都参与")


def test_part_of_an_order() -> None:
    rule = terms(required=5, ratio_bp=5000, stages_bp=[1000, 1000, 1000, 1000, 5000])
    assert returned_bp(rule) == 4500
    assert promise(rule).title == "推荐 5 位好友，一笔订单返还 45%"
    assert "依次约占 11.11%、11.11%、11.11%、11.11%、55.55%" in words(rule)["什么时候到账"]
    assert "最后一次计入的返还会收回" in words(rule)["发生退款时"]


@pytest.mark.parametrize(
    ("fields", "title", "sentence"),
    [
        ({"qualify_at": "received"}, "怎样算一次有效推荐", "最早付款并确认收货且符合条件"),
        ({"min_paid_fen": 1990}, "怎样算一次有效推荐", "须满 19.90 元"),
        ({"min_paid_fen": 1990}, "发生退款时", "不足 19.90 元时"),
        ({}, "发生退款时", "现金实付为零时"),
        ({"payout_cap_bp": 5000}, "发生退款时", "不超过这一轮好友订单现金实付的 50%，并减去这些订单的佣金和积分"),
        ({"payout_cap_bp": 5000}, "发生退款时", "超出部分收回，之后不再增加"),
        ({"payout_cap_bp": 5000}, "返还多少", "并须减去这些订单带来的佣金和积分价值，两者在订单计入这一轮时确定。"),
        ({"pay_as": "coupon"}, "发生退款时", "用券的订单整单退款时，为这张券扣回的金额会退还"),
        ({}, "什么时候到账", "其中有订单在退款处理中的，等有结果后再到账"),
        ({"qualify_kinds": ["normal", "points"]}, "怎样算一次有效推荐", "普通订单、积分订单可以计入。"),
        ({"return_kinds": ["flash_sale"]}, "返还哪一笔订单", "秒杀订单可以返还。"),
        ({"returnable_days": 90}, "返还哪一笔订单", "付款超过 90 天的订单不再返还。"),
        ({"pick": "highest"}, "返还哪一笔订单", "金额最高的一笔订单；金额相同时取较早"),
        ({"pick": "member_chooses"}, "返还哪一笔订单", "30 天内没有选择的，返还最早付款的一笔"),
        ({"cap_fen": 5000}, "返还多少", "每次最多返还 50 元。"),
        ({"member_month_cap_fen": 20_050}, "返还多少", "合计最多返还 200.50 元，当月剩余额度不够时这一轮顺延。"),
        ({"payout_cap_bp": 1250}, "返还多少", "不超过这一轮好友订单现金实付合计的 12.5%"),
        ({"budget_fen": 10_000_000}, "返还多少", "返还预算共 100000 元，预算不足时这一轮等待。"),
        ({"max_cycles": 4}, "返还多少", "每人最多返还 4 次。"),
        ({"observe_days": 0}, "什么时候到账", "相关订单都确认收货后解冻到账"),
        ({"pay_as": "coupon", "coupon_threshold_fen": 9900}, "返还成什么", "满 99 元可用，到账后 30 天内有效"),
        ({"pay_as": "coupon"}, "返还成什么", "无使用门槛"),
        ({"pay_as": "coupon"}, "发生退款时", "未使用的优惠券作废"),
        ({"withdrawable": True}, "返还成什么", "也可以申请提现到微信零钱"),
    ],
)
def test_a_term_is_told_where_it_belongs(fields: dict[str, Any], title: str, sentence: str) -> None:
    assert sentence in words(terms(**fields))[title]


def test_the_limits_that_a_version_leaves_are_told_with_their_reasons() -> None:
    assert "本版规则放宽的限制" not in words(terms(payout_cap_bp=5_000, waivers={}))
    early = {"early_release": "礼品卡售出不退，无需观察。"}
    rule = terms(payout_cap_bp=5_000, observe_days=0, waivers=early)
    assert words(rule)["本版规则放宽的限制"] == "允许观察期短于售后期，理由：礼品卡售出不退，无需观察。"
    both = early | {"no_payout_cap": "开业活动，预算另有上限"}
    assert words(terms(waivers=both))["本版规则放宽的限制"] == (
        "允许不设占好友订单实付的上限，理由：开业活动，预算另有上限。允许观察期短于售后期，理由：礼品卡售出不退，无需观察。"
    )


def test_a_scope_is_told_by_its_names() -> None:
    categories = terms(scope={"categories": [1, 2]})
    assert words(categories, "面部护肤", "彩妆香氛")["哪些商品参与"].startswith("参与的分类：面部护肤、彩妆香氛。")
    products = terms(scope={"products": list(range(1, 9))})
    names = [f"商品{n}" for n in range(1, 9)]
    assert "商品6等 8 项。" in words(products, *names)["哪些商品参与"]
    assert "商品7" not in words(products, *names)["哪些商品参与"]
