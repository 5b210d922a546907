"""Freight: every template's charge to the fen, where it is free, and where nothing is sent."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.errors import DeliveryRefused
from server.rules.freight import (
    PROVINCES,
    By,
    Charge,
    FreightTerms,
    Parcel,
    Plain,
    Rate,
    Template,
    Zone,
    charges,
    in_words,
    province_of,
)

PLAIN = Plain(fee_fen=800, free_from_fen=9900)
FEES = st.integers(0, 100_000)
UNITS = st.integers(1, 10**7)
FREE = st.none() | st.integers(0, 10**9)


@st.composite
def templates(draw: st.DrawFn, id_: int = 1) -> Template:
    """Draw a template: some provinces are in zones, some are excluded, none is in two lists."""
    some = draw(st.lists(st.sampled_from(PROVINCES), max_size=12, unique=True))
    cut = sorted(draw(st.lists(st.integers(0, 12), min_size=2, max_size=2)))
    terms = {"first": UNITS, "first_fen": FEES, "next": UNITS, "next_fen": FEES, "free_from_fen": FREE}
    zones = tuple(
        draw(st.builds(Zone, provinces=st.just(tuple(part)), **terms))
        for part in (some[: cut[0]], some[cut[0] : cut[1]])
        if part
    )
    excluded = tuple(some[cut[1] :])
    by: By = draw(st.sampled_from(["piece", "weight"]))
    return Template(id_, f"模板{id_}", FreightTerms(by, draw(st.builds(Rate, **terms)), zones, excluded))


def parcel(template: Template | None, pieces: int = 1, weight_g: int = 0, product_id: int = 7) -> Parcel:
    return Parcel(product_id, pieces, weight_g, template)


PARCELS = st.builds(parcel, st.none() | templates(1) | templates(2), st.integers(1, 999), st.integers(0, 10**9))


@given(templates(), st.integers(1, 999), st.integers(0, 10**9), st.integers(0, 10**9), st.sampled_from(PROVINCES))
def test_each_begun_step_costs_and_no_more(
    template: Template, pieces: int, weight_g: int, goods_fen: int, place: str
) -> None:
    terms, sent = template.terms, [parcel(template, pieces, weight_g)]
    if place in terms.excluded:
        with pytest.raises(DeliveryRefused) as refused:
            charges(sent, PLAIN, goods_fen, f"{place}省 某市")
        assert refused.value.detail == {"province": place, "product_ids": [7]}
        return
    [charge] = charges(sent, PLAIN, goods_fen, f"{place}省 某市")
    rate, units = terms.rate(place), pieces if terms.by == "piece" else weight_g
    if rate.free_from_fen is not None and goods_fen >= rate.free_from_fen:
        assert charge.amount_fen == 0
        return
    paid_for = rate.first
    steps = 0
    if units > paid_for:
        steps = (units - paid_for) // rate.next
        steps += paid_for + steps * rate.next < units
    assert charge.amount_fen == rate.first_fen + steps * rate.next_fen
    assert charge.amount_fen < 2**63


@given(st.lists(PARCELS, max_size=6), st.integers(0, 20_000))
def test_ways_are_charged_once_each_and_the_order_of_goods_does_not_matter(sent: list[Parcel], goods_fen: int) -> None:
    # One template per id, as in the database.
    first = {one.template.id: one.template for one in reversed(sent) if one.template}
    sent = [parcel(one.template and first[one.template.id], one.pieces, one.weight_g) for one in sent]
    found = charges(sent, PLAIN, goods_fen, None)
    assert len(found) == len({one.template and one.template.id for one in sent})
    assert sorted(map(repr, charges(sent[::-1], PLAIN, goods_fen, None))) == sorted(map(repr, found))
    assert all(charge.amount_fen >= 0 for charge in found)


@given(templates(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_never_travels_for_less(template: Template, one_g: int, more_g: int) -> None:
    few, many = (charges([parcel(template, 1, grams)], PLAIN, 0, None) for grams in (one_g, one_g + more_g))
    assert few[0].amount_fen <= many[0].amount_fen


RATE = Rate(first=1000, first_fen=600, next=500, next_fen=200, free_from_fen=8800)
FAR = Zone(provinces=("新疆", "西藏"), first=1000, first_fen=1800, next=1000, next_fen=1000)
NEAR, REMOTE = "首 1000 克 6.00 元，每加 500 克 2.00 元", "首 1000 克 18.00 元，每加 1000 克 10.00 元"
HEAVY = Template(3, "大件", FreightTerms("weight", RATE, (FAR,), ("台湾",)))


@pytest.mark.parametrize(
    ("grams", "goods_fen", "address", "expected"),
    [
        (0, 0, None, Charge("运费（大件）", f"其他地区 共 0 克：{NEAR}", 600)),
        (
            1000,
            0,
            "浙江省 杭州市",
            Charge("运费（大件）", f"浙江 共 1000 克：{NEAR}", 600),
        ),
        (1001, 0, "浙江省", Charge("运费（大件）", f"浙江 共 1001 克：{NEAR}", 800)),
        (
            1501,
            8799,
            "浙江省",
            Charge("运费（大件）", f"浙江 共 1501 克：{NEAR}", 1000),
        ),
        (1501, 8800, "浙江省", Charge("运费（大件）", "满 88.00 元包邮", 0)),
        (
            1501,
            8800,
            "西藏自治区",
            Charge("运费（大件）", f"西藏 共 1501 克：{REMOTE}", 2800),
        ),
        (1, 0, "Tibet", Charge("运费（大件）", f"其他地区 共 1 克：{NEAR}", 600)),
    ],
)
def test_a_template_by_weight(grams: int, goods_fen: int, address: str | None, expected: Charge) -> None:
    assert charges([parcel(HEAVY, 3, grams)], PLAIN, goods_fen, address) == (expected,)


@pytest.mark.parametrize(
    ("goods_fen", "expected"),
    [(9899, Charge("运费", "未满 99.00 元", 800)), (9900, Charge("运费", "满 99.00 元包邮", 0))],
)
def test_goods_without_a_template_travel_by_the_shops_freight(goods_fen: int, expected: Charge) -> None:
    assert charges([parcel(None), parcel(None, 5)], PLAIN, goods_fen, "浙江省") == (expected,)


def test_nothing_sent_costs_nothing() -> None:
    assert charges([], PLAIN, 0, "台湾省") == ()


def test_each_product_that_is_not_sent_there_is_named() -> None:
    sent = [
        parcel(HEAVY, product_id=9),
        parcel(HEAVY, product_id=2),
        parcel(HEAVY, product_id=9),
        parcel(None, product_id=1),
    ]
    with pytest.raises(DeliveryRefused) as refused:
        charges(sent, PLAIN, 10**6, "台湾省 台北市")
    assert refused.value.detail == {"province": "台湾", "product_ids": [2, 9]}


@pytest.mark.parametrize(
    ("address", "province"),
    [
        ("内蒙古自治区 呼和浩特市", "内蒙古"),
        ("黑龙江省", "黑龙江"),
        ("北京市 北京市", "北京"),
        ("杭州市 浙江", None),
        ("", None),
    ],
)
def test_the_province_of_an_address(address: str, province: str | None) -> None:
    assert province_of(address) == province


def test_no_province_begins_with_another() -> None:
    assert all(province_of(name) == name for name in PROVINCES)
    assert len(set(PROVINCES)) == 34


def test_a_province_is_named_at_most_once() -> None:
    assert HEAVY.terms.named_twice() == []
    near = Zone(provinces=("浙江", "台湾", "新疆"), first=1, first_fen=0, next=1, next_fen=0)
    assert FreightTerms("piece", RATE, (FAR, near), ("台湾",)).named_twice() == ["台湾", "新疆"]


def test_templates_in_words() -> None:
    assert list(in_words(HEAVY.terms)) == [
        "新疆、西藏：首 1000 克 18.00 元，每加 1000 克 10.00 元",
        "其他地区：首 1000 克 6.00 元，每加 500 克 2.00 元，满 88.00 元包邮",
        "不发货：台湾",
    ]
    plain = FreightTerms("piece", Rate(first=1, first_fen=500, next=1, next_fen=0))
    assert list(in_words(plain)) == ["全国：首 1 件 5.00 元"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"by": "volume"},
        {"excluded": ["浙江省"]},
        {"zones": [{**msgspec.to_builtins(RATE), "provinces": []}]},
        {"elsewhere": {**msgspec.to_builtins(RATE), "next": 0}},
        {"elsewhere": {**msgspec.to_builtins(RATE), "first_fen": -1}},
        {"elsewhere": {**msgspec.to_builtins(RATE), "next_fen": 100_001}},
        {"more": 1},
    ],
)
def test_a_wrong_template_is_not_read(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"by": "piece", "elsewhere": msgspec.to_builtins(RATE), **wrong}, FreightTerms)
