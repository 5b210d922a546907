"""Every story ends with a proof of the books."""

from collections.abc import AsyncIterator

import pytest

from tests.support.mall import Mall
from tests.support.proof import proved


@pytest.fixture(autouse=True)
async def _the_books_are_right(mall: Mall) -> AsyncIterator[None]:
    yield
    await proved(mall)
