"""What tests of handlers share."""

from typing import Any

import pytest

from tests.support.mall import Mall


@pytest.fixture
def swap(mall: Mall) -> Any:
    """Run the mall with other parts."""
    return mall.swap
