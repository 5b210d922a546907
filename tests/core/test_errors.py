"""Every refusal has its own code, a fitting status, and a sentence in Chinese."""

import re

import pytest

from server.core import errors
from server.core.errors import Refusal

REFUSALS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Refusal)]
KINDS = [kind for kind in REFUSALS if kind is not Refusal]


def test_codes_are_unique_and_found_again() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len(codes)
    assert [errors.by_code(code) for code in codes] == KINDS


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_form(kind: type[Refusal]) -> None:
    assert re.fullmatch("[a-z][a-z_]*[a-z]", kind.code)
    assert kind.status in {400, 401, 403, 404, 409, 413, 422, 429, 503}
    assert re.search("[\u4e00-\u9fff]", kind.message)
    assert (kind.retry_after_s is not None) == (kind.status in {429, 503})


def test_an_unknown_code() -> None:
    with pytest.raises(KeyError):
        errors.by_code("no_such_code")


def test_the_detail_is_kept_and_the_code_is_the_text() -> None:
    refusal = errors.StockInsufficient(sku_id=1, available=0)
    assert str(refusal) == "stock_insufficient"
    assert refusal.detail == {"sku_id": 1, "available": 0}


@pytest.mark.parametrize(("given", "seconds"), [((), 1), ((30,), 30)])
def test_how_long_to_wait(given: tuple[int, ...], seconds: int) -> None:
    refusal = errors.TooManyRequests(*given)
    assert refusal.retry_after_s == seconds
    assert refusal.detail == {}
