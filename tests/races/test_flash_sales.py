"""Flash sales with many buyers: several processes, Redis emptied, a process killed, unpaid orders closed.

`FLASH_BUYERS=2000` runs the full crowd; the default is smaller, to keep the run short.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

from server import db
from server.core.errors import FileInvalid
from server.jobs import ticks
from server.services.checkout import closing
from server.services.promotions import flash_sales
from tests.races import proofs
from tests.races.arena import Arena, outcomes
from tests.support.flash import apply_sale, buy, make_sale, pieces, promotion
from tests.support.mall import Mall
from tests.support.people import make_members
from tests.support.shop import make_sku

BUYERS = int(os.environ.get("FLASH_BUYERS", "300"))
STOCK = max(1, BUYERS // 20)
PROCESSES = 3
AT_ONCE = 16
REFUSALS = {"sold_out", "promotion_queued"}

_HOMES = """
INSERT INTO addresses (member_id, sealed, phone_blind, place_blind, province, city, district, is_default, created_at)
  SELECT m, a.sealed, a.phone_blind, a.place_blind, a.province, a.city, a.district, true, a.created_at
    FROM unnest($1::bigint[]) m, addresses a WHERE a.id = $2
"""


@pytest.fixture
async def arena(mall: Mall) -> AsyncIterator[Arena]:
    yield Arena(mall)
    for tick in ticks.TICKS:
        if tick.name in ("orders_receive", "ledger_roll_up", "flash_sales_settle"):
            await tick.run(mall.deps)
    await proofs.check(mall)


async def crowd(arena: Arena, count: int) -> list[int]:
    """Make members with consecutive ids and an address each."""
    (first,) = await arena.members(1)
    members = await make_members(arena.mall, count)
    async with db.transaction() as tx:
        await tx.execute(_HOMES, members, arena.homes[first])
        for row in await tx.fetch("SELECT id, member_id FROM addresses"):
            arena.homes[row["member_id"]] = row["id"]
    assert members == list(range(members[0], members[0] + count))
    return members


class Processes:
    """Buyers in several processes that start at the same moment."""

    def __init__(self, arena: Arena, urls: tuple[str, str], item: int) -> None:
        self._arena = arena
        self._urls = urls
        self._item = item
        self.running: list[Process] = []

    async def start(self, members: list[int]) -> None:
        folder = str(self._arena.mall.folder)
        share = -(-len(members) // PROCESSES)
        for at in range(0, len(members), share):
            mine = members[at : at + share]
            numbers = (str(self._item), str(mine[0]), str(mine[-1]), str(AT_ONCE))
            self.running.append(
                await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "tests.support.flash", folder, *self._urls, *numbers),
                    stdin=PIPE,
                    stdout=PIPE,
                    limit=2**20,
                )
            )
        for one in self.running:
            assert one.stdout is not None
            assert await one.stdout.readline() == b"ready\n"

    async def buy(self, meanwhile: Callable[[], Awaitable[None]] | None = None) -> dict[int, str]:
        """Return each member's answer; members of a process that died are missing."""
        for one in self.running:
            assert one.stdin is not None
            one.stdin.write(b"go\n")
            await one.stdin.drain()
        reading = [asyncio.ensure_future(self._read(one)) for one in self.running]
        if meanwhile is not None:
            await meanwhile()
        answers = await asyncio.gather(*reading)
        for one in self.running:
            await one.wait()
        return {int(member): answer for lines in answers for member, answer in lines}

    async def _read(self, one: Process) -> list[list[str]]:
        assert one.stdout is not None
        said = (await one.stdout.read()).decode()
        return [line.split() for line in said.splitlines() if len(line.split()) == 2]


@pytest.fixture
def urls(mall: Mall) -> tuple[str, str]:
    return mall.settings.database_url, mall.settings.redis_url


async def test_a_crowd_for_a_few_pieces_over_several_processes(arena: Arena, urls: tuple[str, str]) -> None:
    """Each piece is sold once, every other buyer gets a reason, and a repeated request gets the same answer."""
    sku = await make_sku(stock=2 * STOCK)
    item = await make_sale(arena.mall, sku, STOCK)
    members = await crowd(arena, BUYERS)
    processes = Processes(arena, urls, item)
    await processes.start(members)
    answers = await processes.buy()
    won = {member: answer for member, answer in answers.items() if answer.startswith("T")}
    assert len(answers) == BUYERS
    assert len(won) == STOCK
    assert {answer for member, answer in answers.items() if member not in won} <= REFUSALS
    rows = await db.fetch("SELECT order_no, member_id FROM orders")
    assert {row["member_id"]: row["order_no"] for row in rows} == won
    assert await pieces(item) == (0, STOCK, 0)
    again = list(won)[:5]
    assert [await buy(arena.mall.deps, one, arena.homes[one], item, sku) for one in again] == [
        won[one] for one in again
    ]


async def test_redis_emptied_again_and_again_in_the_middle(arena: Arena, urls: tuple[str, str]) -> None:
    sku = await make_sku(stock=STOCK)
    item = await make_sale(arena.mall, sku, STOCK)
    members = await crowd(arena, BUYERS // 2)
    processes = Processes(arena, urls, item)
    await processes.start(members)

    async def empty() -> None:
        for _ in range(10):
            await asyncio.sleep(0.1)
            await arena.mall.deps.redis.flushdb()

    answers = await processes.buy(empty)
    won = [answer for answer in answers.values() if answer.startswith("T")]
    assert len(answers) == len(members)
    assert len(set(won)) == await db.fetch_value("SELECT count(*) FROM orders")
    free, held, _ = await pieces(item)
    assert (held, free) == (len(won), STOCK - len(won))
    rest = [member for member, answer in answers.items() if not answer.startswith("T")][:free]
    found = [await buy(arena.mall.deps, one, arena.homes[one], item, sku) for one in rest]
    assert all(one.startswith("T") for one in found), "a piece is stranded"


async def test_a_process_killed_in_the_middle(arena: Arena, urls: tuple[str, str]) -> None:
    """Each order that the process had begun exists whole or not at all; other buyers take the rest."""
    sku = await make_sku(stock=STOCK)
    item = await make_sale(arena.mall, sku, STOCK)
    members = await crowd(arena, BUYERS // 2)
    processes = Processes(arena, urls, item)
    await processes.start(members)

    async def kill() -> None:
        await asyncio.sleep(0.15)
        processes.running[0].kill()

    answers = await processes.buy(kill)
    rows = {row["member_id"]: row["order_no"] for row in await db.fetch("SELECT order_no, member_id FROM orders")}
    assert {member: no for member, no in answers.items() if no.startswith("T")}.items() <= rows.items()
    silent = [member for member in members if member not in answers]
    await arena.mall.deps.redis.delete(f"flash:{{{item}}}:claim")
    for at in range(0, len(silent), 10):  # they send the same request again
        asking = silent[at : at + 10]
        told = await asyncio.gather(*(buy(arena.mall.deps, one, arena.homes[one], item, sku) for one in asking))
        answers |= dict(zip(asking, told, strict=True))
    rows = {row["member_id"]: row["order_no"] for row in await db.fetch("SELECT order_no, member_id FROM orders")}
    assert rows == {member: answer for member, answer in answers.items() if answer.startswith("T")}
    assert len(rows) == STOCK


async def test_unpaid_pieces_come_back_and_are_sold_again(arena: Arena) -> None:
    sku = await make_sku(stock=5)
    item = await make_sale(arena.mall, sku, 5)
    members = await arena.members(30)
    waiting = list(members[5:])

    async def place(member: int) -> str:
        return await arena.place(member, sku, promotion=promotion(item))

    first = await outcomes(*(place(member) for member in members[:5]))
    late = await outcomes(*(place(member) for member in waiting))
    assert set(late) == {"promotion_queued"}

    async def close(order_no: str) -> bool:
        return await closing.close(arena.mall.deps, order_no, "timeout")

    async def try_again(member: int) -> str:
        return await buy(arena.mall.deps, member, arena.homes[member], item, sku)

    found = await outcomes(*(close(no) for no in first), *(try_again(member) for member in waiting))
    _, held, _ = await pieces(item)
    assert held == len([one for one in found if isinstance(one, str) and one.startswith("T")])
    await arena.mall.deps.redis.delete(f"flash:{{{item}}}:claim")
    while (await pieces(item))[0]:
        assert (await try_again(waiting.pop())).startswith(("T", "promotion_queued", "limit"))
    assert await pieces(item) == (0, 5, 0)


async def test_the_limit_by_one_member_many_times(arena: Arena) -> None:
    sku = await make_sku(stock=50)
    item = await make_sale(arena.mall, sku, 50, per_member=3)
    for member in await arena.members(3):
        found = await outcomes(*(arena.place(member, sku, promotion=promotion(item)) for _ in range(12)))
        assert Counter(one if one == "promotion_refused" else "order" for one in found) == {
            "order": 3,
            "promotion_refused": 9,
        }
    assert await pieces(item) == (41, 9, 0)


async def test_a_session_ends_while_payments_and_closings_arrive(arena: Arena) -> None:
    mall = arena.mall
    sku = await make_sku(stock=20)
    item = await make_sale(mall, sku, 16, ends_at=mall.clock.now() + timedelta(seconds=60))
    members = await arena.members(12)
    orders = [await arena.place(member, sku, promotion=promotion(item)) for member in members]
    paying = [await arena.notice(no) for no in orders[:6]]
    mall.clock.advance(60)
    await outcomes(
        *(arena.settle(said) for said in paying[:3]),
        flash_sales.settle_over(mall.deps),
        *(closing.close(mall.deps, no, "timeout") for no in orders[6:9]),
        flash_sales.settle_over(mall.deps),
        *(arena.settle(said) for said in paying[3:]),
        *(closing.close(mall.deps, no, "timeout") for no in orders[9:]),
    )
    assert await pieces(item) == (0, 0, 6)
    row = await db.fetch_row("SELECT available, reserved, sold FROM skus")
    assert row is not None
    assert tuple(row) == (14, 0, 6)


async def test_stock_changed_while_buyers_race(arena: Arena) -> None:
    """Lowered, raised, lowered: the stock never falls below what is taken, and the answers about it are true."""
    mall = arena.mall
    sku = await make_sku(stock=60)
    code = await db.fetch_value("SELECT code FROM skus WHERE id = $1", sku)
    item = await make_sale(mall, sku, 40)
    members = await arena.members(60)

    async def set_stock(stock: int) -> str:
        try:
            await apply_sale(mall, slug="sale", items=[{"sku": code, "stock": stock}])
        except FileInvalid:
            return "too few"
        return "set"

    buying = [arena.place(member, sku, promotion=promotion(item)) for member in members]
    found = await outcomes(*buying[:25], set_stock(30), *buying[25:50], set_stock(45), set_stock(28), *buying[50:])
    assert {one for one in found if not str(one).startswith("T")} <= {
        "set", "too few", "promotion_queued", "promotion_refused", "busy",
    }  # fmt: skip
    free, held, _ = await pieces(item)
    stock = await db.fetch_value("SELECT stock FROM flash_items")
    assert free + held == stock
    assert held == await db.fetch_value("SELECT count(*) FROM orders")
    assert await db.fetch_value("SELECT reserved FROM skus") == stock
