"""Share cards, links and posters, and who opened them."""

import re
from dataclasses import dataclass
from typing import Literal

import asyncpg
import orjson

from server import db
from server.core import errors, ids
from server.gateways.ports import Deps
from server.models import Touch
from server.services import limits, sessions

Kind = Literal["home", "product", "team", "flash_sale"]
Channel = Literal["friend", "group", "poster", "timeline"]

_CODE_CHARS = 8
_HOME_TITLE = "推三返一商城，好物一起分享"
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_PER_VISITOR, _PER_IP, _WINDOW_S = 30, 600, 60

_ROW = "SELECT code FROM shares WHERE member_id = $1 AND kind = $2 AND target = $3 AND channel = $4"
_MAKE = """
INSERT INTO shares (code, member_id, kind, target, channel, disabled, created_at)
  VALUES ($5, $1, $2, $3, $4, false, $6) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Card:
    """What the client puts on a share card. `scene` fits a mini-program code (at most 32 visible characters)."""

    share_code: str
    path: str
    title: str
    image_url: str
    scene: str


@dataclass(frozen=True, slots=True)
class _Target:
    page: str
    title: str
    image_url: str = ""


async def share(deps: Deps, member_id: int, kind: Kind, target: str, channel: Channel) -> Card:
    """The member's card for a target in a channel: always the same code. Raises NotFound for an unknown target."""
    found = await _target(kind, target)
    code = await _code(deps, member_id, kind, target, channel)
    return Card(code, f"{found.page}s={code}", found.title, found.image_url, f"s={code}")


async def _target(kind: Kind, target: str) -> _Target:
    """Where a share leads; `page` ends where the share's code is to be added."""
    if kind == "home" and not target:
        return _Target("/pages/index/index?", _HOME_TITLE)
    if kind == "product" and _NUMBER.fullmatch(target):
        row = await db.fetch_row("SELECT title, images FROM products WHERE id = $1 AND on_sale", int(target))
        if row is not None:
            images = orjson.loads(row["images"])
            return _Target(f"/pages/product/index?id={target}&", row["title"], images[0] if images else "")
    raise errors.NotFound


async def _code(deps: Deps, member_id: int, kind: Kind, target: str, channel: Channel) -> str:
    while (code := await db.fetch_value(_ROW, member_id, kind, target, channel)) is None:
        async with db.transaction() as tx:  # does nothing when another request made it, or the code is taken
            await tx.execute(_MAKE, member_id, kind, target, channel, ids.code(_CODE_CHARS), deps.clock.now())
    return str(code)


@dataclass(frozen=True, slots=True)
class Opening:
    """Somebody opened a share. `member_id` is 0 for a guest; `group` is WeChat's encrypted data and iv."""

    share_code: str
    visitor_id: str
    member_id: int
    ip: str
    scene: str | None
    group: tuple[str, str] | None


async def touch(deps: Deps, opening: Opening) -> None:
    """Record an opening. Raises NotFound for an unknown share, TooManyRequests."""
    await limits.spend(
        deps, {f"touch:visitor:{opening.visitor_id}": _PER_VISITOR, f"touch:ip:{opening.ip}": _PER_IP}, _WINDOW_S
    )
    found: asyncpg.Record | None = await db.fetch_row("SELECT id FROM shares WHERE code = $1", opening.share_code)
    if found is None:
        raise errors.NotFound
    await Touch.create(
        share_id=found["id"],
        visitor_id=opening.visitor_id,
        scene=opening.scene,
        group_id=await _group(deps, opening),
        member_id=opening.member_id or None,
        at=deps.clock.now(),
    )


async def _group(deps: Deps, opening: Opening) -> str | None:
    """The chat group's id, where a member opened the card in one and WeChat's session key still fits."""
    if opening.group is None or not opening.member_id:
        return None
    key = await sessions.session_key(deps, opening.member_id)
    return deps.mini.group_id(key, *opening.group) if key else None
