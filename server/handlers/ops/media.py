"""Pictures that the shop drew itself."""

from sanic import Blueprint, Request
from sanic.response import HTTPResponse
from sanic.response import file as file_response

from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.services import share_pictures

blueprint = Blueprint("media")

_MONTH_S = 30 * 24 * 3600
_MOMENT_S = 60


@blueprint.get(r"/media/<name:[a-z0-9_-]+\.webp>")
async def picture(request: Request, name: str) -> HTTPResponse:
    """A file of the media folder; the name's form keeps the request inside it."""
    deps: Deps = request.app.ctx.deps
    if deps.media_dir is None or not (path := deps.media_dir / name).is_file():
        raise NotFound
    return await file_response(path, max_age=_MONTH_S, mime_type="image/webp", request_headers=request.headers)


@blueprint.get(r"/media/cards/<name:(?:[1-9][0-9]{0,17}|home)-[0-9a-f]{12}\.jpg>")
async def card(request: Request, name: str) -> HTTPResponse:
    """A share card, drawn when it is first asked for; what an old address shows is as new as the product."""
    deps: Deps = request.app.ctx.deps
    body, lasting = await share_pictures.card(deps, name)
    headers = {"Cache-Control": f"public, max-age={_MONTH_S if lasting else _MOMENT_S}"}
    return HTTPResponse(body, headers=headers, content_type="image/jpeg")
