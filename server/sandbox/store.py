"""The sandbox's state: small JSON documents in one SQLite file.

Every write is committed before an answer is sent, so killing the process loses nothing that was acknowledged.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

Doc = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS docs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    parent TEXT NOT NULL,
    due REAL,
    body BLOB NOT NULL,
    UNIQUE (kind, key)
);
CREATE INDEX IF NOT EXISTS docs_by_parent ON docs (kind, parent);
CREATE INDEX IF NOT EXISTS docs_by_due ON docs (due, kind) WHERE due IS NOT NULL;
"""


class Store:
    """Documents by (kind, key), listed by parent or by the time they are due."""

    def __init__(self, path: Path) -> None:
        """Open the file, creating it if missing."""
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        # A power cut may lose the last commits, a killed process loses none: enough for a development tool.
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; the block must not await. An exception rolls back and is raised again."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def get(self, kind: str, key: str) -> Doc | None:
        """Return one document, or None."""
        row = self._db.execute("SELECT body FROM docs WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return None if row is None else orjson.loads(row[0])

    def put(self, kind: str, key: str, body: Doc, *, parent: str = "", due: float | None = None) -> None:
        """Write a whole document; its position in lists stays where it was first written."""
        self._db.execute(
            "INSERT INTO docs (kind, key, parent, due, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, key) "
            "DO UPDATE SET parent = excluded.parent, due = excluded.due, body = excluded.body",
            (kind, key, parent, due, orjson.dumps(body)),
        )

    def delete(self, kind: str, key: str) -> None:
        """Delete a document, if it exists."""
        self._db.execute("DELETE FROM docs WHERE kind = ? AND key = ?", (kind, key))

    def children(self, kind: str, parent: str) -> list[Doc]:
        """Return the documents of one parent, oldest first."""
        return self._list("SELECT body FROM docs WHERE kind = ? AND parent = ? ORDER BY number", (kind, parent))

    def all(self, kind: str) -> list[Doc]:
        """Return the documents of one kind, oldest first."""
        return self._list("SELECT body FROM docs WHERE kind = ? ORDER BY number", (kind,))

    def latest(self, kind: str, limit: int) -> list[Doc]:
        """Return the documents of one kind that were created last, newest first."""
        return self._list("SELECT body FROM docs WHERE kind = ? ORDER BY number DESC LIMIT ?", (kind, limit))

    def due(self, kind: str, now: float) -> list[Doc]:
        """Return the due documents, the longest overdue first."""
        return self._list("SELECT body FROM docs WHERE kind = ? AND due <= ? ORDER BY due, number", (kind, now))

    def anything_due(self, now: float) -> bool:
        """Return whether any document is due."""
        return self._db.execute("SELECT 1 FROM docs WHERE due <= ? LIMIT 1", (now,)).fetchone() is not None

    def clear(self) -> None:
        """Delete every document; numbers start at 1 again."""
        with self.transaction():
            self._db.execute("DELETE FROM docs")
            self._db.execute("DELETE FROM sqlite_sequence")

    def next_number(self, name: str) -> int:
        """Return 1, 2, 3… for each name."""
        number = int((self.get("counter", name) or {"value": 0})["value"]) + 1
        self.put("counter", name, {"value": number})
        return number

    def _list(self, sql: str, parameters: tuple[str | float, ...]) -> list[Doc]:
        return [orjson.loads(row[0]) for row in self._db.execute(sql, parameters)]
