"""The price pipeline: every sum to the fen, for all baskets."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.errors import BalanceInsufficient, CouponUnusable, NotCombinable, PointsUnavailable
from server.rules.coupons import CouponTerms
from server.rules.pricing import Basket, Discount, Item, LevelTerms, LinePrice, Means, Reason, quote
from server.rules.shop import ShopPolicy
from server.rules.stacking import KINDS, NORMAL, Combination, Matrix

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SHOP = ShopPolicy()
AMOUNTS = st.one_of(st.integers(0, 30), st.integers(0, 10**7))


def coupon(amount_fen: int, threshold_fen: int = 0) -> CouponTerms:
    return CouponTerms(7, "新人券", amount_fen, threshold_fen, "unused", NOW, NOW + timedelta(days=1))


def basket(*prices_fen: int, virtual: bool = False, means: Means = Means(None, 0, 0, 0)) -> Basket:  # noqa: B008
    items = tuple(Item(sku_id, 1, price_fen, virtual) for sku_id, price_fen in enumerate(prices_fen, start=1))
    return Basket(items, means, SHOP, NOW)


COMBINATIONS = st.builds(
    Combination, level_discount=st.booleans(), coupon=st.booleans(), points=st.booleans(), balance=st.booleans()
)


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    kind, combination = draw(st.sampled_from(KINDS)), draw(COMBINATIONS)
    promoted, exchanged = kind != "normal", kind == "points"
    items = tuple(
        Item(
            sku_id,
            draw(st.integers(1, 9)),
            draw(AMOUNTS),
            draw(st.booleans()),
            product_id=draw(st.integers(1, 3)),
            category_id=draw(st.integers(1, 3)),
            promotion_fen=draw(st.none() | AMOUNTS) if promoted else None,
            points_each=draw(st.integers(1, 500)) if exchanged else 0,
        )
        for sku_id in range(1, draw(st.integers(1, 5)) + 1)
    )
    held = st.builds(
        lambda worth, off_bp, most, products: replace(coupon(worth), off_bp=off_bp, most_fen=most, products=products),
        AMOUNTS,
        st.just(0) | st.integers(1, 10_000),
        st.none() | AMOUNTS,
        st.none() | st.just(tuple(item.product_id for item in items[:1])),
    )
    spend_only_fen, withdrawable_fen = draw(AMOUNTS), draw(AMOUNTS)
    asked_fen = draw(st.integers(0, spend_only_fen + withdrawable_fen))
    points = draw(st.integers(0, 3_000))
    means = Means(
        coupon=draw(st.none() | held) if combination.coupon else None,
        use_balance_fen=asked_fen if combination.balance else 0,
        spend_only_fen=spend_only_fen,
        withdrawable_fen=withdrawable_fen,
        points=points if combination.points else 0,
        points_held=points + sum(item.points_each * item.quantity for item in items),
        level=draw(st.none() | st.builds(LevelTerms, st.just("金卡"), st.integers(0, 10_000), st.booleans())),
    )
    shop = ShopPolicy(
        freight_fen=draw(AMOUNTS),
        free_from_fen=draw(AMOUNTS),
        points_per_fen=draw(st.integers(1, 100)),
        points_most_bp=draw(st.integers(0, 10_000)),
    )
    return Basket(items, means, shop, NOW, kind, "活动", combination)


@given(baskets())
def test_items_less_discounts_plus_freight_less_balance_is_cash_due(wanted: Basket) -> None:
    priced = quote(wanted)
    off_fen = sum(discount.amount_fen for discount in priced.discounts)
    assert priced.items_fen == sum(item.quantity * item.unit_price_fen for item in wanted.items)
    assert priced.goods_fen == priced.items_fen - off_fen >= 0
    assert priced.cash_due_fen == priced.items_fen - off_fen + priced.freight_fen - priced.balance_fen >= 0
    assert quote(wanted) == priced


@given(baskets())
def test_every_lines_parts_sum(wanted: Basket) -> None:
    priced = quote(wanted)
    for line, item in zip(priced.lines, wanted.items, strict=True):
        assert line.amount_fen == item.quantity * item.unit_price_fen
        assert line.amount_fen - line.discount_fen - line.coupon_fen - line.points_fen == line.payable_fen
        assert line.payable_fen == line.balance_fen + line.cash_fen
        assert min(line.discount_fen, line.coupon_fen, line.points_fen, line.points, line.cash_fen) >= 0
        assert line.points or not line.points_fen
        assert 0 <= line.withdrawable_fen <= line.balance_fen
    assert sum(line.coupon_fen for line in priced.lines) == sum(
        discount.amount_fen for discount in priced.discounts if discount.kind == "coupon"
    )


@given(baskets())
def test_freight_is_paid_in_cash_first(wanted: Basket) -> None:
    priced = quote(wanted)
    assert priced.freight_cash_fen == min(priced.freight_fen, priced.cash_due_fen)
    assert sum(line.cash_fen for line in priced.lines) == priced.cash_due_fen - priced.freight_cash_fen
    assert sum(line.balance_fen for line in priced.lines) + priced.freight_fen - priced.freight_cash_fen == (
        priced.balance_fen
    )


@given(baskets())
def test_balance_is_never_above_the_wallet_and_spend_only_goes_first(wanted: Basket) -> None:
    priced, means = quote(wanted), wanted.means
    assert priced.balance_fen == min(means.use_balance_fen, priced.goods_fen + priced.freight_fen)
    spend_only_fen = priced.balance_fen - priced.withdrawable_fen
    assert spend_only_fen == min(priced.balance_fen, means.spend_only_fen)
    assert 0 <= priced.withdrawable_fen <= means.withdrawable_fen
    on_goods_fen = sum(line.withdrawable_fen for line in priced.lines)
    assert 0 <= priced.withdrawable_fen - on_goods_fen <= priced.freight_fen - priced.freight_cash_fen


@given(baskets(), st.integers(1, 10**6))
def test_more_balance_than_there_is_is_refused_when_it_is_needed(wanted: Basket, more_fen: int) -> None:
    whole_fen = wanted.means.spend_only_fen + wanted.means.withdrawable_fen
    greedy = replace(
        wanted,
        means=replace(wanted.means, use_balance_fen=whole_fen + more_fen),
        stack=msgspec.structs.replace(wanted.stack, balance=True),
    )
    needed_fen = quote(wanted).goods_fen + quote(wanted).freight_fen
    if needed_fen <= whole_fen:
        assert quote(greedy).balance_fen == needed_fen
        return
    with pytest.raises(BalanceInsufficient) as refused:
        quote(greedy)
    assert refused.value.detail == {"available_fen": whole_fen}


def test_a_fen_more_than_the_wallet_holds_is_refused() -> None:
    assert quote(basket(1_000, means=Means(None, 1_500, 500, 1_000))).cash_due_fen == 300
    with pytest.raises(BalanceInsufficient):
        quote(basket(1_000, means=Means(None, 1_501, 500, 1_000)))


@given(baskets())
def test_freight_is_due_for_physical_goods_below_the_limit_after_discounts(wanted: Basket) -> None:
    priced = quote(wanted)
    free = wanted.means.level is not None and wanted.means.level.free_freight
    due = any(not item.virtual for item in wanted.items) and priced.goods_fen < wanted.policy.free_from_fen and not free
    assert priced.freight_fen == (wanted.policy.freight_fen if due else 0)


@pytest.mark.parametrize(
    ("price_fen", "off_fen", "virtual", "freight_fen"),
    [
        (9_898, None, False, 800),
        (9_899, None, False, 800),
        (9_900, None, False, 0),
        (9_900, 1, False, 800),
        (100, None, True, 0),
        (10_900, 1_000, False, 0),
    ],
)
def test_freight(price_fen: int, off_fen: int | None, virtual: bool, freight_fen: int) -> None:
    means = Means(coupon(off_fen) if off_fen else None, 0, 0, 0)
    assert quote(basket(price_fen, virtual=virtual, means=means)).freight_fen == freight_fen


def test_a_coupon_is_spread_over_the_lines_and_shown() -> None:
    priced = quote(basket(1_000, 2_000, 3_001, means=Means(coupon(1_000, 6_001), 0, 0, 0)))
    assert priced.discounts == (Discount("coupon", "新人券", 1_000),)
    assert [line.coupon_fen for line in priced.lines] == [167, 333, 500]
    assert [line.cash_fen for line in priced.lines] == [833, 1_667, 2_501]
    assert (priced.freight_fen, priced.cash_due_fen) == (800, 5_801)


def test_a_coupon_takes_no_more_than_the_goods_cost_and_no_freight() -> None:
    priced = quote(basket(500, means=Means(coupon(600), 0, 0, 0)))
    assert priced.discounts == (Discount("coupon", "新人券", 500),)
    assert (priced.goods_fen, priced.freight_fen, priced.cash_due_fen) == (0, 800, 800)


def test_a_coupon_below_its_threshold_is_refused() -> None:
    with pytest.raises(CouponUnusable) as refused:
        quote(basket(999, means=Means(coupon(100, 1_000), 0, 0, 0)))
    assert refused.value.detail == {"reason": "threshold", "threshold_fen": 1_000}


@pytest.mark.parametrize(
    ("asked_fen", "line", "freight_cash_fen", "withdrawable_fen", "cash_due_fen"),
    [
        (0, LinePrice(1_000, cash_fen=1_000), 800, 0, 1_800),
        (300, LinePrice(1_000, balance_fen=300, cash_fen=700), 800, 0, 1_500),
        (900, LinePrice(1_000, balance_fen=900, withdrawable_fen=400, cash_fen=100), 800, 400, 900),
        (1_000, LinePrice(1_000, balance_fen=1_000, withdrawable_fen=500), 800, 500, 800),
        (1_600, LinePrice(1_000, balance_fen=1_000, withdrawable_fen=1_000), 200, 1_100, 200),
        (1_800, LinePrice(1_000, balance_fen=1_000, withdrawable_fen=1_000), 0, 1_300, 0),
        (9_999, LinePrice(1_000, balance_fen=1_000, withdrawable_fen=1_000), 0, 1_300, 0),
    ],
)
def test_balance_pays_goods_then_freight(
    asked_fen: int, line: LinePrice, freight_cash_fen: int, withdrawable_fen: int, cash_due_fen: int
) -> None:
    priced = quote(basket(1_000, means=Means(None, asked_fen, 500, 2_000)))
    assert priced.lines == (line,)
    assert (priced.freight_cash_fen, priced.withdrawable_fen, priced.cash_due_fen) == (
        freight_cash_fen,
        withdrawable_fen,
        cash_due_fen,
    )


def test_the_shop_starts_with_the_figures_of_the_law() -> None:
    assert (SHOP.order_minutes, SHOP.refund_days) == (15, 7)
    assert (SHOP.attribution, SHOP.attribution_days) == ("first_touch", 30)


@given(baskets())
def test_why_adds_up_to_what_is_due(wanted: Basket) -> None:
    priced = quote(wanted)
    assert priced.items_fen + sum(reason.amount_fen for reason in priced.why) == priced.cash_due_fen
    assert all(reason.label for reason in priced.why)


@given(baskets())
def test_points_are_never_above_what_is_held_and_pay_their_share_at_most(wanted: Basket) -> None:
    priced, per_fen = quote(wanted), wanted.policy.points_per_fen
    exchange = sum(item.points_each * item.quantity for item in wanted.items if item.promotion_fen is not None)
    spent = priced.points - exchange
    assert 0 <= spent <= wanted.means.points
    assert spent % per_fen == 0
    before = quote(replace(wanted, means=replace(wanted.means, points=0, use_balance_fen=0)))
    assert spent // per_fen == min(
        wanted.means.points // per_fen, before.goods_fen * wanted.policy.points_most_bp // 10_000
    )
    if priced.points:
        with pytest.raises(PointsUnavailable) as refused:
            quote(replace(wanted, means=replace(wanted.means, points_held=priced.points - 1)))
        assert refused.value.detail == {"available": priced.points - 1}


NOTHING = Means(None, 0, 0, 0)


def promoted(kind: str, *, promotion_fen: int | None, points_each: int = 0, means: Means = NOTHING) -> Basket:
    item = Item(1, 2, 1_000, virtual=True, promotion_fen=promotion_fen, points_each=points_each)
    return Basket((item,), means, SHOP, NOW, kind, "三人团", Matrix().of(kind))


def test_a_promotion_has_its_own_price_and_no_level_discount_by_default() -> None:
    level = LevelTerms("金卡会员", 9_000)
    priced = quote(promoted("group_buy", promotion_fen=700, means=Means(None, 0, 0, 0, level=level)))
    assert priced.discounts == (Discount("promotion", "三人团", 600),)
    assert priced.cash_due_fen == 1_400
    both = replace(promoted("group_buy", promotion_fen=700, means=Means(None, 0, 0, 0, level=level)), stack=NORMAL)
    assert quote(both).discounts == (Discount("promotion", "三人团", 600), Discount("level", "金卡会员", 140))


def test_a_promotion_dearer_than_the_list_takes_nothing_off() -> None:
    assert quote(promoted("group_buy", promotion_fen=1_200)).discounts == ()


def test_an_exchange_costs_points_and_the_rest_in_cash() -> None:
    priced = quote(
        promoted("points", promotion_fen=300, points_each=500, means=Means(None, 0, 0, 0, points_held=1_000))
    )
    assert (priced.points, priced.cash_due_fen) == (1_000, 600)
    assert priced.discounts == (Discount("points", "1000 积分兑换", 1_400),)
    assert priced.lines[0].points_fen == 1_400


def test_an_exchange_needs_all_its_points() -> None:
    means = Means(None, 0, 0, 0, points_held=999)
    with pytest.raises(PointsUnavailable):
        quote(promoted("points", promotion_fen=300, points_each=500, means=means))


def test_points_pay_the_shops_share_of_what_the_coupon_left() -> None:
    means = Means(coupon(400), 0, 0, 0, points=1_000, points_held=1_000)
    priced = quote(basket(1_000, virtual=True, means=means))
    assert (priced.lines[0].coupon_fen, priced.lines[0].points_fen, priced.cash_due_fen) == (400, 300, 300)


@pytest.mark.parametrize("what", ["coupon", "points", "balance"])
def test_what_does_not_go_together_is_refused(what: str) -> None:
    held = coupon(100) if what == "coupon" else None
    means = Means(held, 10 * (what == "balance"), 10, 0, points=10 * (what == "points"), points_held=10)
    alone = msgspec.structs.replace(NORMAL, **{what: False})
    with pytest.raises(NotCombinable) as refused:
        quote(replace(basket(1_000, means=means), stack=alone))
    assert refused.value.detail["what"] == what


@pytest.mark.parametrize(
    ("discount_bp", "said"), [(9_500, "会员价 9.5 折"), (8_000, "会员价 8 折"), (8_850, "会员价 8.85 折")]
)
def test_a_levels_price(discount_bp: int, said: str) -> None:
    priced = quote(basket(1_001, virtual=True, means=Means(None, 0, 0, 0, level=LevelTerms("金卡会员", discount_bp))))
    assert priced.cash_due_fen == 1_001 * discount_bp // 10_000
    assert priced.why == (Reason("金卡会员", said, priced.cash_due_fen - 1_001),)


def test_a_percent_coupon_has_a_ceiling() -> None:
    fifth = replace(coupon(0), off_bp=2_000)
    assert quote(basket(1_000, means=Means(fifth, 0, 0, 0))).discounts == (Discount("coupon", "新人券", 200),)
    low = replace(fifth, most_fen=150)
    assert quote(basket(1_000, means=Means(low, 0, 0, 0))).discounts == (Discount("coupon", "新人券", 150),)


def test_a_coupon_for_some_goods_looks_at_those_alone() -> None:
    items = tuple(Item(n, 1, 1_000, virtual=True, product_id=n, category_id=n * 10) for n in (1, 2))
    mine = Basket(items, Means(replace(coupon(400, 1_000), categories=(20,)), 0, 0, 0), SHOP, NOW)
    assert [line.coupon_fen for line in quote(mine).lines] == [0, 400]
    dear = replace(mine, means=replace(mine.means, coupon=replace(coupon(400, 1_001), products=(1,))))
    with pytest.raises(CouponUnusable) as refused:
        quote(dear)
    assert refused.value.detail["reason"] == "threshold"
    other = replace(mine, means=replace(mine.means, coupon=replace(coupon(400), products=(3,))))
    with pytest.raises(CouponUnusable) as refused:
        quote(other)
    assert refused.value.detail == {"reason": "scope"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": "locked"}, "state"),
        ({"starts_at": NOW + timedelta(seconds=1)}, "not_started"),
        ({"expires_at": NOW}, "expired"),
    ],
)
def test_a_coupon_out_of_its_time_is_refused(changes: dict, reason: str) -> None:
    with pytest.raises(CouponUnusable) as refused:
        quote(basket(1_000, means=Means(replace(coupon(100), **changes), 0, 0, 0)))
    assert refused.value.detail == {"reason": reason}
