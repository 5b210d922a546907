"""A mall's state, kept in memory and restored as often as needed, so that a long preparation runs only once."""

import contextlib
import shutil
import sqlite3
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server import db
from server.commands.environment import CLOCK_FILE
from tests.support.emptying import Contents, Emptying
from tests.support.mall import SANDBOX_FILE, Mall


@dataclass(frozen=True)
class Kept:
    """The whole state of a mall except the sandbox's knobs, which are reset when it is restored."""

    database: Contents
    redis: dict[bytes, bytes]
    wechat: list[tuple[Any, ...]]
    clock_s: float

    @classmethod
    async def of(cls, mall: Mall, database: Emptying) -> "Kept":
        """Save the mall's present state; nothing may be running."""
        names = await mall.deps.redis.keys()
        redis = {name: await mall.deps.redis.dump(name) for name in names}
        with _wechat(mall.folder) as file:
            wechat = file.execute("SELECT * FROM docs WHERE kind <> 'knobs'").fetchall()
        return cls(await database.contents(), redis, wechat, mall.clock.offset_s)

    async def put(self, mall: Mall, database: Emptying) -> None:
        """Restore the state in a new mall."""
        await database.put(self.database)
        for name, value in self.redis.items():
            await mall.deps.redis.restore(name, 0, value)
        with _wechat(mall.folder) as file:
            file.executemany("INSERT INTO docs VALUES (?, ?, ?, ?, ?, ?)", self.wechat)
        set_clock(mall.folder, self.clock_s)
        db.forget_identity()


def set_clock(folder: Path, offset_s: float) -> None:
    """Set the shared clock so far ahead of the machine's; unlike `advance`, this can move it back."""
    with (folder / CLOCK_FILE).open("r+b") as file:
        file.write(struct.pack("<d", offset_s))


def copy_media(pictures: Path, mall: Mall) -> None:
    """Copy these pictures to the mall."""
    assert mall.deps.media_dir is not None
    shutil.copytree(pictures, mall.deps.media_dir, dirs_exist_ok=True)


@contextlib.contextmanager
def _wechat(folder: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(folder / SANDBOX_FILE)) as file, file:
        yield file
