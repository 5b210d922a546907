"""Short functions and files: a longer one has more than one purpose."""

import ast

from scripts.lint.source import Breaches, Source

FUNCTION_LINES = 70
FILE_LINES = 400
_GENERATED = ("server/migrations/",)


def short_functions(source: Source) -> Breaches:
    """No function has more than 70 lines, decorators not counted."""
    if source.within(*_GENERATED):
        return
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield (
                    node.lineno,
                    f"{node.name}() has {length} lines, {FUNCTION_LINES} is the limit: find the steps in it",
                )


def short_files(source: Source) -> Breaches:
    """No source file has more than 400 lines."""
    if len(source.lines) > FILE_LINES and not source.within(*_GENERATED):
        yield 1, f"{len(source.lines)} lines, {FILE_LINES} is the limit: find the second room in it"
