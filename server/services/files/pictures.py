"""Pictures that the shop draws: drawn off the event loop, kept as files, made once even if many ask at once."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PIL import Image

from server.drawing.photos import NotAPicture, opened
from server.gateways import photos
from server.gateways.ports import Deps

_PHOTO_TIMEOUT_S = 4.0
_MAKING_S, _WAITING_S = 30.0, 15.0
_OURS = re.compile(r"/media/([a-z0-9_-]+\.webp)")
_T = TypeVar("_T")

_studio = ThreadPoolExecutor(max_workers=1, thread_name_prefix="drawing")
"""Each process draws one picture at a time, because drawing must not slow down members who pay."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder below the media folder that keeps about the `most` newest files."""

    name: str
    most: int


@dataclass(frozen=True, slots=True)
class Made:
    """A picture's bytes. A picture that lacks something is not `whole`: it is sent, but not kept."""

    body: bytes
    whole: bool = True


async def draw(work: Callable[[], _T]) -> _T:
    """Run drawing work in the studio's thread and return its result."""
    return await asyncio.get_running_loop().run_in_executor(_studio, work)


async def kept(deps: Deps, shelf: Shelf, name: str, make: Callable[[], Awaitable[Made]]) -> Made:
    """Return the file of that name on the shelf; make it if it is missing. Of concurrent requests only one makes it.

    Raises what `make` raises, and RedisError if another request takes too long to make it.
    """
    if deps.media_dir is None:
        return await make()
    path = deps.media_dir / shelf.name / name
    if (body := await asyncio.to_thread(_read, path)) is not None:
        return Made(body)
    async with deps.redis.lock(f"draw:{shelf.name}:{name}", timeout=_MAKING_S, blocking_timeout=_WAITING_S, sleep=0.02):
        if (body := await asyncio.to_thread(_read, path)) is not None:
            return Made(body)
        made = await make()
        if made.whole:
            await asyncio.to_thread(store, path, made.body, shelf.most)
    return made


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def store(path: Path, body: bytes, most: int) -> None:
    """Write a file, and delete the oldest files if there are more than `most`."""
    write(path, body)
    others = [one for one in path.parent.iterdir() if one != path]
    if len(others) < most:
        return
    for one in sorted(others, key=lambda file: file.stat().st_mtime_ns)[: max(1, most // 10)]:
        one.unlink(missing_ok=True)


def write(path: Path, body: bytes) -> None:
    """Write a file atomically, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{secrets.token_hex(4)}-{path.name}")  # two requests may write the same file at once
    unfinished.write_bytes(body)
    unfinished.replace(path)


async def photo(deps: Deps, address: str) -> Image.Image | None:
    """Return the picture at a product's address, ours (`/media/…`) or another host's; None if it is unavailable."""
    body = None
    if address.startswith("https://"):
        body = await photos.fetch(address, _PHOTO_TIMEOUT_S)
    elif deps.media_dir is not None and (ours := _OURS.fullmatch(address)):
        body = await asyncio.to_thread(_read, deps.media_dir / ours[1])
    if body is None:
        return None
    try:
        return await draw(lambda: opened(body))
    except NotAPicture:
        return None
