import msgspec
import pytest

from server.core.errors import FileInvalid, NotFound, StateConflict
from server.rules import labels
from server.rules.approvals import (
    DECIDES,
    KINDS,
    VIEWS,
    ActivityChange,
    Asked,
    CommissionPublish,
    CouponIssue,
    CouponPublish,
    GrowthGrant,
    LevelsPublish,
    PointsGrant,
    PriceChange,
    RefundApprove,
    RulePublish,
    SettingsChange,
    StackingPublish,
    WithdrawalApprove,
    measure,
    why_failed,
)
from server.rules.commissions import CommissionTerms
from server.rules.levels import Level
from server.rules.limits import Kind
from server.rules.operators import PERMISSIONS
from server.rules.rebates import RuleTerms
from server.rules.record_words import thing
from server.rules.shop import ShopPolicy
from server.rules.stacking import Matrix

ONE = '{"products": [{"slug": "mask", "skus": [{"code": "m", "price_fen": 9, "card_keys": ["k"]}, {"code": "n"}]}]}'
BOTH = '{"group_buys": [{"slug": "three"}], "flash_sales": [{"slug": "noon"}]}'
ISSUE = CouponIssue(
    template_id=7, slug="new-20", segment="list", days=None, members=[1], levels=[], once="k", reason="r"
)
ACTS: list[tuple[Asked, str, str]] = [
    (PointsGrant(member_id=7, points=5, once="k", reason="r"), "member:7", "points_grant:k"),
    (GrowthGrant(member_id=7, amount=5, once="k", anew=False, reason="r"), "member:7", "growth_grant:k"),
    (PriceChange(document=ONE, reason="r"), "product:mask", ""),
    (PriceChange(document='{"categories": []}', reason="r"), "catalogue", ""),
    (RulePublish(terms=RuleTerms(), reason="r", base=2), "rules", ""),
    (CommissionPublish(terms=CommissionTerms(), reason="r"), "commission_versions", ""),
    (LevelsPublish(levels=[Level("普通", 0)], version="v", reason="r"), "levels", ""),
    (StackingPublish(matrix=Matrix(), base=0, reason="r"), "stacking_versions", ""),
    (CouponPublish(document='{"templates": [{"slug": "new-20"}]}', reason="r"), "coupon:new-20", ""),
    (CouponPublish(document='{"templates": [{"slug": "a"}, {"slug": "b"}]}', reason="r"), "templates", ""),
    (ISSUE, "coupon:new-20", "coupon_issue:k"),
    (ActivityChange(document='{"group_buys": [{"slug": "three"}]}', reason="r"), "group_buy:three", ""),
    (ActivityChange(document='{"flash_sales": [{"slug": "noon"}]}', reason="r"), "flash_sale:noon", ""),
    (ActivityChange(document='{"points_goods": [{"slug": "cup"}]}', reason="r"), "points_good:cup", ""),
    (ActivityChange(document=BOTH, reason="r"), "activities", ""),
    (SettingsChange(policy=ShopPolicy(), version="v", reason="r"), "shop", ""),
    (RefundApprove(refund_no="R1", reason="r"), "refund:R1", "refund_approve:R1"),
    (WithdrawalApprove(withdrawal_no="W1", reason="r"), "withdrawal:W1", "withdrawal_approve:W1"),
]


@pytest.mark.parametrize(("act", "subject", "key"), ACTS)
def test_an_act_says_what_it_is_about_and_can_be_stored(act: Asked, subject: str, key: str) -> None:
    assert act.subject == subject
    assert thing(subject) != subject, "it has a word"
    assert msgspec.json.decode(msgspec.json.encode(act), type=Asked) == act
    assert act.key == key or not key
    assert len(act.key) <= 120
    assert msgspec.structs.replace(act, reason="other").key == act.key


def test_what_says_something_else_has_another_key() -> None:
    first = RulePublish(terms=RuleTerms(), reason="")
    assert first.key != RulePublish(terms=RuleTerms(required=4), reason="").key
    assert first.key != RulePublish(terms=RuleTerms(), reason="", base=1).key


def test_card_keys_are_found() -> None:
    assert PriceChange(document=ONE, reason="").card_keys == ["$.products[0].skus[0].card_keys"]


def test_every_kind_has_words_and_permissions() -> None:
    assert set(KINDS) == set(DECIDES) == set(VIEWS) == set(Kind)
    for kind in Kind:
        assert PERMISSIONS[DECIDES[kind]] <= PERMISSIONS[VIEWS[kind]]
    assert KINDS is labels.APPROVAL_KINDS


@pytest.mark.parametrize(
    ("kind", "amount", "said"),
    [
        (Kind.REFUND, 123_456, "¥1234.56"),
        (Kind.PRICE, 3_050, "30.5%"),
        (Kind.ACTIVITY, 9_999, "99.99%"),
        (Kind.COUPON_ISSUE, 8, "8 张"),
        (Kind.SETTINGS, 2, "2 项"),
        (Kind.POINTS, 8, "8 积分"),
        (Kind.GROWTH, 8, "8 成长值"),
        (Kind.RULE, 1, "1 次"),
    ],
)
def test_measures_are_said_in_their_units(kind: Kind, amount: int, said: str) -> None:
    assert measure(kind, amount) == said


def test_why_an_act_failed_is_one_sentence() -> None:
    file = FileInvalid(problems=[{"path": "$", "problem": "甲"}, {"path": "$", "problem": "乙"}])
    assert why_failed(file) == f"{file.message}：甲；乙"
    assert why_failed(NotFound(what="member")) == NotFound.message
    assert why_failed(StateConflict(problem="变了")) == f"{StateConflict.message}：变了"
    assert len(why_failed(StateConflict(problem="长" * 400))) == 300
