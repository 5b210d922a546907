"""WeChat Pay's notifications: 204 after the commit, 401 if verification fails, 5xx so that WeChat sends it again."""

import logging
from collections.abc import Awaitable, Callable

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty, json

from server.gateways.ports import Deps, NoticeRejected
from server.handlers.endpoint import finish
from server.handlers.peers import client_ip
from server.services.checkout import payments
from server.services.common import security
from server.services.orders import refund_transfers
from server.services.withdrawals import transfers

log = logging.getLogger("tuisan.wechat")

blueprint = Blueprint("wechat_pay", url_prefix="/wechat")

Work = Callable[[Deps, Request], Awaitable[None]]


@blueprint.post("/pay/notify")
async def pay_notify(request: Request) -> HTTPResponse:
    """Take a payment notification. One that was settled before or does not fit is recorded and gets 204, too."""

    async def settle(deps: Deps, received: Request) -> None:
        notice = deps.pay.parse_payment_notice(received.headers, received.body)
        await payments.settle(deps, notice, "notify")

    return await finish(_answer(request, "pay_notify", settle))


@blueprint.post("/refund/notify")
async def refund_notify(request: Request) -> HTTPResponse:
    """Take a notification about the outcome of a refund."""

    async def apply(deps: Deps, received: Request) -> None:
        await refund_transfers.apply(deps, deps.pay.parse_refund_notice(received.headers, received.body))

    return await finish(_answer(request, "refund_notify", apply))


@blueprint.post("/transfer/notify")
async def transfer_notify(request: Request) -> HTTPResponse:
    """Take a notification about the end of a merchant transfer."""

    async def apply(deps: Deps, received: Request) -> None:
        await transfers.apply(deps, deps.pay.parse_transfer_notice(received.headers, received.body))

    return await finish(_answer(request, "transfer_notify", apply))


async def _answer(request: Request, kind: str, work: Work) -> HTTPResponse:
    deps: Deps = request.app.ctx.deps
    try:
        await work(deps, request)
    except NoticeRejected as rejected:
        log.warning("%s is not believed: %s", kind, rejected.reason)
        await security.record(deps, kind, rejected.reason, client_ip(request))
        return json({"code": "FAIL", "message": "验签失败"}, status=401)
    return empty()
