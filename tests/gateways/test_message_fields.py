"""Values of subscription messages, cut to what WeChat allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.gateways.message_fields import fitted
from server.sandbox.mini_messages import check_value


@pytest.mark.parametrize(
    ("key", "value", "sent"),
    [
        ("thing1", "茶" * 30, "茶" * 20),
        ("thing12", "两行\n茶", "两行茶"),
        ("number2", "共 12.50 斤", "12.50"),
        ("number2", "-3", "-3"),
        ("letter3", "AB-cd1", "ABcd"),
        ("symbol4", "a ★☆!?#$", "★☆!?#"),
        ("character_string5", "单号 SF-1234567890", "SF-1234567890"),
        ("character_string5", "9" * 40, "9" * 32),
        ("date6", "下单于2026年11月22日 12:00，谢谢", "2026年11月22日 12:00"),
        ("date6", "2026-11-22 ~ 2026-11-29", "2026-11-22 ~ 2026-11-29"),
        ("time7", "2026-11-22 12:00:05", "2026-11-22 12:00:05"),
        ("time7", "约 9:30 到", "9:30"),
        ("amount8", "¥19.90", "¥19.90"),
        ("amount8", "返现19.90元整", "19.90元"),
        ("phone_number9", "电话 138-0013-8000 转 12345", "138-0013-8000"),
        ("car_number10", "粤 B12345678", "粤B123456"),
        ("name11", "欧阳" * 8, "欧阳" * 5),
        ("name11", "Bartholomew Featherstonehaugh", "Bartholomew Feathers"),
        ("phrase12", "已发货，请查收", "已发货请查"),
        ("enum13", "进行中", "进行中"),
        ("amount8", "面议", "面议"),  # nothing fits, so it is sent as it is and WeChat refuses it
    ],
)
def test_cut_to_fit(key: str, value: str, sent: str) -> None:
    assert fitted(key, value) == sent


@given(st.sampled_from(["thing1", "car_number1"]), st.text("茶aB1★ -_", min_size=1).filter(str.strip))
def test_free_text_always_passes(key: str, value: str) -> None:
    check_value(key, fitted(key, value))


@pytest.mark.parametrize(
    ("key", "seed"),
    [
        ("number1", "7"),
        ("letter1", "x"),
        ("symbol1", "★"),
        ("character_string1", "x"),
        ("date1", "2026-01-02"),
        ("time1", "08:15"),
        ("amount1", "9.9"),
        ("phone_number1", "13800138000"),
        ("phrase1", "好"),
    ],
)
@given(around=st.tuples(st.text("茶aB ★，", max_size=40), st.text("茶aB ★，", max_size=40)))
def test_what_holds_something_fitting_passes(key: str, seed: str, around: tuple[str, str]) -> None:
    check_value(key, fitted(key, seed.join(around)))
