"""One API process as `serve` runs it, but without a call to WeChat at login: the login code itself is the openid.

All other parts are the real ones, so `login` measures the mall and not an imitation of WeChat.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from server import wiring
from server.commands.roles import api
from server.gateways.ports import Deps, WeChatLogin
from server.settings import Settings

if TYPE_CHECKING:
    from server.gateways.ports import Mini


class _AnyCode:
    """The only part of the gateway that a login calls."""

    async def login(self, code: str) -> WeChatLogin:
        """Return the code as the openid."""
        return WeChatLogin(openid=code, session_key="c2Vzc2lvbi1rZXktb2YtMTY=", unionid=None)


@asynccontextmanager
async def _parts(settings: Settings) -> AsyncIterator[Deps]:
    async with wiring.build_deps(settings) as deps:
        yield replace(deps, mini=cast("Mini", _AnyCode()))


if __name__ == "__main__":
    api.main(_parts)
