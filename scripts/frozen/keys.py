"""Keys of the ledger: the entry that each builder makes from fixed sample values, with its hash.

If a key changed, an event could be posted twice. If the hash of a key changed, posting again would be refused as an
error. Keys and sources that use cases compose are recorded as patterns: `rebate:{}:reversal:{}`.
"""

import ast
import importlib
import inspect
import pkgutil
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from scripts.files import ROOT
from scripts.frozen.compare import Objects
from server import ledger
from server.ledger import book, chart
from server.ledger.chart import Account
from server.ledger.entries import Debt, Entry

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_SAMPLED = ("server/services", "server/ledger")
_HOLE = "{}"
_PATTERN = re.compile(r"[a-z][a-z_-]*:[\w{}:-]*\{\}[\w{}:-]*|\{\}:[a-z_-]+(:[\w{}:-]+)?")


def objects(root: Path = ROOT) -> Objects:
    """Return `account CODE`, `entry BUILDER` with key, kind and accounts, and `text PATTERN` for every composed key.

    A pattern is recorded once, in whatever files it is; patterns composed in SQL are in the record of the catalogue.
    Raises ValueError when two builders have the same name, TypeError as `sample` does.
    """
    found = {f"account {one.code}": _account(one) for one in vars(chart).values() if isinstance(one, Account)}
    for name, builder in _builders():
        if f"entry {name}" in found:
            raise ValueError(f"two builders are called {name}")
        found[f"entry {name}"] = _entry(builder)
    return found | {f"text {pattern}": "composed" for pattern in _patterns(root)}


def _account(account: Account) -> str:
    side = "debit" if account.debit_normal else "credit"
    return f"{side} normal, of {'a member' if account.of_member else 'the shop'}"


def _builders() -> Iterator[tuple[str, Callable[..., Entry]]]:
    """Yield every public function in `server.ledger.entries…` that returns an entry, once."""
    for module in pkgutil.walk_packages(ledger.__path__, f"{ledger.__name__}."):
        if module.name.split(".")[2].startswith("entries"):
            of = importlib.import_module(module.name)
            for name, value in inspect.getmembers(of, inspect.isfunction):
                own = value.__module__ == module.name and not name.startswith("_")
                if own and get_type_hints(value).get("return") is Entry:
                    yield name, value


def _entry(builder: Callable[..., Entry]) -> str:
    """Return the entry made from sample values; numbers are shown by the names of their parameters."""
    hints = get_type_hints(builder)
    given = {name: sample(name, hints[name]) for name in inspect.signature(builder).parameters}
    entry = builder(**given)
    numbers = {str(value): name for name, value in given.items() if isinstance(value, int)}

    def named(text: str) -> str:
        return re.sub(r"(?<![\d.])\d{4,}(?![\d.])", lambda match: f"<{numbers.get(match[0], match[0])}>", text)

    lines = [
        f"{'credit' if line.amount > 0 else 'debit'} {line.currency} {line.account.code}"
        f" of {'the member' if line.member_id else 'the shop'}{f', source {line.source}' if line.source else ''}"
        for line in entry.lines
    ]
    heads = {"key": entry.key, "kind": entry.kind, "link": entry.link, "reverses": entry.reverses, "why": entry.why}
    told = [f"{name} {text}" for name, text in heads.items() if text is not None] + lines
    return "\n".join([*map(named, told), f"hash {book.posting(entry, _AT).hash}"])


def sample(name: str, hint: Any) -> Any:  # noqa: ANN401 - any annotation, and a value of it
    """Return a value of the annotated type that depends only on the name, so moving a parameter changes nothing.

    Raises TypeError for a type that no builder has taken so far.
    """
    kind = get_origin(hint) or hint
    plain: dict[Any, Any] = {
        int: zlib.crc32(name.encode()) % 9_000 + 1_000,
        str: f"<{name}>",
        Account: Account(f"<{name}>", debit_normal=False, of_member=True),
        Mapping: {},
        dict: {},
    }
    if kind in plain:
        return plain[kind]
    if kind in {Sequence, tuple, list} and get_args(hint)[0] is Debt:
        return (Debt("<debt>", 1),)
    if kind is UnionType:
        return sample(name, get_args(hint)[0])
    if kind is Sequence:
        return [sample(name, get_args(hint)[0])]
    if kind is tuple:
        return tuple(sample(f"{name} {n}", of) for n, of in enumerate(get_args(hint)))
    if isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, msgspec.Struct)):
        return kind(**{field: sample(field, of) for field, of in get_type_hints(kind).items()})
    raise TypeError(f"{name}: {hint} has no sample value yet: give it one in `sample`")


def _patterns(root: Path) -> set[str]:
    """Return composed texts of the form `word:…` in services and ledger, with each value as `{}`."""
    found = set()
    for folder in _SAMPLED:
        for path in (root / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    text = "".join(str(one.value) if isinstance(one, ast.Constant) else _HOLE for one in node.values)
                    if _PATTERN.fullmatch(text):
                        found.add(text)
    return found
