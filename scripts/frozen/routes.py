"""Routes of the whole application: method, path, the handler's public name, and who may call it."""

import inspect
from collections.abc import Callable
from typing import Any

from sanic import Sanic

from scripts.frozen.compare import Objects
from server.app import create_app
from server.handlers import rooms
from server.handlers.admin.screen import PREFIX
from server.handlers.endpoint import Endpoint
from server.handlers.ops import openapi


def document() -> dict[str, Any]:
    """Return the shop's OpenAPI document as it is published."""
    return openapi.document([endpoint for room in rooms.SHOP for endpoint in room.endpoints])


def objects() -> Objects:
    """Return `METHOD PATH` → the handler's name and who may call it; routes for development are marked as such."""
    everywhere, developing = _routes(development=False), _routes(development=True)
    return developing | {name: f"{text}, development only" for name, text in developing.items() - everywhere.items()}


def _routes(*, development: bool) -> dict[str, str]:
    app = create_app("frozen", _nothing, _nothing, development=development, documents=development)
    try:
        app.finalize()
        found = {
            f"{method} {route.uri}": f"{route.name.removeprefix('frozen.')}{_entering(route.uri, route.handler)}"
            for route in app.router.routes
            for method in route.methods
        }
    finally:
        Sanic.unregister_app(app)
    return found


async def _nothing(_app: Sanic[Any, Any]) -> None:
    """Do nothing: the application is never started."""


def _entering(uri: str, handler: Callable[..., Any]) -> str:
    """Return who may call the handler, as `Room` and `Screens` store it in their handlers."""
    kept = _kept(handler)
    endpoint = kept.get("endpoint")
    if isinstance(endpoint, Endpoint):
        return f", auth {endpoint.auth}{', idempotency key' if endpoint.keyed else ''}"
    if "permission" in kept:
        permission = kept["permission"]
        return f", permission {permission.value}" if permission else ", any operator"
    return ", permission not declared" if uri.startswith(PREFIX) else ""


def _kept(handler: Callable[..., Any]) -> dict[str, Any]:
    """Return the values of a function's closure, including closures of functions in it."""
    found: dict[str, Any] = {}
    for name, value in inspect.getclosurevars(handler).nonlocals.items():
        if name in {"act", "answer"}:
            found |= _kept(value)
        found[name] = value
    return found
