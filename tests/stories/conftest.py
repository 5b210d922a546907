"""Every story ends with a proof of the books."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from server.core.errors import WeChatUnavailable
from server.gateways.ports import OutcomeUnknown, WeChatError
from tests.support.mall import Mall
from tests.support.proof import proved
from tests.support.shop import work


@pytest.fixture(autouse=True)
async def _the_books_are_right(mall: Mall) -> AsyncIterator[None]:
    yield
    rested = False
    with contextlib.suppress(
        WeChatUnavailable, WeChatError, OutcomeUnknown
    ):  # a story may end while something cannot go on
        await work(mall)
        rested = True
    await proved(mall, rested=rested)
