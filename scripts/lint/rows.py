"""Rows are typed: a `dict[str, Any]` or a database record does not cross a function's border where money is decided.

In all other rules and services those that still do are counted per file in `untyped_rows.toml`. The counts only go
down.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from scripts.lint.source import Breaches, Found, Source, Sources

MONEY = (
    "server/ledger/",
    *(
        f"server/services/{room}/"
        for room in (
            "checkout",
            "commissions",
            "coupons",
            "growth",
            "orders",
            "points",
            "rebates",
            "withdrawals",
        )
    ),
)
_SERVICES = ("server/rules/", "server/services/")
_LISTED = Path(__file__).with_name("untyped_rows.toml")
_UNTYPED = re.compile(r"\b(?:dict|Mapping)\[str, Any\]|\bRecord\b")
_RECORD = re.compile(r"\bRecord\b")


def typed_rows(source: Source) -> Breaches:
    """Find untyped rows at the borders of functions and in the fields of classes, where money is decided."""
    if not source.within(*MONEY):
        return
    for line in _untyped(source):
        yield line, "decode the row into a frozen struct where it enters: db.typed(row, Kind)"


def counted_rows(sources: Sources) -> Found:
    """Compare the untyped rows of all other files of the server with the list."""
    listed = _listed()
    for path, source in sources.items():
        if not source.within(*_SERVICES) or source.within(*MONEY) or not path.endswith(".py"):
            continue
        lines, allowed = list(_untyped(source)), listed.get(path, 0)
        if len(lines) > allowed:
            yield path, lines[-1], f"{len(lines)} untyped rows cross borders here, {allowed} are listed: use db.typed"
        elif len(lines) < allowed:
            yield path, 1, f"only {len(lines)} untyped rows are left here: say so in {_LISTED.name}"


def _untyped(source: Source) -> Iterator[int]:
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for annotation, given in _border(node):
                text = ast.unparse(annotation)
                # a private function may be the place that decodes a record
                decodes = given and node.name.startswith("_") and _RECORD.search(text)
                if _UNTYPED.search(text) and not decodes:
                    yield annotation.lineno
        elif isinstance(node, ast.ClassDef):
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and _UNTYPED.search(ast.unparse(field.annotation)):
                    yield field.lineno


def _border(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[ast.expr, bool]]:
    """The annotations of a function, and whether each is of a parameter."""
    given = node.args
    for one in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
        if one is not None and one.annotation is not None:
            yield one.annotation, True
    if node.returns is not None:
        yield node.returns, False


@cache
def _listed() -> dict[str, int]:
    return dict(tomllib.loads(_LISTED.read_text("utf-8"))) if _LISTED.exists() else {}
