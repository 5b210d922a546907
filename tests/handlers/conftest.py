"""Fixtures for tests of handlers."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.mall import Mall


@pytest.fixture
def swap(mall: Mall) -> Any:
    """Return a function that gives the application other parts; the mall keeps its own, to build and to compare."""
    app = mall.app
    assert app is not None

    def put(**parts: Any) -> None:
        app.ctx.deps = replace(mall.deps, **parts)

    return put
