"""What tests of handlers share."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.mall import Mall


@pytest.fixture
def swap(mall: Mall) -> Any:
    """Let the application run with other parts; the mall's own stay, to be built on and compared with."""
    app = mall.app
    assert app is not None

    def put(**parts: Any) -> None:
        app.ctx.deps = replace(mall.deps, **parts)

    return put
