"""Every refusal has its own code and a sentence in Chinese."""

import ast
import re

from scripts.lint.source import Found, Sources, dotted

_HOME = "server/core/errors"
"""All files whose paths begin with this hold refusals."""

_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _texts(node: ast.ClassDef) -> dict[str, object]:
    """Return constants that the class body sets, also as a tuple: `code, status, message = "x", 409, "…"`."""
    found: dict[str, object] = {}
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            target, value = statement.targets[0], statement.value
            pairs = (
                zip(target.elts, value.elts, strict=True)
                if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
                else [(target, value)]
            )
            found.update(
                {dotted(name): constant.value for name, constant in pairs if isinstance(constant, ast.Constant)}
            )
    return found


def told_apart(sources: Sources) -> Found:
    """Codes of refusals are unique. Each refusal has its own code and its own Chinese message, not its parent's."""
    codes = dict[object, str]()
    for path, node in _refusals(sources):
        texts = _texts(node)
        code, message = texts.get("code"), texts.get("message")
        if not isinstance(code, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", code):
            yield path, node.lineno, f'{node.name} needs a code of its own: code = "snake_case"'
        elif code in codes:
            advice = f"{node.name} has the code of {codes[code]} ({code}): clients could not tell them apart"
            yield path, node.lineno, advice
        if not isinstance(message, str) or not _CHINESE.search(message):
            yield path, node.lineno, f'{node.name} needs a sentence that a person in China can read: message = "…"'
        codes.setdefault(code, node.name)


def _refusals(sources: Sources) -> list[tuple[str, ast.ClassDef]]:
    """Return every refusal class with its file. A parent may be in another file than its children."""
    classes = [
        (path, node)
        for path in sorted(sources)
        if path.startswith(_HOME) and path.endswith(".py")
        for node in sources[path].nodes
        if isinstance(node, ast.ClassDef)
    ]
    kinds, known = {"Refusal"}, 0
    while len(kinds) > known:
        known = len(kinds)
        kinds |= {node.name for _, node in classes if kinds.intersection(map(_last, node.bases))}
    return [(path, node) for path, node in classes if node.name in kinds and node.name != "Refusal"]


def _last(base: ast.expr) -> str:
    return dotted(base).rpartition(".")[2]
