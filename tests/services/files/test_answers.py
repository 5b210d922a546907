import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from server.services.files.answers import Answers, Batched


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


async def test_answers_that_are_too_old_are_made_together(database: str) -> None:
    asked: list[list[int]] = []

    async def make(numbers: Sequence[int]) -> dict[int, bytes]:
        asked.append(sorted(numbers))
        await asyncio.sleep(0.01)
        return {number: b"%d" % number for number in numbers if number < 100}

    answers = Batched(max_age_s=1, size=3)
    assert await answers.get(1, make) == b"1"
    assert await asyncio.gather(*(answers.get(number, make) for number in (1, 2, 3, 100))) == [b"1", b"2", b"3", None]
    assert asked == [[1], [2], [3, 100], [100]]  # calls during the making of 2 wait together; 100 does not exist
    await asyncio.gather(*(answers.get(number, make) for number in (1, 2)))
    await asyncio.sleep(1)
    assert await answers.get(1, make) == b"1"
    assert asked[4:] == [[1, 2]]  # nobody asked for 3 again
    assert await answers.get(4, make) == b"4"
    assert await answers.get(2, make) == b"2"
    assert await answers.get(3, make) == b"3"
    assert asked[5:] == [[4], [3]]  # the cache holds three, so the oldest was dropped


async def test_a_batch_that_fails_fails_one_request(database: str) -> None:
    turns = iter((1, 2))

    async def make(numbers: Sequence[int]) -> dict[int, bytes]:
        await asyncio.sleep(0.01)
        if next(turns) == 1:
            raise OSError
        return dict.fromkeys(numbers, b"second")

    answers = Batched(max_age_s=60, size=10)
    first, second = await asyncio.gather(answers.get(1, make), answers.get(2, make), return_exceptions=True)
    assert isinstance(first, OSError)
    assert second == b"second"
