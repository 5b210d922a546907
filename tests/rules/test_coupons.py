"""Coupons as members see them. A coupon that is shown as usable is usable."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.core.errors import CouponUnusable
from server.rules.coupons import LABELS, CouponState, CouponTerms, Goods, OnSale, in_words, refuse, shown, worth

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("state", "ends_in", "expected"),
    [
        ("unused", TICK, "unused"),
        ("unused", timedelta(0), "expired"),
        ("unused", -TICK, "expired"),
        ("locked", -TICK, "locked"),
        ("used", -TICK, "used"),
        ("void", TICK, "void"),
    ],
)
def test_what_is_shown(state: CouponState, ends_in: timedelta, expected: str) -> None:
    found = shown(state, NOW + ends_in, NOW)
    assert found == expected
    assert LABELS[found]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ((1000, 0, None), "减 10 元"),
        ((1050, 0, None), "减 10.5 元"),
        ((0, 1500, None), "8.5 折"),
        ((0, 2000, 2000), "8 折，最多减 20 元"),
        ((0, 9999, None), "0.001 折"),
        ((0, 500, 1), "9.5 折，最多减 0.01 元"),
    ],
)
def test_what_it_is_worth_in_words(terms: tuple[int, int, int | None], expected: str) -> None:
    assert worth(*terms) == expected


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ((1000, 0, None, 5000, 30, None), "券：满 50 元减 10 元，限美妆，发放后 30 天内有效"),
        ((0, 1500, 2000, 0, None, NOW), "券：无门槛享 8.5 折，最多减 20 元，限美妆，2026-11-22 08:00 前有效"),
    ],
)
def test_what_is_told_of_one_on_sale(terms: tuple[Any, ...], expected: str) -> None:
    assert in_words(OnSale("券", *terms), "限美妆") == expected


def coupon(state: str = "unused", starts_in: timedelta = timedelta(0), ends_in: timedelta = TICK) -> CouponTerms:
    return CouponTerms(1, "满100减20", 2000, 10_000, state, NOW + starts_in, NOW + ends_in)


def judge(held: CouponTerms, goods_fen: int) -> None:
    refuse(held, [Goods(1, 1, goods_fen)], NOW)


@pytest.mark.parametrize(
    ("held", "goods_fen", "detail"),
    [
        (coupon("used"), 10_000, {"reason": "state"}),
        (coupon("locked"), 10_000, {"reason": "state"}),
        (coupon("void"), 10_000, {"reason": "state"}),
        (coupon(starts_in=TICK), 10_000, {"reason": "not_started"}),
        (coupon(ends_in=timedelta(0)), 10_000, {"reason": "expired"}),
        (coupon(), 9_999, {"reason": "threshold", "threshold_fen": 10_000}),
    ],
)
def test_refusals(held: CouponTerms, goods_fen: int, detail: dict[str, object]) -> None:
    with pytest.raises(CouponUnusable) as refused:
        judge(held, goods_fen)
    assert refused.value.detail == detail


def test_it_is_usable_at_its_threshold_from_its_first_to_its_last_moment() -> None:
    judge(coupon(), 10_000)
