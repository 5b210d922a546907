"""Applies every rule to every file.

A comment on a line exempts it from a rule and gives the reason: `# house: RULE - the reason`.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from scripts.files import ROOT, project_files
from scripts.lint import habits, money, parts, places, refusals, rows, shop, size
from scripts.lint.source import Finding, Rule, Source, WholeRule

_PYTHON = (".py",)
_CODE = (".py", ".js", ".mjs", ".ts", ".wxs")
_PAGES = (".wxml", ".wxss")

RULES = (
    Rule("money", _PYTHON, money.no_floats),
    Rule("amount-type", _PYTHON, money.typed_amounts),
    Rule("clock", _PYTHON, habits.injected_time),
    Rule("swallowed", _PYTHON, habits.no_swallowed_errors),
    Rule("transaction", _PYTHON, habits.one_door_to_transactions),
    Rule("ledger-tables", _PYTHON, habits.ledger_tables),
    Rule("job-sql", _PYTHON, habits.no_sql_in_jobs),
    Rule("save", _PYTHON, habits.named_columns_only),
    Rule("lock", _PYTHON, habits.one_lock_room),
    Rule("chosen-once", _PYTHON, habits.rows_chosen_once),
    Rule("typed-rows", _PYTHON, rows.typed_rows),
    Rule("task", _PYTHON, habits.no_stray_tasks),
    Rule("function-size", _PYTHON, size.short_functions),
    Rule("file-size", (*_CODE, *_PAGES), size.short_files),
    Rule("registry", (), places.no_registries),
    Rule("machine-path", (), places.no_machine_paths),
    Rule("browser", (".ts",), shop.no_browser),
    Rule("yuan", (".ts", ".wxml", ".wxs"), shop.money_in_words),
    Rule("touch", (".wxml",), shop.tappable),
    Rule("unfinished", (*_CODE, *_PAGES), shop.nothing_unfinished),
)
WHOLE_RULES = (
    WholeRule("route", parts.routes),
    WholeRule("component", parts.components),
    WholeRule("class", parts.classes),
    WholeRule("refusal", refusals.told_apart),
    WholeRule("counted-rows", rows.counted_rows),
)

_EXEMPTION = re.compile(r"(?:#|//|--|/\*) house: (?P<rule>[a-z-]+)(?: - (?P<reason>\S.*))?")


def examine_all(files: Iterable[Source]) -> Iterator[Finding]:
    """Yield the breaches in all files."""
    by_path = {source.path: source for source in files}
    found: dict[str, list[tuple[int, str, str]]] = {}
    for rule in WHOLE_RULES:
        for path, line, advice in rule.check(by_path):
            found.setdefault(path, []).append((line, rule.name, advice))
    for path, source in by_path.items():
        yield from examine(source, found.get(path, ()))


def examine(source: Source, found: Iterable[tuple[int, str, str]] = ()) -> Iterator[Finding]:
    """Yield the breaches in one file, also those in `found`, and exemptions without a reason or without effect."""
    exempt = {
        (number, match["rule"]): match["reason"]
        for number, line in enumerate(source.lines, 1)
        if (match := _EXEMPTION.search(line))
    }
    alone = (
        (line, rule.name, advice)
        for rule in RULES
        if not rule.suffixes or source.path.endswith(rule.suffixes)
        for line, advice in rule.check(source)
    )
    used = set()
    for line, name, advice in (*found, *alone):
        used.add((line, name))
        if not exempt.get((line, name)):
            yield Finding(source.path, line, name, advice)
    for line, name in sorted(exempt.keys() - used):
        yield Finding(source.path, line, "exemption", f"nothing here breaks `{name}`: take the comment away")


def sources(root: Path = ROOT) -> Iterator[Source]:
    """Yield the project's text files."""
    for path in project_files(root):
        content = path.read_bytes()
        if b"\0" not in content:
            yield Source(path.relative_to(root).as_posix(), content.decode())


def main(root: Path = ROOT) -> int:
    """Print the findings; return the exit code."""
    files = list(sources(root))
    findings = sorted(examine_all(files))
    for finding in findings:
        print(finding)
    print(f"house rules: {len(RULES) + len(WHOLE_RULES)} over {len(files)} files, {len(findings)} breaches")
    return 1 if findings else 0
