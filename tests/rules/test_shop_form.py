"""The shop policy as it is typed: nothing is missing, nothing is rounded, and mistakes are reported by field."""

from typing import get_args, get_type_hints

import msgspec
import pytest

from server.rules import shop_form
from server.rules.shop import Banner, ShopPolicy

_FULL = ShopPolicy(
    freight_fen=1234,
    withdrawal_fee_bp=55,
    service_phone="400-123-4567",
    limit_owner_points=None,
    limit_cli_refund_fen=5_000,
    banners=(Banner("/media/a.webp", "标题", "副标题", "/pages/index/index"),),
    transfer_reports={"岗位类型": "推广员", "报酬说明": "推荐好友所得"},
)


def test_every_field_of_the_policy_is_in_the_form_once() -> None:
    names = [field.name for fields in shop_form.GROUPS.values() for field in fields]
    assert sorted(names) == sorted(ShopPolicy.__struct_fields__)


def test_menus_offer_just_what_the_policy_takes() -> None:
    for name, hint in get_type_hints(ShopPolicy).items():
        taken = [value for value in get_args(hint) if isinstance(value, str)]
        assert taken == list(shop_form.FIELDS[name].choices or {}), name


@pytest.mark.parametrize("policy", [ShopPolicy(), _FULL])
def test_what_is_shown_reads_back_as_it_was(policy: ShopPolicy) -> None:
    assert shop_form.read(shop_form.texts(policy)) == (policy, {})


def test_yuan_and_percent_are_typed_with_their_decimals() -> None:
    shown = shop_form.texts(_FULL)
    assert (shown["freight_fen"], shown["withdrawal_fee_bp"]) == ("12.34", "0.55")
    read, _ = shop_form.read({**shown, "freight_fen": "0.1", "withdrawal_fee_bp": " 3 "})
    assert (read.freight_fen, read.withdrawal_fee_bp) == (10, 300)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("freight_fen", "", "“运费（元）”不符合要求，应在 0.00 到 10000000.00 之间"),
        ("freight_fen", "-1", "应在"),
        ("freight_fen", "1.234", "应在"),
        ("freight_fen", "1e3", "应在"),
        ("freight_fen", "٣", "应在"),
        ("withdrawal_fee_bp", "10.01", "“手续费（%）”不符合要求，应在 0.00 到 10.00 之间"),
        ("order_minutes", "1", "“未付款保留（分钟）”不符合要求，应在 2 到 10080 之间"),
        ("order_minutes", "1.5", "应在"),
        ("order_minutes", "", "应在"),
        ("order_minutes", "不限", "应在"),
        ("limit_owner_points", "", "“店主 · 积分”不符合要求，应在 0 到 1000000000 之间，或填“不限”"),
        ("limit_owner_refund_fen", "很多", "“店主 · 退款（元）”不符合要求"),
        ("attribution", "random", "“归属方式”不符合要求"),
        ("name", "", "“店铺名称”不符合要求"),
        ("name", "名" * 21, "“店铺名称”不符合要求"),
        ("service_phone", "打电话", "“客服电话”不符合要求"),
        ("transfer_scene_id", "x", "“转账场景编号”不符合要求"),
        ("banners", "/media/a.webp | 标题", "“首页横幅”不符合要求"),
        ("banners", "javascript:x | 标题 | 副 | /pages/a", "“首页横幅”不符合要求"),
        ("transfer_reports", "", "“场景报备”不符合要求"),
        ("transfer_reports", "没有冒号", "“场景报备”不符合要求"),
        ("transfer_reports", "岗位类型：", "“场景报备”不符合要求"),
    ],
)
def test_what_cannot_be_is_told_by_field(name: str, text: str, told: str) -> None:
    read, problems = shop_form.read({**shop_form.texts(ShopPolicy()), name: text})
    assert list(problems) == [name]
    assert told in problems[name]
    assert getattr(read, name) == getattr(ShopPolicy(), name)


def test_nothing_typed_at_all_is_wrong_everywhere_it_may_not_be_empty() -> None:
    _, problems = shop_form.read({})
    empty = {"return_to", "slogan", "company", "service_hours", "service_phone", "banners"}
    assert set(problems) == set(msgspec.structs.asdict(ShopPolicy())) - empty
