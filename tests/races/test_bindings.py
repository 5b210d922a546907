"""Concurrent bindings on real connections: never a loop, never an outdated copy of an ancestor."""

import asyncio
import itertools
import random

import pytest

from server import db
from server.core.errors import Refusal
from server.models import Member
from server.services.referrals import bindings
from tests.support.locks import held, waiting
from tests.support.mall import Mall
from tests.support.people import make_members


async def bind(mall: Mall, member_id: int, referrer_id: int) -> str:
    try:
        await bindings.bind_late(mall.deps, member_id, f"S{referrer_id}")
    except Refusal as refusal:
        return refusal.code
    return "bound"


async def correct(mall: Mall, member_id: int, referrer_id: int) -> str:
    try:
        await bindings.correct_binding(mall.deps, member_id, referrer_id, "race", "boss")
    except Refusal as refusal:
        return refusal.code
    return "bound"


async def check_tree() -> None:
    """Check that nobody is their own ancestor, and that every row's ancestors match a walk up the tree."""
    referrer = {row.id: row.referrer_id for row in await Member.all()}
    for row in await Member.all():
        seen, above = {row.id}, referrer[row.id]
        while above is not None:
            assert above not in seen, "a loop"
            seen.add(above)
            above = referrer[above]
        walked = [row.referrer_id]
        for _ in range(2):
            walked.append(None if walked[-1] is None else referrer[walked[-1]])
        assert [row.referrer_id, row.ancestor2_id, row.ancestor3_id] == walked
    open_rows = await db.fetch("SELECT member_id, referrer_id FROM bindings WHERE valid_to IS NULL")
    assert {row["member_id"]: row["referrer_id"] for row in open_rows} == {k: v for k, v in referrer.items() if v}


@pytest.mark.parametrize("size", [2, 4])
async def test_a_ring_at_once(mall: Mall, size: int) -> None:
    for _ in range(10):
        ring = await make_members(mall, size)
        wishes = list(zip(ring, ring[1:] + ring[:1], strict=True))
        random.shuffle(wishes)
        found = await asyncio.gather(*(bind(mall, *wish) for wish in wishes))
        assert "bound" in found
        assert set(found) <= {"bound", "loop", "has_downline"}
    await check_tree()


async def test_one_member_by_many_at_once(mall: Mall) -> None:
    member, *sharers = await make_members(mall, 7)
    found = await asyncio.gather(*(bind(mall, member, sharer) for sharer in sharers))
    assert sorted(found) == ["already_bound"] * 5 + ["bound"]
    await check_tree()


async def test_corrections_among_bindings(mall: Mall) -> None:
    chance = random.Random(7)
    people = await make_members(mall, 24)
    for start in range(0, 24, 4):
        a, b, c, d = people[start : start + 4]
        assert [await bind(mall, b, a), await bind(mall, c, b), await bind(mall, d, c)] == ["bound"] * 3
    fresh = await make_members(mall, 24)
    work = [bind(mall, one, chance.choice(people)) for one in fresh]
    work += [correct(mall, *chance.sample(people, 2)) for _ in range(16)]
    chance.shuffle(work)
    found = await asyncio.gather(*work)
    assert found.count("bound") > 24
    assert set(found) <= {"bound", "loop", "already_bound"}
    await check_tree()


async def test_two_corrections_that_share_no_row_do_not_make_a_ring(mall: Mall) -> None:
    """
    Given two chains of six
    When the head of each is moved below the foot of the other at the same moment, so that the moves share no row
    Then one correction waits for the other and finds the loop that it would close
    """
    first, second = await make_members(mall, 6), await make_members(mall, 6)
    for chain in (first, second):
        for above, below in itertools.pairwise(chain):
            assert await bind(mall, below, above) == "bound"
    async with held("LOCK TABLE bindings IN SHARE MODE"):
        both = asyncio.gather(correct(mall, first[0], second[-1]), correct(mall, second[0], first[-1]))
        await waiting(2)
    assert sorted(await both) == ["bound", "loop"]
    await check_tree()


async def test_a_binding_waits_for_a_correction(mall: Mall) -> None:
    """A correction looks at the whole tree, so a binding at the same time has to wait."""
    boss, member, newcomer, elsewhere = await make_members(mall, 4)
    async with held("LOCK TABLE bindings IN SHARE MODE"):
        correction = asyncio.create_task(correct(mall, member, boss))
        await waiting()
        binding = asyncio.create_task(bind(mall, newcomer, elsewhere))
        await waiting(2)
        assert await db.fetch_value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == 1
    assert (await correction, await binding) == ("bound", "bound")
    await check_tree()
