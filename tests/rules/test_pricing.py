"""The price pipeline: every sum to the fen, whatever the basket."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.errors import BalanceInsufficient, CouponUnusable
from server.rules.pricing import Basket, CouponTerms, Discount, Item, LinePrice, Means, quote
from server.rules.shop import ShopPolicy

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SHOP = ShopPolicy()
AMOUNTS = st.one_of(st.integers(0, 30), st.integers(0, 10**7))


def coupon(amount_fen: int, threshold_fen: int = 0) -> CouponTerms:
    return CouponTerms(7, "新人券", amount_fen, threshold_fen, "unused", NOW, NOW + timedelta(days=1))


def basket(*prices_fen: int, virtual: bool = False, means: Means = Means(None, 0, 0, 0)) -> Basket:  # noqa: B008
    items = tuple(Item(sku_id, 1, price_fen, virtual) for sku_id, price_fen in enumerate(prices_fen, start=1))
    return Basket(items, means, SHOP, NOW)


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    items = tuple(
        Item(sku_id, draw(st.integers(1, 9)), draw(AMOUNTS), draw(st.booleans()))
        for sku_id in range(1, draw(st.integers(1, 5)) + 1)
    )
    goods_fen = sum(item.quantity * item.unit_price_fen for item in items)
    held = st.builds(coupon, AMOUNTS, st.integers(0, goods_fen))
    spend_only_fen, withdrawable_fen = draw(AMOUNTS), draw(AMOUNTS)
    asked_fen = draw(st.integers(0, spend_only_fen + withdrawable_fen))
    means = Means(draw(st.none() | held), asked_fen, spend_only_fen, withdrawable_fen)
    return Basket(items, means, ShopPolicy(freight_fen=draw(AMOUNTS), free_from_fen=draw(AMOUNTS)), NOW)


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
        assert min(line.discount_fen, line.coupon_fen, line.points_fen, line.cash_fen) >= 0
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
    greedy = replace(wanted, means=replace(wanted.means, use_balance_fen=whole_fen + more_fen))
    needed_fen = quote(wanted).goods_fen + quote(wanted).freight_fen
    if needed_fen <= whole_fen:
        assert quote(greedy).balance_fen == needed_fen
        return
    with pytest.raises(BalanceInsufficient) as refused:
        quote(greedy)
    assert refused.value.detail == {"available_fen": whole_fen}


@given(baskets())
def test_freight_is_due_for_physical_goods_below_the_limit_after_discounts(wanted: Basket) -> None:
    priced = quote(wanted)
    due = any(not item.virtual for item in wanted.items) and priced.goods_fen < wanted.policy.free_from_fen
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
