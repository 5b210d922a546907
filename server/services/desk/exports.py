"""Lists as files: requested in the panel, made by a worker page by page, kept for a day.

The table `exports` is the queue. A worker updates `alive_at` at every page. If a worker falls silent, another one takes
the file over and starts again, so a crash costs only time.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from server import db
from server.core.clock import SHANGHAI
from server.core.errors import NotFound, Refusal, TooManyRequests
from server.gateways.ports import Deps
from server.services.common import audit_log, listings
from server.services.common.listings import Column, Listing
from server.services.desk.lists import BY_NAME
from server.services.files.sheets import SheetWriter, Yuan

ROWS_MOST = 100_000
"""The most rows in one file; it has the newest ones."""
KEPT = timedelta(hours=24)
_OPEN_MOST = 5
_PAGE_ROWS = 1000
_SILENCE = timedelta(minutes=2)
_WIDTHS = {"text": 24, "yuan": 14, "number": 10, "when": 20, "tag": 12, "code": 26, "about": 26}


@dataclass(frozen=True, slots=True)
class Export:
    """One file and its progress. `rows_total` is None before a worker begins."""

    id: int
    listing: str
    title: str
    asked: dict[str, str]
    state: str
    rows_done: int
    rows_total: int | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def open(self) -> bool:
        """Whether the file is not finished yet."""
        return self.state in ("waiting", "running")


_COLUMNS = "id, listing, asked, state, rows_done, rows_total, created_at, finished_at"


async def ask(deps: Deps, listing: Listing, asked: Mapping[str, str], operator: str) -> int:
    """Request a file of all rows of a list; return its id. Raises TooManyRequests if too many are still unfinished."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        await tx.execute(
            "SELECT 1 FROM operators WHERE name = $1 FOR NO KEY UPDATE",  # house: lock - one row by name, no other lock
            operator,
        )
        waiting = await tx.fetchval(
            "SELECT count(*) FROM exports WHERE operator = $1 AND state IN ('waiting', 'running')", operator
        )
        if waiting >= _OPEN_MOST:
            raise TooManyRequests
        made: int = await tx.fetchval(
            "INSERT INTO exports (operator, listing, asked, state, rows_done, created_at)"
            " VALUES ($1, $2, $3::jsonb, 'waiting', 0, $4) RETURNING id",
            operator,
            listing.name,
            orjson.dumps(asked).decode(),
            at,
        )
        detail = {"list": listing.name, "filters": {name: text for name, text in asked.items() if text}}
        await audit_log.record(tx, at, operator, "export.make", f"export:{made}", detail)
    return made


async def of(operator: str) -> list[Export]:
    """Return an operator's files, newest first."""
    rows = await db.fetch(f"SELECT {_COLUMNS} FROM exports WHERE operator = $1 ORDER BY id DESC LIMIT 100", operator)  # noqa: S608 - our own columns
    return [_export(dict(row)) for row in rows]


def _export(row: dict[str, Any]) -> Export:
    listing = BY_NAME.get(row["listing"])
    return Export(**{**row, "asked": orjson.loads(row["asked"])}, title=listing.title if listing else row["listing"])


@dataclass(frozen=True, slots=True)
class File:
    """The name and the content of a file for download."""

    name: str
    body: bytes


async def download(deps: Deps, export_id: int, operator: str) -> File:
    """Return one of the operator's own finished files; the audit log records the download. Raises NotFound."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await tx.fetchrow(
            "SELECT listing, body, created_at FROM exports WHERE id = $1 AND operator = $2 AND state = 'done'",
            export_id,
            operator,
        )
        if row is None:
            raise NotFound(what="export")
        await audit_log.record(tx, at, operator, "export.download", f"export:{export_id}", {"list": row["listing"]})
    title = BY_NAME[row["listing"]].title
    return File(f"{title}-{row['created_at'].astimezone(SHANGHAI):%Y%m%d-%H%M}.xlsx", row["body"])


_CLAIM = """
UPDATE exports SET state = 'running', rows_done = 0, alive_at = $1 WHERE id = (
  SELECT id FROM exports WHERE state = 'waiting' OR (state = 'running' AND alive_at < $2)
   ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, listing, asked, operator
"""  # house: lock - a queue waits for nobody


async def make_next(deps: Deps) -> bool:
    """Make the oldest waiting file completely; return False if none waits."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await tx.fetchrow(_CLAIM, at, at - _SILENCE)
    if row is None:
        return False
    try:
        body = await _made(deps, row["id"], BY_NAME[row["listing"]], orjson.loads(row["asked"]))
    except (KeyError, Refusal) as error:
        # The list is gone or a filter no longer fits: the file fails, and asking again is one click. If the
        # database cannot serve (Busy), the error is raised instead, and a worker claims the file again later.
        if isinstance(error, Refusal) and error.status >= _OURS:
            raise
        body = None
    async with db.transaction() as tx:
        await tx.execute(
            "UPDATE exports SET state = $2, body = $3, finished_at = $4 WHERE id = $1 AND state = 'running'",
            row["id"],
            "failed" if body is None else "done",
            body,
            deps.clock.now(),
        )
    return True


_OURS = 500


async def _made(deps: Deps, export_id: int, listing: Listing, asked: dict[str, str]) -> bytes:
    total = await listings.counted(deps, listing, asked, ROWS_MOST)
    header = [_header(column) for column in listing.columns]
    done, cursor = 0, ""
    with SheetWriter(listing.title, header, [_WIDTHS[column.form] for column in listing.columns]) as writer:
        while True:
            await _tell(deps, export_id, done, total)
            found = await listings.page(deps, listing, asked, cursor, min(_PAGE_ROWS, ROWS_MOST - done))
            await asyncio.to_thread(writer.append, [_line(listing, row) for row in found.rows])
            done += len(found.rows)
            if found.next is None or done >= ROWS_MOST:
                await _tell(deps, export_id, done, total)
                return await asyncio.to_thread(writer.finished)
            cursor = found.next


async def _tell(deps: Deps, export_id: int, done: int, total: int) -> None:
    """Store the progress, and that a worker is still at the file."""
    async with db.transaction() as tx:
        await tx.execute(
            "UPDATE exports SET rows_done = $2, rows_total = $3, alive_at = $4 WHERE id = $1",
            export_id,
            done,
            total,
            deps.clock.now(),
        )


def _header(column: Column) -> str:
    return f"{column.label}（元）" if column.form == "yuan" else column.label


def _line(listing: Listing, row: listings.Row) -> list[object]:
    return [
        Yuan(value) if column.form == "yuan" and value is not None else value
        for column, value in listings.cells(listing, row)
    ]


async def forget(deps: Deps) -> None:
    """Delete files older than `KEPT`."""
    async with db.transaction() as tx:
        await tx.execute("DELETE FROM exports WHERE created_at < $1", deps.clock.now() - KEPT)
