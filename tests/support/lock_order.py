"""The order in which transactions lock rows, as the database itself shows it.

After each statement of a watched transaction, another connection asks which rows it cannot lock: those are held.
The locks of one statement have no order among themselves, so an SQL function counts as one step.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from server import db

ORDER = (
    ("members", "TRUE"),
    ("payments", "TRUE"),
    ("orders", "TRUE"),
    ("teams", "TRUE"),
    ("qualifications", "TRUE"),
    ("rebates", "TRUE"),
    ("skus", "TRUE"),
    ("coupons", "TRUE"),
    ("ledger_accounts", "member_id > 0"),
    ("rule_versions", "TRUE"),
)
"""Tables in their lock order, each with a condition for the rows to which the order applies."""
RANK = {"members": 0, "payments": 1, "orders": 2, "teams": 3, "qualifications": 4, "rebates": 4}
RANK |= {"skus": 5, "coupons": 6, "ledger_accounts": 7, "rule_versions": 8}
KEY = {"rule_versions": "version"}
METHODS = ("execute", "fetch", "fetchrow", "fetchval")

Row = tuple[str, int]


def broken(steps: list[set[Row]]) -> list[str]:
    """Return where a step's new rows break the order: a lower table, or a lower member, after a higher one."""
    problems = []
    held: set[Row] = set()
    for step in steps:
        new = step - held
        for table, key in sorted(new):
            late = sorted({name for name, _ in held if RANK[name] > RANK[table]})
            if late:
                problems.append(f"{table} {key} after {', '.join(late)}")
            if table == "members" and any(name == "members" and other > key for name, other in held):
                problems.append(f"members {key} after a higher one")
        held |= new
    return problems


class Watch:
    """The rows that watched transactions hold after each of their statements."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._steps: dict[asyncpg.Connection, list[set[Row]]] = {}
        self.problems: list[str] = []
        self.seen: set[str] = set()

    async def look(self, connection: asyncpg.Connection, statement: str) -> None:
        """After a statement, note the rows held now and report new violations."""
        if not connection.is_in_transaction() or statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            self._steps.pop(connection, None)
            return
        held = await self._held()
        steps = self._steps.setdefault(connection, [])
        if len(self._steps) > 1:  # the rows of several transactions cannot be told apart
            steps.clear()
            return
        steps.append(held)
        self.seen |= {table for table, _ in held}
        new = broken(steps)[len(broken(steps[:-1])) :]
        self.problems += [f"{one}: {' '.join(statement.split())[:90]}" for one in new]

    async def _held(self) -> set[Row]:
        held: set[Row] = set()
        probe = await asyncpg.connect(self._url)
        try:
            for table, where in ORDER:
                key = KEY.get(table, "id")
                every = {row[0] for row in await probe.fetch(f"SELECT {key} FROM {table} WHERE {where}")}
                free = await probe.fetch(f"SELECT {key} FROM {table} WHERE {where} FOR NO KEY UPDATE SKIP LOCKED")
                held |= {(table, key) for key in every - {row[0] for row in free}}
        finally:
            await probe.close()
        return held


def _watched(method: Callable[..., Any], watch: Watch) -> Callable[..., Any]:
    async def call(self: asyncpg.Connection, statement: str, *args: Any, **options: Any) -> Any:
        answer = await method(self, statement, *args, **options)
        await watch.look(self, statement)
        return answer

    return call


@asynccontextmanager
async def watching(url: str) -> AsyncIterator[Watch]:
    """Watch the transactions of this process's pool during the block; they must run one after the other."""
    watch = Watch(url)
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name in METHODS:
            patch.setattr(db._PlainConnection, name, _watched(getattr(asyncpg.Connection, name), watch))
        yield watch
