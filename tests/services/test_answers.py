import asyncio
from collections.abc import Awaitable, Callable

import pytest

from server.services.answers import Answers


async def test_one_request_makes_the_answer_and_the_others_wait_for_it(database: str) -> None:
    made = 0

    async def make() -> bytes:
        nonlocal made
        made += 1
        await asyncio.sleep(0.01)
        return f"{made}".encode()

    answers = Answers(max_age_s=60, size=10)
    assert await asyncio.gather(*(answers.get("key", make) for _ in range(20))) == [b"1"] * 20
    assert await answers.get("other", make) == b"2"


async def test_a_failure_is_nobody_elses(database: str) -> None:
    turns = iter((1, 2))

    async def make() -> bytes:
        await asyncio.sleep(0.01)
        if next(turns) == 1:
            raise OSError
        return b"second"

    answers = Answers(max_age_s=60, size=10)
    first, second = await asyncio.gather(answers.get("key", make), answers.get("key", make), return_exceptions=True)
    assert isinstance(first, OSError)
    assert second == b"second"


async def test_a_request_that_goes_away_leaves_the_refresh_to_the_next(database: str) -> None:
    gate = asyncio.Event()

    async def make() -> bytes:
        await gate.wait()
        return b"made"

    answers = Answers(max_age_s=60, size=10)
    first = asyncio.ensure_future(answers.get("key", make))
    second = asyncio.ensure_future(answers.get("key", make))
    await asyncio.sleep(0)
    first.cancel()
    gate.set()
    assert await second == b"made"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_the_oldest_key_makes_room(database: str) -> None:
    made: list[str] = []

    def maker(name: str) -> Callable[[], Awaitable[bytes]]:
        async def make() -> bytes:
            made.append(name)
            return name.encode()

        return make

    answers = Answers(max_age_s=60, size=2)
    for name in ("a", "b", "c", "c", "b", "a"):
        await answers.get(name, maker(name))
    assert made == ["a", "b", "c", "a"]


async def test_age_counts_from_before_the_reading(database: str) -> None:
    made = 0

    async def make() -> bytes:
        nonlocal made
        made += 1
        await asyncio.sleep(0.05)
        return b""

    answers = Answers(max_age_s=0.04, size=2)
    await answers.get("key", make)
    await answers.get("key", make)
    assert made == 2
