"""Jobs that rows of the outbox may name: the arguments each reads, the arguments written for it, and its notices.

The version of the code that runs a row may be newer than the one that wrote it. So names and arguments that were ever
written must still be understood.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from scripts.files import ROOT
from scripts.frozen.compare import Objects
from scripts.lint.source import called
from server.jobs.registry import JOBS, Body
from server.rules import notices

_COMPUTED = "(computed)"
_INSERT = re.compile(r"\bINTO outbox\b[^;]*?'(?P<job>\w+)',\s*jsonb_build_object\((?P<args>[^()]*)\)")
_QUOTED = re.compile(r"'(\w+)'")


def objects(root: Path = ROOT) -> Objects:
    """Return `job NAME` → the arguments it reads and each set that is written; `notice NAME` → the values it shows."""
    written = _written(root)
    found = {}
    for name in JOBS.keys() | written.keys():
        reads = _listed(_reads(JOBS[name])) if name in JOBS else "not in the registry"
        sets = " or ".join(sorted(written.get(name, {"nowhere"})))
        found[f"job {name}"] = f"reads {reads}; written with {sets}"
    return found | {f"notice {name}": _listed(values) for name, values in notices.VALUES.items()}


def _listed(names: Iterator[str] | set[str] | dict[str, str]) -> str:
    return "{" + ", ".join(sorted(names)) + "}"


def _reads(body: Body) -> set[str]:
    """Return the arguments that a job's function reads from its second parameter."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(body)))
    args = list(inspect.signature(body).parameters)[1]
    found = set()
    for node in ast.walk(tree):
        key: ast.expr | None = None
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == args:
            key = node.slice
        elif isinstance(node, ast.Call) and called(node) == f"{args}.get":
            key = node.args[0]
        if key is not None:
            found.add(_text(key))
    return found


def _text(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else _COMPUTED


def _written(root: Path) -> dict[str, set[str]]:
    """Return for each job's name the sets of arguments that any `Job(…)` or SQL text of `server/` gives it."""
    found: dict[str, set[str]] = {}
    for path in sorted((root / "server" / "models" / "functions").glob("*.sql")):
        for name, names in _inserted(path.read_text(encoding="utf-8")):
            found.setdefault(name, set()).add(names)
    for path in sorted((root / "server").rglob("*.py")):
        if path.parent.name == "migrations":  # they contain copies of the functions
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name, names in _writes(node):
                found.setdefault(name, set()).add(names)
    return found


def _writes(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Call) and called(node).rpartition(".")[2] == "Job" and node.args:
        given = node.args[1] if len(node.args) > 1 else None
        keys = given.keys if isinstance(given, ast.Dict) else [None]
        yield _text(node.args[0]), _listed({_text(key) if key else _COMPUTED for key in keys})
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from _inserted(node.value)


def _inserted(sql: str) -> Iterator[tuple[str, str]]:
    for match in _INSERT.finditer(sql):
        yield match["job"], _listed(set(_QUOTED.findall(match["args"])))
