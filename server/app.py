"""The HTTP application: routes, error handling, start and stop. No business logic."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from redis.exceptions import RedisError
from sanic import Request, Sanic
from sanic.exceptions import SanicException
from sanic.response import HTTPResponse

from server.core import errors, ids
from server.core.errors import Refusal
from server.handlers import rooms
from server.handlers.admin import screen
from server.handlers.endpoint import JSON_TYPE, drain
from server.handlers.headers import readable
from server.handlers.ops import metrics, openapi

log = logging.getLogger("tuisan.app")

Start = Callable[[Sanic[Any, Any]], Coroutine[Any, Any, None]]

_BODY_LIMIT = 256 * 1024
_DRAIN_S = 10.0


def create_app(name: str, start: Start, stop: Start, *, development: bool, documents: bool) -> Sanic[Any, Any]:
    """Create the application under its own name. `start` fills `app.ctx.deps` and opens the pool, `stop` closes it.

    `development` adds the `/sandbox/*` calls, `documents` adds the OpenAPI pages.
    """
    app: Sanic[Any, Any] = Sanic(name, configure_logging=False, strict_slashes=False)
    app.config.update(
        REQUEST_MAX_SIZE=_BODY_LIMIT,
        REQUEST_TIMEOUT=20,
        RESPONSE_TIMEOUT=30,
        KEEP_ALIVE_TIMEOUT=75,
        GRACEFUL_SHUTDOWN_TIMEOUT=10,
        ACCESS_LOG=False,
        FALLBACK_ERROR_FORMAT="json",
        OAS=False,
    )
    shown = [*rooms.SHOP]
    for room in shown:
        app.blueprint(room.blueprint)
    for blueprint in rooms.plain(development=development):
        app.blueprint(blueprint)
    if documents:
        openapi.publish(app, [endpoint for room in shown for endpoint in room.endpoints])
    app.exception(Exception)(_refuse)
    metrics.watch(app)
    app.before_server_start(start)

    async def stop_all(running: Sanic[Any, Any]) -> None:
        await drain(_DRAIN_S)
        await stop(running)

    app.after_server_stop(stop_all)
    return app


async def _refuse(request: Request, error: Exception) -> HTTPResponse:
    """Answer every failure in one envelope. An unexpected one is logged with its trace and shows the client nothing."""
    request_id = ids.code(12)
    headers = {}
    if isinstance(error, Refusal):
        status, code, message, detail = error.status, error.code, error.message, error.detail
        if error.retry_after_s is not None:
            headers["Retry-After"] = str(error.retry_after_s)
    elif isinstance(error, RedisError):
        log.warning("request %s: Redis is not to be had: %s", request_id, error)
        return await _refuse(request, errors.Busy())
    elif isinstance(error, SanicException) and (known := _HTTP.get(error.status_code)):
        return await _refuse(request, known())
    elif isinstance(error, SanicException) and error.status_code < 500:  # noqa: PLR2004 - HTTP's own border
        status, code, message, detail = (
            error.status_code,
            "http",
            "请求无法处理",
            {"problem": readable(str(error)[:200])},
        )
    else:
        log.error("request %s %s %s failed", request_id, request.method, request.path, exc_info=error)
        status, code, message, detail = 500, "internal", "系统出错了，我们已记录", {}
    if screen.is_of_the_panel(request.path):
        answer = await screen.told(request, status, code, message)
        answer.headers.extend(headers)
        return answer
    body = {"error": {"code": code, "message": message, "detail": detail, "request_id": request_id}}
    return HTTPResponse(msgspec.json.encode(body), status, headers, JSON_TYPE)


_HTTP: dict[int, type[Refusal]] = {
    404: errors.NotFound,
    413: errors.TooLarge,
    503: errors.Busy,
}
