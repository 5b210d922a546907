"""Pictures that the shop draws itself."""

import asyncio

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.services.referrals import share_pictures

blueprint = Blueprint("media")

_MONTH_S = 30 * 24 * 3600
_MOMENT_S = 60


@blueprint.get(r"/media/<name:[a-z0-9_-]+\.webp>")
async def picture(request: Request, name: str) -> HTTPResponse:
    """Serve a file of the media folder; the pattern of the name allows no path outside it."""
    deps: Deps = request.app.ctx.deps
    if deps.media_dir is None or not (path := deps.media_dir / name).is_file():
        raise NotFound
    body = await asyncio.to_thread(path.read_bytes)  # one step in a thread: an aborted request leaves it closed
    return HTTPResponse(body, headers={"Cache-Control": f"public, max-age={_MONTH_S}"}, content_type="image/webp")


@blueprint.get(r"/media/cards/<name:(?:[1-9][0-9]{0,17}|home)-[0-9a-f]{12}\.jpg>")
async def card(request: Request, name: str) -> HTTPResponse:
    """Serve a share card, drawn at its first request; an old address shows the product as it is now."""
    deps: Deps = request.app.ctx.deps
    body, lasting = await share_pictures.card(deps, name)
    headers = {"Cache-Control": f"public, max-age={_MONTH_S if lasting else _MOMENT_S}"}
    return HTTPResponse(body, headers=headers, content_type="image/jpeg")
