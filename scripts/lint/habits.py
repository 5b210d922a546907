"""Time, errors, transactions and tasks: for each there is one allowed way."""

import ast
import re
from collections.abc import Iterator

from scripts.lint.source import Breaches, Source, called, dotted

_OWN_WORLDS = ("server/sandbox/", "server/embedded/")
"""They do not import the rest of server/, so they read the machine's clock and start tasks themselves."""

_CLOCK_READS = (
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
)
_SQL_NOW = re.compile(r"\b(now\s*\(\s*\)|(current|local)_(timestamp|date|time)\b|clock_timestamp\s*\()", re.IGNORECASE)
_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|RETURN|VALUES|DEFAULT)\b")
_ROW_LOCK = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+UPDATE|UPDATE|SHARE|KEY\s+SHARE)\b")
_CHOSEN_AGAIN = re.compile(r"\bIN\s*\(\s*SELECT\b[^;]*\bSKIP\s+LOCKED\b")
_STATEMENT = re.compile(r"\b(?:SELECT|WITH|VALUES|CALL|LOCK)\b|\b(?:INSERT INTO|DELETE FROM|UPDATE \w+ SET)\b")
_SPAWNERS = ("create_task", "ensure_future", "add_task", "run_coroutine_threadsafe")
_MAY_SPAWN = ("server/db.py", "server/app.py", "server/worker.py", "server/commands/", *_OWN_WORLDS)
_BLIND = {"Exception", "BaseException"}


def injected_time(source: Source) -> Breaches:
    """Only `server/core/clock.py` reads the clock, in Python and in SQL."""
    if not source.within("server/") or source.within("server/core/clock.py", *_OWN_WORLDS):
        return
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and dotted(node).endswith(_CLOCK_READS):
            yield node.lineno, f"{dotted(node)} reads the machine's clock: take a Clock or a moment as an argument"
        elif isinstance(node, ast.Call) and called(node) in {"time", "time_ns", "utcnow"}:
            yield node.lineno, f"{called(node)}() reads the machine's clock: take a Clock or a moment as an argument"
    for line, text in _texts(source):
        if _SQL.search(text) and (word := _SQL_NOW.search(text)):
            yield line, f"SQL reads the database's clock ({word[0]}): pass the moment as a parameter"


def _texts(source: Source) -> Iterator[tuple[int, str]]:
    """Yield every string with its first line."""
    return ((node.lineno, text) for node, text in _strings(source))


def _strings(source: Source) -> Iterator[tuple[ast.expr, str]]:
    """Yield every string. An f-string counts as one, without its values."""
    parts = set[ast.AST]()
    for node in source.nodes:
        if isinstance(node, ast.JoinedStr):
            parts.update(node.values)
            yield node, "?".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in parts:
            yield node, node.value


def one_lock_room(source: Source) -> Breaches:
    """Services lock rows through `common/locks.py`, which knows the order. Reported on the statement's last line."""
    if not source.within("server/services/") or source.within("server/services/common/locks.py"):
        return
    for node, text in _strings(source):
        if lock := _ROW_LOCK.search(text):
            yield node.end_lineno or node.lineno, f"`{lock[0]}` locks rows here: ask common/locks.py, or say why not"


def rows_chosen_once(source: Source) -> Breaches:
    """PostgreSQL may run a subquery under IN more than once. If it skips locked rows, each run can find other rows."""
    if not source.within("server/") or source.within("server/migrations/"):
        return
    for node, text in _strings(source):
        if _CHOSEN_AGAIN.search(text):
            yield (
                node.end_lineno or node.lineno,
                "a plan may take more rows than the limit: say `= ANY (ARRAY(SELECT …))`",
            )


def no_swallowed_errors(source: Source) -> Breaches:
    """No bare `except:`, no `except` that does nothing, and none that catches everything without raising."""
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                yield node.lineno, "bare except: name the exceptions that are expected here"
            elif all(_does_nothing(statement) for statement in node.body):
                yield (
                    node.lineno,
                    "the error is swallowed: handle it, or say contextlib.suppress(TheError) with a comment why",
                )
            elif _catches_all(node.type) and not any(isinstance(n, ast.Raise) for s in node.body for n in ast.walk(s)):
                yield (
                    node.lineno,
                    "catches everything and goes on: name the exceptions, raise, or give the reason on the line",
                )
        elif isinstance(node, ast.Call) and called(node).endswith("suppress") and any(map(_catches_all, node.args)):
            yield node.lineno, "suppresses everything: name the exceptions that are expected here"


def _does_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass | ast.Continue) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _catches_all(kind: ast.expr) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(dotted(one) in _BLIND for one in kinds)


def one_door_to_transactions(source: Source) -> Breaches:
    """Only `server/db.py` opens transactions: Tortoise's own nest as savepoints and leak when cancelled."""
    if not source.within("server/") or source.within("server/db.py", *_OWN_WORLDS):
        return
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "tortoise.transactions":
            yield node.lineno, "tortoise.transactions is for server/db.py alone: use its transaction()"
        elif isinstance(node, ast.Attribute) and node.attr in {"in_transaction", "atomic"}:
            yield node.lineno, f"`{node.attr}` is for server/db.py alone: use its transaction()"


def ledger_tables(source: Source) -> Breaches:
    """Only `server/ledger/` reads and writes the ledger's tables, also if `server.models` exports them."""
    if not source.within("server/") or source.within("server/ledger/", "server/models/"):
        return
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "server.models":
            for alias in node.names:
                if alias.name.lower().startswith("ledger"):
                    yield node.lineno, f"{alias.name} is for server/ledger/ alone: post with book, read with statement"


def no_sql_in_jobs(source: Source) -> Breaches:
    """A job unpacks its arguments and calls one use case. The SQL is there."""
    if source.within("server/jobs/"):
        for line, text in _texts(source):
            if word := _STATEMENT.search(text):
                yield line, f"a job holds SQL ({word[0]}): move it into a use case of server/services/"


def named_columns_only(source: Source) -> Breaches:
    """A `save()` of the whole row overwrites what another request has changed meanwhile."""
    if not source.within("server/"):
        return
    for node in source.nodes:
        if (
            isinstance(node, ast.Call)
            and called(node).endswith(".save")
            and not node.args
            and "update_fields" not in {keyword.arg for keyword in node.keywords}
        ):
            yield (
                node.lineno,
                "save() writes every column and loses others' updates: save(update_fields=[…]) or update(…)",
            )


def no_stray_tasks(source: Source) -> Breaches:
    """A task started inside a transaction joins it; a task started in a request dies with it."""
    if not source.within("server/") or source.within(*_MAY_SPAWN):
        return
    for node in source.nodes:
        if isinstance(node, ast.Call) and called(node).rpartition(".")[2] in _SPAWNERS:
            yield node.lineno, "spawns a task: await it here, or put an event into the outbox for a job"
