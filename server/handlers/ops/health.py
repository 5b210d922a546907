"""Liveness, readiness, and metrics for Prometheus."""

from typing import Any

from redis.exceptions import RedisError
from sanic import Blueprint, Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from server import db, schema
from server.core.errors import NotAllowed, Refusal
from server.gateways.ports import Deps
from server.handlers.ops import metrics
from server.handlers.ops.insiders import is_insider

blueprint = Blueprint("ops")


@blueprint.get("/healthz")
async def healthz(_request: Request) -> HTTPResponse:
    """Answer as long as the process lives."""
    return json_response({"ok": True})


@blueprint.get("/readyz")
async def readyz(request: Request) -> HTTPResponse:
    """Check database, its role, Redis and migrations; 503 if one does not fit. Only insiders see which."""
    deps: Deps = request.app.ctx.deps
    checks: dict[str, Any] = {}
    try:
        checks["database"] = await db.fetch_value("SELECT true")
        checks["migrations"] = not await schema.pending()
        checks["role"] = await schema.unfit_role() is None
    except (Refusal, OSError):
        checks["database"] = False
    try:
        checks["redis"] = bool(await deps.redis.ping())
    except (RedisError, OSError):
        checks["redis"] = False
    ready = all(checks.values())
    detail = {"checks": checks} if is_insider(request) else {}
    return json_response({"ok": ready, **detail}, status=200 if ready else 503)


@blueprint.get("/metrics")
async def show_metrics(request: Request) -> HTTPResponse:
    """Show metrics for Prometheus to insiders. Raises NotAllowed."""
    if not is_insider(request):
        raise NotAllowed
    return HTTPResponse(await metrics.exposition(request.app.ctx.deps), 200, None, metrics.CONTENT_TYPE)
