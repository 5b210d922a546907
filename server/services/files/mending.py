"""Make a value fit where msgspec refuses it, so that its next mistake can be found. Such a value is never stored."""

import copy
import re
from typing import Any, Final

LOST: Final = object()
"""Stands for a value of which nothing can be kept."""

_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_LACKS = re.compile(r"^Object missing required field `(.+)`$")
_EXTRA = re.compile(r"^Object contains unknown field `(.+)`$")
_BOUND = re.compile(r"^Expected `int` [<>]= (-?[0-9]+)$")
_SHORT = re.compile(r"^Expected `str` of length >= ([0-9]+)$")
_LONG = re.compile(r"^Expected `str` of length <= ([0-9]+)$")


def named(problem: str) -> list[str]:
    """Return the field that an object lacks or has too many; none for other problems, which are the value's own."""
    return [found[1] for found in (_LACKS.match(problem), _EXTRA.match(problem)) if found]


def mended(value: Any, where: str, problem: str) -> Any:  # noqa: ANN401 - JSON
    """Return a copy of `value` with something that fits at the place `where` inside it, or LOST."""
    steps = [int(index) if index else name for name, index in _STEP.findall(where)]
    if "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in steps) != where:
        return LOST  # a key of a dict, which msgspec does not name
    root = [copy.deepcopy(value)]
    holder, last = root, 0
    for step in steps:
        holder, last = holder[last], step
    for name in named(problem):
        holder[last][name] = None
        if _EXTRA.match(problem):
            del holder[last][name]
        return root[0]
    holder[last] = _fitting(holder[last], problem)
    return LOST if holder[last] is LOST or not steps else root[0]


def _fitting(value: Any, problem: str) -> Any:  # noqa: ANN401 - JSON
    if found := _BOUND.match(problem):
        return int(found[1])
    if found := _SHORT.match(problem):
        return "x" * int(found[1])
    if found := _LONG.match(problem):
        return value[: int(found[1])]
    if problem.startswith("Expected `int`"):
        return 0
    return "" if problem.startswith("Expected `str`, got") else LOST
