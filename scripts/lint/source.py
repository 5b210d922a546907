"""The input and the output of a rule."""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Source:
    """One file: its path from the project's root with forward slashes, and its text."""

    path: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text."""
        return self.text.splitlines()

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of a Python file, outer nodes first. Raises SyntaxError."""
        return list(ast.walk(ast.parse(self.text, self.path)))

    def within(self, *rooms: str) -> bool:
        """Whether the file is one of `rooms`: a file's path, or a folder's path that ends in a slash."""
        return any(self.path == room or (room.endswith("/") and self.path.startswith(room)) for room in rooms)


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """One breach: where it is, which rule it breaks, and what to do instead."""

    path: str
    line: int
    rule: str
    advice: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: [{self.rule}] {self.advice}"


Breaches = Iterator[tuple[int, str]]
"""Line numbers with advice."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name (which exemptions use), the suffixes of its files (none: every file), and its check."""

    name: str
    suffixes: tuple[str, ...]
    check: Callable[[Source], Breaches]


Sources = Mapping[str, Source]
"""Files by their paths."""

Found = Iterator[tuple[str, int, str]]
"""Paths and line numbers with advice."""


@dataclass(frozen=True, slots=True)
class WholeRule:
    """A rule that checks several files together."""

    name: str
    check: Callable[[Sources], Found]


def called(node: ast.Call) -> str:
    """Return the dotted name of what is called: `datetime.now`, or `.save` if something else stands before the dot."""
    return dotted(node.func)


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for plain names and attributes. What is not plain leaves the first part empty."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""
