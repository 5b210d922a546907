"""The Sanic application that answers for api.weixin.qq.com and api.mch.weixin.qq.com at once."""

import secrets
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

import orjson
from sanic import HTTPResponse, Request, Sanic
from sanic.exceptions import SanicException
from sanic.response import raw

from server.sandbox import (
    control,
    mini_checks,
    mini_codes,
    mini_gate,
    mini_login,
    mini_messages,
    mini_orders,
    mini_shipping,
    page,
    pay_bills,
    pay_certificates,
    pay_refunds,
    pay_transactions,
    pay_transfers,
    signing,
)
from server.sandbox.config import SandboxConfig
from server.sandbox.context import Sandbox, open_sandbox
from server.sandbox.control import ControlCall, ControlOperation, Desk
from server.sandbox.errors import ControlError, MiniRefusal, PayError
from server.sandbox.mini_gate import MiniOperation
from server.sandbox.notify import Courier
from server.sandbox.signing import PayOperation

PAY_OPERATIONS = (
    *pay_transactions.OPERATIONS,
    *pay_refunds.OPERATIONS,
    *pay_transfers.OPERATIONS,
    *pay_bills.OPERATIONS,
    *pay_certificates.OPERATIONS,
)
MINI_OPERATIONS = (
    *mini_login.OPERATIONS,
    *mini_messages.OPERATIONS,
    *mini_codes.OPERATIONS,
    *mini_checks.OPERATIONS,
    *mini_shipping.OPERATIONS,
    *mini_orders.OPERATIONS,
)
CHANGES = (pay_refunds.advance_refunds, pay_transfers.advance_transfers, mini_shipping.advance_shipping)
"""Changes that happen only because time passes; the courier runs them on every tick."""

BODY_LIMIT_BYTES = 1_000_000
_HELD_ANSWER_LIMIT_S = 3600

Handler = Callable[..., Coroutine[Any, Any, HTTPResponse]]
SandboxApp = Sanic[Any, Any]


def create_sandbox(config: SandboxConfig) -> SandboxApp:
    """Make a sandbox as a Sanic app for one process. Raises ValueError (bad key), sqlite3.Error (bad state file)."""
    app: SandboxApp = Sanic(f"wechat-sandbox-{secrets.token_hex(4)}", configure_logging=False)
    app.config.REQUEST_MAX_SIZE = BODY_LIMIT_BYTES
    app.config.RESPONSE_TIMEOUT = _HELD_ANSWER_LIMIT_S  # the fault knob ends a held answer, not the server
    app.config.ACCESS_LOG = False
    sandbox = open_sandbox(config)
    courier = Courier(sandbox, CHANGES)
    _add_routes(app, Desk(sandbox, courier))

    async def start(_: SandboxApp) -> None:
        courier.start()

    async def stop(_: SandboxApp) -> None:
        await courier.stop()
        sandbox.store.close()

    app.register_listener(start, "after_server_start")
    app.register_listener(stop, "before_server_stop")
    app.error_handler.add(SanicException, _http_refusal)
    return app


def _add_routes(app: SandboxApp, desk: Desk) -> None:
    for pay_operation in PAY_OPERATIONS:
        _add(app, _pay_handler(desk, pay_operation), pay_operation.path, [pay_operation.method])
    for mini_operation in MINI_OPERATIONS:
        _add(app, _mini_handler(desk.sandbox, mini_operation), mini_operation.path, ["GET", "POST"])
    page.add_routes(app, desk)
    for control_operation in control.OPERATIONS:
        _add(app, _control_handler(desk, control_operation), control_operation.path, [control_operation.method])


def _add(app: SandboxApp, handler: Handler, path: str, methods: list[str]) -> None:
    name = f"{methods[0]}-{path}".replace("/", "-").replace("<", "").replace(">", "")
    # Without a format, Sanic reads each handler's source to choose one for errors; here all errors are JSON.
    app.add_route(handler, path, methods=methods, name=name, unquote=True, error_format="json")


def _pay_handler(desk: Desk, operation: PayOperation) -> Handler:
    async def answer(request: Request, **path: str) -> HTTPResponse:
        desk.courier.tick()  # an answer never lags behind the clock
        return await signing.handle(desk.sandbox, operation, request, path)

    return answer


def _mini_handler(sandbox: Sandbox, operation: MiniOperation) -> Handler:
    async def answer(request: Request) -> HTTPResponse:
        return await mini_gate.handle(sandbox, operation, request)

    return answer


def _control_handler(desk: Desk, operation: ControlOperation) -> Handler:
    async def answer(request: Request) -> HTTPResponse:
        query = {name: request.args.get(name, "") for name in request.args}
        try:
            body = await operation.run(desk, ControlCall(query, request.body))
        except ControlError as refusal:
            return _json({"error": refusal.message}, refusal.status)
        return _json(body, 200)

    return answer


def _json(body: dict[str, Any], status: int) -> HTTPResponse:
    return raw(orjson.dumps(body), status, content_type="application/json")


def _http_refusal(request: Request, error: SanicException) -> HTTPResponse:
    """Answer an unknown path or method, or too large a body, in the format of the imitated host."""
    if request.path.startswith("/v3/"):
        code = "RESOURCE_NOT_EXISTS" if error.status_code == HTTPStatus.NOT_FOUND else "INVALID_REQUEST"
        return signing.refused(PayError(error.status_code, code, "请求的资源不存在或方法不支持"))
    if request.path.startswith(("/control", "/pay")):
        return _json({"error": str(error)}, error.status_code)
    return mini_gate.refused(MiniRefusal(40066, "invalid url"))
