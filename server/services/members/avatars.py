"""Avatars that members upload: checked, re-encoded, and kept under a name that nobody can guess."""

import asyncio
import secrets
from pathlib import Path

import msgspec

from server import db
from server.core import errors
from server.drawing.photos import NotAPicture, avatar
from server.gateways.ports import Deps
from server.services.common import limits, locks
from server.services.files import pictures
from server.services.members import profiles
from server.services.members.profiles import Me

MOST_BYTES = 200_000
_SIDE = 256
_PER_MEMBER, _WINDOW_S = 10, 3600
_PLACE = "/media/"
_PREFIX = "avatar-"


class _Pictured(msgspec.Struct, frozen=True):
    """A member's picture."""

    avatar_url: str


async def put(deps: Deps, member_id: int, body: bytes) -> Me:
    """Make this picture the member's avatar; the previous upload is deleted.

    Raises TooManyRequests, TooLarge, PictureInvalid, and NotFound if the shop keeps no files.
    """
    if deps.media_dir is None:
        raise errors.NotFound
    if len(body) > MOST_BYTES:
        raise errors.TooLarge
    await limits.spend(deps, {f"avatar:{member_id}": _PER_MEMBER}, _WINDOW_S)
    try:
        drawn = await pictures.draw(lambda: avatar(body, _SIDE))
    except NotAPicture as error:
        raise errors.PictureInvalid from error
    name = f"{_PREFIX}{secrets.token_hex(16)}.webp"
    await asyncio.to_thread(_write, deps.media_dir / name, drawn)
    async with db.transaction() as tx:
        [member] = await locks.member_rows(tx, [member_id], _Pictured)
        await tx.execute("UPDATE members SET avatar_url = $2 WHERE id = $1", member_id, f"{_PLACE}{name}")
    if (before := member.avatar_url).startswith(f"{_PLACE}{_PREFIX}"):
        await asyncio.to_thread((deps.media_dir / before.removeprefix(_PLACE)).unlink, missing_ok=True)
    return await profiles.profile(deps, member_id)


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
