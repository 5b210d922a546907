"""What tests of handlers share."""

from dataclasses import replace
from typing import Any

import pytest
from sanic import Sanic

from server.gateways.ports import Deps
from tests.support.mall import Mall


@pytest.fixture
def swap(mall: Mall) -> Any:
    """Run the mall with other parts."""
    app = next(app for app in Sanic._app_registry.values() if getattr(app.ctx, "deps", None) is mall.deps)

    def put(**parts: Any) -> None:
        deps: Deps = replace(mall.deps, **parts)
        app.ctx.deps = deps

    return put
