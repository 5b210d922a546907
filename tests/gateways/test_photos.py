"""Pictures fetched from other hosts."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sanic import Request, Sanic
from sanic.response import HTTPResponse

from server.gateways import photos
from tests.support.mall import free_port


@pytest.fixture
async def host() -> AsyncIterator[str]:
    """Run a host of pictures."""
    app: Sanic[Any, Any] = Sanic("photo-host")
    app.config.TOUCHUP = False

    @app.get("/<name:path>")
    async def serve(request: Request, name: str) -> HTTPResponse:
        bodies = {
            "a/honey.png": (200, b"picture", "image/png"),
            "page": (200, b"<html>", "text/html"),
            "gone.png": (404, b"", "image/png"),
            "large.png": (200, b"x" * (photos.MOST_BYTES + 1), "image/png"),
        }
        status, body, kind = bodies[name]
        return HTTPResponse(body, status, content_type=kind)

    port = free_port()
    server: Any = await app.create_server(host="127.0.0.1", port=port, return_asyncio_server=True)
    await server.startup()
    await server.start_serving()
    yield f"http://127.0.0.1:{port}"
    await server.close()


async def test_only_pictures_of_a_bearable_size_are_had(host: str) -> None:
    assert await photos.fetch(f"{host}/a/honey.png?size=800", 3) == b"picture"
    for name in ("page", "gone.png", "large.png"):
        assert await photos.fetch(f"{host}/{name}", 3) is None


async def test_a_host_that_is_down() -> None:
    assert await photos.fetch(f"http://127.0.0.1:{free_port()}/a.png", 1) is None
