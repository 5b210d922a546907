import pytest

from server.core.errors import BadRequest
from server.rules.addresses import phone, place, region


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("13800138000", "13800138000"),
        ("+86 138 0013 8000", "13800138000"),
        ("8613800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("010-12345678", "010-12345678"),
        ("（0571）8765432", "0571-8765432"),
        ("021-12345678 转 801", "021-12345678转801"),
    ],
)
def test_a_phone_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert phone(typed) == kept


@pytest.mark.parametrize("typed", ["", "1380013800", "11012345678", "+1 2025550123", "010", "abc", "13800138000;"])
def test_what_is_no_chinese_phone_is_refused(typed: str) -> None:
    with pytest.raises(BadRequest):
        phone(typed)


def test_a_place_is_the_same_however_typed() -> None:
    assert place("浙江省", "杭州市", "西湖区", "文三路 100 号 A 座") == place(
        "浙江省", "杭州市", "西湖区", "文三路100号,a座"
    )
    assert place("浙江省", "杭州市", "西湖区", "文三路100号") != place("浙江省", "杭州市", "西湖区", "文三路10号")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (("北京市", "北京市"), ("北京市", "北京市")),
        (("北京", "北京市"), ("北京市", "北京市")),
        (("上海市", "市辖区"), ("上海市", "上海市")),
        (("重庆市", "县"), ("重庆市", "重庆市")),
        (("天津", "天津"), ("天津市", "天津市")),
        (("浙江省", "杭州市"), ("浙江省", "杭州市")),
        (("吉林省", "吉林市"), ("吉林省", "吉林市")),
        (("北京市", "别的"), ("北京市", "别的")),
    ],
)
def test_a_municipality_has_one_form(given: tuple[str, str], kept: tuple[str, str]) -> None:
    assert region(*given) == kept
