"""The stacking matrix: the built-in one, and matrices that make no sense."""

import msgspec
import pytest

from server.core.errors import StackingInvalid
from server.rules.rebates import RuleTerms
from server.rules.stacking import KIND_NAMES, KINDS, LABELS, Combination, Matrix, changes, validate


def test_a_shop_starts_with_a_matrix_that_can_be_meant() -> None:
    matrix = Matrix()
    validate(matrix)
    assert matrix.normal == Combination()
    assert [kind for kind in KINDS if matrix.of(kind).qualifies] == ["normal", "group_buy", "flash_sale"]
    assert set(RuleTerms().qualify_kinds) < set(KINDS)


def test_every_kind_and_column_has_its_words() -> None:
    assert list(KIND_NAMES) == list(KINDS) == list(Matrix.__struct_fields__)
    assert list(LABELS) == list(Combination.__struct_fields__)


@pytest.mark.parametrize(
    ("kind", "what", "value"),
    [("normal", "promotion", True), ("flash_sale", "promotion", False), ("points", "points", True)],
)
def test_what_cannot_be_meant_is_refused(kind: str, what: str, value: bool) -> None:
    matrix = Matrix()
    wrong = msgspec.structs.replace(matrix, **{kind: msgspec.structs.replace(matrix.of(kind), **{what: value})})
    with pytest.raises(StackingInvalid) as refused:
        validate(wrong)
    assert (refused.value.detail["kind"], refused.value.detail["what"]) == (kind, what)


def test_what_differs() -> None:
    other = msgspec.structs.replace(Matrix(), flash_sale=Combination(promotion=True, coupon=False))
    assert changes(Matrix(), other) == [("flash_sale", "level_discount", True), ("flash_sale", "points", True)]
    assert changes(other, other) == []
