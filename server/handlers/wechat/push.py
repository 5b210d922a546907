"""The mini program's message push: WeChat's check of our address, and its events."""

from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, text
from sanic.response import json as json_response

from server.gateways.ports import Deps, NoticeRejected
from server.handlers.endpoint import finish
from server.handlers.peers import client_ip
from server.services.common import security
from server.services.notices import pushes

blueprint = Blueprint("wechat_push", url_prefix="/wechat")


@blueprint.get("/push")
async def check_address(request: Request) -> HTTPResponse:
    """Return `echostr` if the query has a valid signature by our token."""
    deps: Deps = request.app.ctx.deps
    query = _query(request)
    if not deps.push.verify_url(query):
        return await _not_believed(request, deps, "signature")
    return text(query.get("echostr", ""))


@blueprint.post("/push")
async def take_event(request: Request) -> HTTPResponse:
    """Take an event and answer `success`; after an error of ours WeChat sends it again.

    What members write to the service comes here too. The shop answers it elsewhere, so it is only acknowledged.
    """
    return await finish(_take(request))


async def _take(request: Request) -> HTTPResponse:
    deps: Deps = request.app.ctx.deps
    try:
        event = deps.push.open_event(_query(request), request.body)
    except NoticeRejected as rejected:
        return await _not_believed(request, deps, rejected.reason)
    if event is not None:
        await pushes.take(deps, event)
    return text("success")


def _query(request: Request) -> dict[str, str]:
    args: dict[str, Any] = request.args
    return {name: values[0] for name, values in args.items()}


async def _not_believed(request: Request, deps: Deps, reason: str) -> HTTPResponse:
    await security.record(deps, "push", reason, client_ip(request))
    return json_response({"code": "FAIL", "message": reason}, 401)
