"""What an order counts for, in words: true for every rule, matrix and buyer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.rules import promises
from server.rules.promises import Ordered, Standing
from server.rules.rebate_words import plain
from server.rules.rebates import LineNet, RuleTerms, Scope, complete
from server.rules.stacking import Combination, Matrix

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ORDER = Ordered("normal", (LineNet(1, 1, 5_000),), for_qualification=True, for_return=True)
BUYER = Standing(referred=True, qualified=False, cycles=0)
NARROW = Scope(products=(7,))


def rule(**fields: Any) -> RuleTerms:
    return complete(RuleTerms(**fields))


def order(**changes: Any) -> Ordered:
    return replace(ORDER, **changes)


@pytest.mark.parametrize(
    ("fields", "changes", "reason", "label"),
    [
        ({}, {}, None, "付款后，本单计入推荐人的有效推荐"),
        ({}, {"kind": "group_buy"}, None, "成团后，本单计入推荐人的有效推荐"),
        ({"qualify_at": "received"}, {}, None, "确认收货后，本单计入推荐人的有效推荐"),
        ({"qualify_at": "received"}, {"kind": "group_buy"}, None, "成团并确认收货后，本单计入推荐人的有效推荐"),
        ({}, {"kind": "flash_sale"}, "kind", "本单不计入推荐人的有效推荐：秒杀订单不参与"),
        ({}, {"for_qualification": False}, "kind", "本单不计入推荐人的有效推荐：普通订单不参与"),
        ({"scope": NARROW}, {}, "scope", "本单不计入推荐人的有效推荐：没有参与活动的商品"),
        ({}, {"lines": (LineNet(1, 1, 0),)}, "amount", "本单不计入推荐人的有效推荐：参与商品没有现金实付"),
        ({"min_paid_fen": 5_050}, {}, "amount", "本单不计入推荐人的有效推荐：参与商品的现金实付不满 50.50 元"),
        ({"min_paid_fen": 6_000}, {}, "amount", "本单不计入推荐人的有效推荐：参与商品的现金实付不满 60 元"),
        ({}, {"kind": "flash_sale", "paid_at": NOW}, "kind", "本单不计入推荐人的有效推荐：秒杀订单不参与"),
        (
            {"qualify_at": "received"},
            {"state": "pending", "paid_at": NOW},
            None,
            "确认收货后，本单计入推荐人的有效推荐",
        ),
        ({}, {"state": "counted", "paid_at": NOW}, None, "本单已计入推荐人的有效推荐"),
        ({}, {"state": "consumed", "paid_at": NOW}, None, "本单已计入推荐人的有效推荐"),
        ({}, {"state": "held", "paid_at": NOW}, None, "确认后，本单计入推荐人的有效推荐"),
    ],
)
def test_whether_it_counts_for_the_referrer(
    fields: dict[str, Any], changes: dict[str, Any], reason: str | None, label: str
) -> None:
    said = promises.qualifying(rule(**fields), order(**changes), BUYER)
    assert said is not None
    assert (said.what, said.counts, said.reason, said.label) == ("qualifies", reason is None, reason, label)


@pytest.mark.parametrize(
    ("changes", "buyer"),
    [
        ({}, replace(BUYER, referred=False)),
        ({"kind": "flash_sale"}, replace(BUYER, referred=False)),
        ({}, replace(BUYER, qualified=True)),
        ({"paid_at": NOW}, BUYER),
        ({"paid_at": NOW, "state": "void"}, BUYER),
    ],
)
def test_where_nothing_is_to_be_said_of_a_referrer_nothing_is(changes: dict[str, Any], buyer: Standing) -> None:
    """Nobody without a referrer, nobody who has counted, and of a paid order only what became of it."""
    assert promises.qualifying(rule(), order(**changes), buyer) is None


@pytest.mark.parametrize(
    ("fields", "changes", "cycles", "reason", "label"),
    [
        ({}, {}, 0, None, "本单可被返还：集满 3 位好友的首单后，按规则返还其中一笔订单"),
        ({"required": 5}, {"paid_at": NOW}, 0, None, "本单可被返还：集满 5 位好友的首单后，按规则返还其中一笔订单"),
        ({}, {"kind": "points"}, 0, "kind", "本单不可被返还：积分兑换不参与"),
        ({}, {"for_return": False}, 0, "kind", "本单不可被返还：普通订单不参与"),
        ({"scope": NARROW}, {}, 0, "scope", "本单不可被返还：没有参与活动的商品"),
        ({}, {"lines": (LineNet(1, 1, 0),)}, 0, "amount", "本单不可被返还：参与商品没有现金实付"),
        ({"returnable_days": 3}, {"paid_at": NOW - timedelta(days=4)}, 0, "age", "本单不可被返还：付款已超过 3 天"),
        ({"returnable_days": 3}, {"paid_at": NOW - timedelta(days=2)}, 0, None, None),
        ({"max_cycles": 2}, {}, 2, "cycles", "本单不可被返还：每人最多返还 2 次，已经用完"),
        ({"max_cycles": 2}, {}, 1, None, None),
        ({}, {"refund_open": True}, 0, "refund", "本单不可被返还：有退款正在处理，有结果后再看"),
    ],
)
def test_whether_it_may_come_back(
    fields: dict[str, Any], changes: dict[str, Any], cycles: int, reason: str | None, label: str | None
) -> None:
    said = promises.returning(rule(**fields), order(**changes), replace(BUYER, cycles=cycles), NOW)
    assert (said.what, said.counts, said.reason) == ("returnable", reason is None, reason)
    assert label is None or said.label == label


def test_the_rules_page_leaves_out_what_the_matrix_leaves_out() -> None:
    terms = rule()
    matrix = Matrix(group_buy=Combination(promotion=True, qualifies=False, returnable=False))
    combined = promises.as_combined(terms, matrix)
    assert (combined.qualify_kinds, combined.return_kinds) == (("normal",), ("normal",))
    assert promises.as_combined(terms, Matrix()) == terms
    nothing = promises.as_combined(terms, Matrix(normal=Combination(qualifies=False), group_buy=matrix.group_buy))
    said = plain(nothing, [])[0].text
    assert "目前没有订单可以计入" in said


def test_the_welcome_says_what_the_first_order_does() -> None:
    assert promises.welcome(rule()) == "你的首单付款且符合规则，就为 TA 计上一位"
    assert promises.welcome(rule(qualify_at="received")) == "你的首单确认收货且符合规则，就为 TA 计上一位"
