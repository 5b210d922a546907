import pytest

from server.rules.express import COMPANIES, company_code, tracking_fits


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("SF", "SF"),
        (" sf ", "SF"),
        ("顺丰", "SF"),
        ("顺丰速运", "SF"),
        ("顺丰快递", "SF"),
        ("邮政", "YZPY"),
        ("HTKY", "HTKY"),
        ("火箭快递", None),
        ("顺", None),
        ("", None),
        ("S F", None),
    ],
)
def test_companies_are_known_by_code_or_name(typed: str, code: str | None) -> None:
    assert company_code(typed) == code


def test_every_common_company_is_found_by_its_own_name() -> None:
    assert {company_code(name) for name in COMPANIES.values()} == set(COMPANIES)


@pytest.mark.parametrize(
    ("text", "fits"), [("SF1234567890", True), ("12-34_5", True), ("1234", False), ("单号 12345", False)]
)
def test_tracking_numbers(text: str, fits: bool) -> None:
    assert tracking_fits(text) is fits
