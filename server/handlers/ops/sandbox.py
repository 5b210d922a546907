"""Development only: act as the member's phone, ship orders, move the clock. Most calls are passed on to the sandbox."""

from typing import TypeVar

import httpx
import msgspec
from sanic import Blueprint, Request
from sanic.response import HTTPResponse, json

from server import db
from server.core import errors
from server.core.clock import SharedClock
from server.core.errors import Refusal
from server.gateways.ports import Deps
from server.gateways.transport import client
from server.handlers.endpoint import JSON_TYPE
from server.services.orders import fulfilment

blueprint = Blueprint("sandbox", url_prefix="/sandbox")

_TIMEOUT_S = 20
"""Long enough for a payment: the sandbox answers only after the mall has answered its notification."""


_LONGEST_S = 10 * 366 * 86_400
_REFUSALS: dict[int, type[Refusal]] = {400: errors.BadRequest, 404: errors.NotFound, 409: errors.StateConflict}
_Shape = TypeVar("_Shape")


class Payment(msgspec.Struct, forbid_unknown_fields=True):
    """The order to pay."""

    order_no: str


class Parcel(msgspec.Struct, forbid_unknown_fields=True):
    """The order to ship."""

    order_no: str


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """How far to move the clock, in seconds."""

    advance_s: float


@blueprint.post("/code")
async def code(request: Request) -> HTTPResponse:
    """Return a login `{code}` for `{openid}`: 1 to 64 letters, digits, `_` and `-`; a new openid makes a new user."""
    return await _forward(request, "code", request.body)


@blueprint.post("/phone")
async def phone(request: Request) -> HTTPResponse:
    """Return the phone-number button's `{code}` for `{openid, phone}` (5 to 15 digits), for `POST /api/me/phone`."""
    return await _forward(request, "phone", request.body)


@blueprint.post("/subscribe")
async def subscribe(request: Request) -> HTTPResponse:
    """Record for `{openid, template_id}` (one or several) that the member allowed one message of each template."""
    return await _forward(request, "subscribe", request.body)


@blueprint.post("/pay")
async def pay(request: Request) -> HTTPResponse:
    """Pay `{order_no}` as the member would; WeChat's notification follows."""
    payment = _read(request, Payment)
    return await _forward(request, "pay", msgspec.json.encode({"out_trade_no": payment.order_no}))


@blueprint.post("/ship")
async def ship(request: Request) -> HTTPResponse:
    """Ship `{order_no}` by the shop's own delivery, for a developer who plays member and shop in one browser."""
    deps: Deps = request.app.ctx.deps
    await fulfilment.ship(deps, _read(request, Parcel).order_no, "", "", "sandbox")
    return json({})


@blueprint.post("/transfers/<withdrawal_no:str>/confirm")
async def confirm(request: Request, withdrawal_no: str) -> HTTPResponse:
    """Confirm a withdrawal's transfer as the member would; WeChat's notification follows."""
    return await _forward(request, "transfer_confirm", msgspec.json.encode({"out_bill_no": withdrawal_no}))


@blueprint.get("/shop")
async def shop(_request: Request) -> HTTPResponse:
    """Return `{shop}`: which database this mall writes to, for a command that works on both sides of the address."""
    return json({"shop": await db.place()})


@blueprint.post("/knobs")
async def knobs(request: Request) -> HTTPResponse:
    """Turn the sandbox's faults on and off."""
    return await _forward(request, "knobs", request.body)


@blueprint.post("/clock")
async def clock(request: Request) -> HTTPResponse:
    """Move the clock that API, jobs and sandbox share by `{advance_s}`; return the new time."""
    deps: Deps = request.app.ctx.deps
    if not isinstance(deps.clock, SharedClock):
        raise errors.NotFound
    step = _read(request, Step).advance_s
    if not 0 <= step <= _LONGEST_S:
        raise errors.BadRequest(field="advance_s", problem="between 0 and ten years")
    deps.clock.advance(step)
    return json({"now": deps.clock.now().isoformat()})


def _read(request: Request, shape: type[_Shape]) -> _Shape:
    try:
        return msgspec.json.decode(request.body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise errors.BadRequest(field="", problem=str(error)) from None


async def _forward(request: Request, path: str, body: bytes) -> HTTPResponse:
    """Return the sandbox's answer; its refusals are wrapped in our own error envelope."""
    deps: Deps = request.app.ctx.deps
    if not deps.sandbox_control_url:
        raise errors.NotFound
    try:
        async with client(deps.sandbox_control_url, _TIMEOUT_S) as http:
            answer = await http.post(f"/control/{path}", content=body)
    except httpx.HTTPError as error:
        raise errors.WeChatUnavailable from error
    if answer.is_success:
        return HTTPResponse(answer.content, content_type=JSON_TYPE)
    refusal = _REFUSALS.get(answer.status_code, errors.WeChatUnavailable)
    raise refusal(field="", problem=answer.text[:200])
