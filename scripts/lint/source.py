"""What a rule is given and what it says."""

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
        """The text's lines."""
        return self.text.splitlines()

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of a Python file, outer before inner. Raises SyntaxError."""
        return list(ast.walk(ast.parse(self.text, self.path)))

    def within(self, *rooms: str) -> bool:
        """Whether the file is one of `rooms`: a file's path, or a folder's with its closing slash."""
        return any(self.path == room or (room.endswith("/") and self.path.startswith(room)) for room in rooms)


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """One breach: where, which rule, and what to do instead."""

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
    """A house rule: its name (the one an exemption gives), the suffixes it reads (none: every file), and its check."""

    name: str
    suffixes: tuple[str, ...]
    check: Callable[[Source], Breaches]


Sources = Mapping[str, Source]
"""Files by their paths."""

Found = Iterator[tuple[str, int, str]]
"""Paths and line numbers with advice."""


@dataclass(frozen=True, slots=True)
class WholeRule:
    """A rule that looks at several files together."""

    name: str
    check: Callable[[Sources], Found]


def called(node: ast.Call) -> str:
    """The dotted name of what is called, as far as it is plain: `datetime.now`, `.save` behind anything else."""
    return dotted(node.func)


def dotted(node: ast.expr) -> str:
    """`a.b.c` for plain names and attributes; what is not plain leaves an empty first part."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""
