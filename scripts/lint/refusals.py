"""Every refusal has a code of its own and a sentence in Chinese."""

import ast
import re

from scripts.lint.source import Breaches, Source, dotted

_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _texts(node: ast.ClassDef) -> dict[str, object]:
    """Constants the class body gives, one by one or as a tuple: `code, status, message = "x", 409, "…"`."""
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


def told_apart(source: Source) -> Breaches:
    """Codes of refusals are unique; each refusal has a code and a Chinese message (its own, not its parent's)."""
    if source.path != "server/core/errors.py":
        return
    refusals, codes = {"Refusal"}, dict[object, str]()
    for node in source.nodes:
        if not isinstance(node, ast.ClassDef) or not refusals.intersection(map(dotted, node.bases)):
            continue
        refusals.add(node.name)
        texts = _texts(node)
        code, message = texts.get("code"), texts.get("message")
        if not isinstance(code, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", code):
            yield node.lineno, f'{node.name} needs a code of its own: code = "snake_case"'
        elif code in codes:
            yield node.lineno, f"{node.name} has the code of {codes[code]} ({code}): clients could not tell them apart"
        if not isinstance(message, str) or not _CHINESE.search(message):
            yield node.lineno, f'{node.name} needs a sentence that a person in China can read: message = "…"'
        codes.setdefault(code, node.name)
