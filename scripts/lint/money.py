"""Money is integer fen, rates are integer basis points."""

import ast

from scripts.lint.source import Breaches, Source, called, dotted

_PURE = ("server/core/money.py", "server/rules/", "server/ledger/")
_EXACT = ("int", "Fen")
_INEXACT = {"float", "Decimal", "Any", "bool", "complex", "Fraction"}
_ADVICE = "money is integer fen, rates are bp: use share() and split() of server/core/money.py"


def _is_money(node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Attribute) and dotted(node).endswith(("_fen", "_bp"))


def _inexact(node: ast.AST) -> str | None:
    """Return what is inexact about this node itself, or None."""
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return f"the float {node.value}"
    if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
        return "the division `/`"
    if isinstance(node, ast.Name) and node.id == "float":
        return "`float`"
    if isinstance(node, ast.Call) and called(node) == "round":
        return "`round()`"
    return None


def no_floats(source: Source) -> Breaches:
    """No float, `/` or `round()` in money code; elsewhere none in an expression that contains `_fen` or `_bp`."""
    if not source.within("server/"):
        return
    if source.within(*_PURE):
        for node in source.nodes:
            if what := _inexact(node):
                yield getattr(node, "lineno", 1), f"{what} in a money room: {_ADVICE}"
        return
    for node in source.nodes:
        if isinstance(node, ast.BinOp | ast.AugAssign | ast.Call | ast.Compare):
            beside = list(ast.iter_child_nodes(node))
            touched = any(_is_money(child) for child in beside)
            blunt = next(filter(None, map(_inexact, [node, *beside])), None) if touched else None
            if blunt:
                yield node.lineno, f"{blunt} beside an amount: {_ADVICE}"


def typed_amounts(source: Source) -> Breaches:
    """A name that ends in `_fen` or `_bp` is annotated int (or Fen), alone or inside a container."""
    for node in source.nodes:
        if isinstance(node, ast.arg):
            name, annotation = node.arg, node.annotation
        elif isinstance(node, ast.AnnAssign):
            name, annotation = dotted(node.target), node.annotation
        else:
            continue
        if annotation is None or not name.endswith(("_fen", "_bp")):
            continue
        words = {n.id for n in ast.walk(annotation) if isinstance(n, ast.Name)}
        if not words.intersection(_EXACT) or words & _INEXACT:
            yield node.lineno, f"`{name}` is annotated {ast.unparse(annotation)}: amounts and rates are int"
