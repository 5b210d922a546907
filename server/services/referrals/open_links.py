"""Links that open a page of the mini program inside WeChat, for visitors who use another browser."""

import hashlib
from dataclasses import dataclass

import segno

from server.core import errors
from server.gateways.ports import Deps, OutcomeUnknown, WeChatError
from server.services.common import limits

_LASTS_DAYS, _KEPT_S = 30, 29 * 86_400
"""WeChat's links live 30 days at most; we stop giving a link out one day earlier."""
_PER_IP, _WINDOW_S = 30, 60
_PER_DAY, _DAY_S = 20_000, 86_400
"""WeChat makes 500 000 links a day for all uses of the mini program: anonymous visitors get a small part of them."""
_WRONG = frozenset({"40165", "40212"})
"""WeChat's codes for an unknown page and for a query that it does not accept."""


@dataclass(frozen=True, slots=True)
class OpenLink:
    """The link to open. `code_image_url` is a QR code of it (a data URL), to be scanned with a phone."""

    url: str
    code_image_url: str


async def open_link(deps: Deps, path: str, query: str, ip: str) -> OpenLink:
    """Get the link to a page; WeChat makes it once in 29 days.

    Raises TooManyRequests, BadRequest (WeChat knows no such page), WeChatUnavailable.
    """
    await limits.spend(deps, {f"open-link:{ip}": _PER_IP}, _WINDOW_S)
    key = f"open-link:{deps.appid}:{hashlib.sha256(f'{path}?{query}'.encode()).hexdigest()}"
    kept = await deps.redis.get(key)
    if kept is not None:
        return _shown(kept.decode())
    await limits.spend(deps, {"open-links": _PER_DAY}, _DAY_S)
    try:
        url = await deps.mini.open_link(path, query, _LASTS_DAYS)
    except WeChatError as refused:
        if refused.code in _WRONG:
            raise errors.BadRequest(field="path", problem=refused.message) from refused
        raise errors.WeChatUnavailable from refused
    except OutcomeUnknown as unknown:
        raise errors.WeChatUnavailable from unknown
    await deps.redis.set(key, url, ex=_KEPT_S)
    return _shown(url)


def _shown(url: str) -> OpenLink:
    return OpenLink(url, segno.make_qr(url, error="m").svg_data_uri(scale=8, border=4, light="#fff"))
