"""What does not fit is mended, so that its next mistake can be found; and what an author knows is not said again."""

from typing import Any

import pytest

from server.services.files.entries import Entries
from server.services.files.mending import LOST, mended


@pytest.mark.parametrize(
    ("value", "where", "problem", "found"),
    [
        ({"a": {"b": 1, "c": 2}}, ".a", "Object contains unknown field `b`", {"a": {"c": 2}}),
        ({"a": {"c": 2}}, ".a", "Object missing required field `b`", {"a": {"b": None, "c": 2}}),
        ({"a": ["x"]}, ".a[0]", "Expected `str` of length >= 3", {"a": ["xxx"]}),
        ({"a": "long"}, ".a", "Expected `str` of length <= 2", {"a": "lo"}),
        ({"a": 0}, ".a", "Expected `int` >= 1", {"a": 1}),
        ({"a": None}, ".a", "Expected `int`, got `null`", {"a": 0}),
        ({"a": 1}, ".a", "Expected `str`, got `int`", {"a": ""}),
        ({"a": 1}, ".a", "Expected `object`, got `int`", LOST),
        ({"a b": 1}, "[...]", "Expected `str`, got `int`", LOST),
    ],
)
def test_one_place_is_mended(value: Any, where: str, problem: str, found: Any) -> None:
    assert mended(value, where, problem) == found


def test_a_place_that_its_author_knows_to_be_wrong_is_not_named_again() -> None:
    entries = Entries({"goods": []}, wrong=["$.goods[0].price"])
    entries.note("$.goods[0].price", "太高")
    entries.note("$.goods[0].name", "太长")
    assert entries._problems == [{"path": "$.goods[0].name", "problem": "太长"}]
