import pytest

from server.rules.members import masked_name, masked_phone


@pytest.mark.parametrize(("name", "shown"), [("小明", "小**"), ("A", "A**"), ("", "微信用户")])
def test_names(name: str, shown: str) -> None:
    assert masked_name(name) == shown


@pytest.mark.parametrize(
    ("phone", "shown"), [("13812341234", "138****1234"), ("85251234567", "852****4567"), ("5123456", "****3456")]
)
def test_phones(phone: str, shown: str) -> None:
    assert masked_phone(phone) == shown
