"""Share cards, links and posters, and who opened them."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from server import db
from server.core import errors, ids
from server.gateways.ports import Deps
from server.models import Touch
from server.services.common import limits
from server.services.members import sessions as member_sessions
from server.services.promotions import flash_sales
from server.services.referrals import share_pictures

Kind = Literal["home", "product", "team", "flash_sale"]
Channel = Literal["friend", "group", "poster", "timeline"]

_CODE_CHARS = 8
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_TEAM_NO = re.compile(r"G[0-9A-Z]{20,31}")
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
    link: str
    """The same page in a browser, for members who copy a link."""


@dataclass(frozen=True, slots=True)
class _Target:
    page: str
    title: str
    image_url: str


async def share(deps: Deps, member_id: int, kind: Kind, target: str, channel: Channel) -> Card:
    """Get the member's card for a target in a channel: always the same code. Raises NotFound for an unknown target."""
    found = await _target(kind, target, deps.clock.now())
    code = await _code(deps, member_id, kind, target, channel)
    path = f"{found.page}s={code}"
    link = f"{deps.public_base_url}/h5/#{path}"
    return Card(code, path, found.title, found.image_url, f"s={code}", link)


async def _target(kind: Kind, target: str, now: datetime) -> _Target:
    """Find what a share opens; `page` ends where the share's code is appended."""
    if kind == "home" and not target:
        return _Target(page_of(kind, target), await share_pictures.home_title(), await share_pictures.home_card_url())
    if kind == "product" and _NUMBER.fullmatch(target):
        facts = await share_pictures.product(int(target), now)
        return _Target(page_of(kind, target), facts.share_title, await share_pictures.product_card_url(facts))
    if kind == "team" and _TEAM_NO.fullmatch(target):
        facts, title = await share_pictures.team(target, now)
        return _Target(page_of(kind, target), title, await share_pictures.product_card_url(facts))
    if kind == "flash_sale" and _NUMBER.fullmatch(target):
        sale = await flash_sales.session(int(target), now)
        return _Target(page_of(kind, target), sale.share_title, sale.items[0].image)
    raise errors.NotFound


_PAGES = {
    "product": "/pages/product/index?id={}&",
    "team": "/packages/marketing/pages/team/index?team_no={}&",
    "flash_sale": "/packages/marketing/pages/flash/index?id={}&",
}


def page_of(kind: str, target: str) -> str:
    """Build the page that a share opens, up to where its code is appended as `s=`."""
    return _PAGES.get(kind, "/pages/index/index?").format(target)


async def _code(deps: Deps, member_id: int, kind: Kind, target: str, channel: Channel) -> str:
    while (code := await db.fetch_value(_ROW, member_id, kind, target, channel)) is None:
        async with db.transaction() as tx:  # inserts nothing if another request made it, or the code is taken
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
    share_id: int | None = await db.fetch_value("SELECT id FROM shares WHERE code = $1", opening.share_code)
    if share_id is None:
        raise errors.NotFound
    await Touch.create(
        share_id=share_id,
        visitor_id=opening.visitor_id,
        scene=opening.scene,
        group_id=await _group(deps, opening),
        member_id=opening.member_id or None,
        at=deps.clock.now(),
    )


async def _group(deps: Deps, opening: Opening) -> str | None:
    """Decrypt the chat group's id if a member opened the card in a group and WeChat's session key still fits."""
    if opening.group is None or not opening.member_id:
        return None
    key = await member_sessions.session_key(deps, opening.member_id)
    return deps.mini.group_id(key, *opening.group) if key else None
