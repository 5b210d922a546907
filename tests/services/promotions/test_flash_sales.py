"""Flash sales with one buyer at a time: the gate, the pieces, the end."""

from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import msgspec
import pytest
import redis.asyncio as aioredis

from server import db
from server.core.errors import PromotionQueued, PromotionRefused, PromotionUnknown, Refusal
from server.db import Connection
from server.gateways.ports import Deps
from server.jobs import ticks
from server.services.checkout import closing, placing
from server.services.checkout.facts import Wanted
from server.services.promotions import flash_gate, flash_sales
from tests.races import proofs
from tests.races.arena import Arena, keyed
from tests.support.flash import apply_sale, make_sale, pieces, problems, promotion, stock_of
from tests.support.mall import Mall
from tests.support.shop import make_sku, shopper, work

HOUR = timedelta(hours=1)


@pytest.fixture
async def arena(mall: Mall) -> AsyncIterator[Arena]:
    yield Arena(mall)
    await proofs.check(mall)


async def refusal(arena: Arena, member: int, sku: int, item: int, quantity: int = 1) -> dict[str, Any]:
    with pytest.raises(Refusal) as refused:
        await arena.place(member, sku, quantity, promotion=promotion(item))
    return {"code": refused.value.code, **refused.value.detail}


async def fresh(mall: Mall, item: int) -> None:
    """Read the gate again, as it is done every second."""
    await mall.deps.redis.delete(f"flash:{{{item}}}:claim")


async def test_a_piece_from_setting_apart_to_being_sold(arena: Arena) -> None:
    sku = await make_sku(stock=10)
    item = await make_sale(arena.mall, sku, 4)
    assert await stock_of(sku) == (6, 4, 0)
    one, two = await arena.members(2)
    order_no = await arena.place(one, sku, promotion=promotion(item))
    assert await stock_of(sku) == (6, 4, 0)
    assert await pieces(item) == (3, 1, 0)
    row = await db.fetch_row("SELECT kind, promotion_id, cash_due_fen, freight_fen FROM orders")
    assert row is not None
    assert (row["kind"], row["promotion_id"], row["cash_due_fen"] - row["freight_fen"]) == ("flash_sale", item, 990)
    await arena.settle(await arena.notice(order_no))
    assert await stock_of(sku) == (6, 3, 1)
    assert await pieces(item) == (3, 0, 1)
    given_up = await arena.place(two, sku, promotion=promotion(item))
    await closing.close(arena.mall.deps, given_up, "cancelled")
    assert await pieces(item) == (3, 0, 1)
    assert await stock_of(sku) == (6, 3, 1)
    await arena.buy(two, sku, promotion=promotion(item))
    await work(arena.mall)


async def test_who_comes_too_early_too_late_or_too_often(arena: Arena) -> None:
    mall, now = arena.mall, arena.mall.clock.now()
    sku = await make_sku()
    item = await make_sale(mall, sku, 9, starts_at=now + HOUR, ends_at=now + 2 * HOUR, per_member=2)
    (member,) = await arena.members(1)
    early = await refusal(arena, member, sku, item)
    assert early == {"code": "promotion_refused", "reason": "not_started", "starts_at": early["starts_at"]}
    assert early["starts_at"].startswith((now + HOUR).isoformat()[:19])
    mall.clock.advance(3600)
    assert (await refusal(arena, member, sku, item, 3))["reason"] == "limit"
    await arena.place(member, sku, promotion=promotion(item))
    await arena.place(member, sku, promotion=promotion(item))
    assert await refusal(arena, member, sku, item) == {"code": "promotion_refused", "reason": "limit", "per_member": 2}
    other_sku = await make_sku()
    with pytest.raises(PromotionRefused) as mixed:
        await placing.place(
            mall.deps,
            member,
            Wanted(((sku, 1), (other_sku, 1)), address_id=arena.homes[member], promotion=promotion(item)),
            keyed(),
        )
    assert mixed.value.detail["reason"] == "items"
    mall.clock.advance(3600)
    assert (await refusal(arena, member, sku, item))["reason"] == "over"
    (stranger,) = await arena.members(1)
    assert await refusal(arena, stranger, sku, item) == {"code": "promotion_refused", "reason": "over"}
    with pytest.raises(PromotionUnknown):
        await arena.place(member, sku, promotion=promotion(10**6))
    await work(mall)


async def test_an_answer_that_was_lost_is_given_again_when_all_is_gone(arena: Arena) -> None:
    sku = await make_sku()
    item = await make_sale(arena.mall, sku, 1)
    one, two = await arena.members(2)
    order_no = await arena.place(one, sku, key="k", promotion=promotion(item))
    assert await arena.place(one, sku, key="k", promotion=promotion(item)) == order_no
    await fresh(arena.mall, item)
    assert (await refusal(arena, two, sku, item))["code"] == "promotion_queued"
    await arena.settle(await arena.notice(order_no))
    await fresh(arena.mall, item)
    assert (await refusal(arena, two, sku, item))["reason"] == "sold_out"
    await arena.mall.deps.redis.flushdb()
    assert await arena.place(one, sku, key="k", promotion=promotion(item)) == order_no
    assert (await refusal(arena, two, sku, item))["reason"] == "sold_out"
    assert (await refusal(arena, one, sku, item))["reason"] == "limit"


async def test_preview_says_what_placing_would(arena: Arena) -> None:
    deps = arena.mall.deps
    sku = await make_sku()
    item = await make_sale(arena.mall, sku, 1, per_member=5)
    one, two = await arena.members(2)
    wanted = Wanted(((sku, 1),), address_id=arena.homes[one], promotion=promotion(item))
    seen = await placing.preview(deps, one, wanted)
    assert [(one.kind, one.amount_fen) for one in seen.discounts] == [("promotion", 9_010)]
    order_no = await arena.place(one, sku, promotion=promotion(item))
    theirs = replace(wanted, address_id=arena.homes[two])
    with pytest.raises(PromotionQueued):
        await placing.preview(deps, two, theirs)
    with pytest.raises(PromotionQueued):
        await arena.place(one, sku, promotion=promotion(item))
    await arena.settle(await arena.notice(order_no))
    with pytest.raises(PromotionRefused) as gone:
        await placing.preview(deps, two, theirs)
    assert gone.value.detail == {"reason": "sold_out"}
    with pytest.raises(PromotionUnknown):
        await placing.preview(deps, two, replace(theirs, promotion=promotion(10**6)))
    now = arena.mall.clock.now()
    later = await make_sale(arena.mall, sku, 1, slug="later", starts_at=now + HOUR, ends_at=now + 2 * HOUR)
    with pytest.raises(PromotionRefused) as early:
        await placing.preview(deps, two, replace(theirs, promotion=promotion(later)))
    assert early.value.detail == {"reason": "not_started", "starts_at": (now + HOUR).isoformat()}
    await work(arena.mall)


async def test_the_database_refuses_by_itself(arena: Arena) -> None:
    """The database checks a claim again, whatever the server read before."""
    mall = arena.mall
    sku, other_sku = await make_sku(), await make_sku()
    item = await make_sale(mall, sku, 2, per_member=3)
    other = await make_sale(mall, other_sku, 2, slug="other")
    one, two = await arena.members(2)
    await arena.place(one, sku, promotion=promotion(item))
    order_no = await arena.place(two, other_sku, promotion=promotion(other))
    number = await db.fetch_value("SELECT id FROM orders WHERE order_no = $1", order_no)

    async def take(pieces: tuple[int, ...], price_fen: int) -> None:
        async with db.transaction() as tx:
            for n in pieces:
                asked = f'{{"item": {item}, "n": {n}, "price_fen": {price_fen}}}'
                await tx.execute("SELECT flash_sale_take($1, $2::jsonb)", number, asked)

    async def refused(*pieces: int, price_fen: int = 990) -> str:
        with pytest.raises(Refusal) as said:
            await take(pieces or (1,), price_fen)
        return str(said.value.detail.get("reason", said.value.code))

    async def change(sql: str) -> None:
        async with db.transaction() as tx:
            await tx.execute(sql)

    assert await refused(price_fen=1) == "price_changed"
    assert await refused(4) == "limit"
    assert await refused(1, 3) == "limit"
    assert await refused(2) == "promotion_queued"
    await change(f"UPDATE flash_units SET sold = true WHERE item_id = {item} AND order_id IS NOT NULL")
    assert await refused(2) == "sold_out"
    await change("UPDATE flash_sales SET starts_at = now() + interval '1 hour', ends_at = now() + interval '2 hours'")
    assert await refused() == "not_started"
    await change("UPDATE flash_sales SET starts_at = now() - interval '2 hours', ends_at = now() - interval '1 hour'")
    assert await refused() == "over"
    await change("UPDATE flash_units SET sold = false")


async def test_what_is_left_goes_back_at_the_end(arena: Arena) -> None:
    mall = arena.mall
    sku = await make_sku(stock=10)
    item = await make_sale(mall, sku, 6, per_member=2)
    one, two, three = await arena.members(3)
    await arena.buy(one, sku, promotion=promotion(item))
    late = await arena.place(two, sku, 2, promotion=promotion(item))
    paying = await arena.place(three, sku, promotion=promotion(item))
    assert await flash_sales.settle_over(mall.deps) == 0
    await apply_sale(mall, slug="sale", stop=True)
    assert (await refusal(arena, one, sku, item))["reason"] == "over"
    assert await flash_sales.settle_over(mall.deps) == 1
    assert await flash_sales.settle_over(mall.deps) == 0
    assert await stock_of(sku) == (6, 3, 1)
    assert await pieces(item) == (0, 3, 1)
    await proofs.check(mall)
    await arena.settle(await arena.notice(paying))
    await closing.close(mall.deps, late, "timeout")
    assert await stock_of(sku) == (8, 0, 2)
    assert await pieces(item) == (0, 0, 2)
    assert await db.fetch_value("SELECT returned FROM flash_items") == 4
    assert (await apply_sale(mall, slug="sale", stop=True)).activities == 1  # stopping again changes nothing
    assert await problems(mall, slug="sale", name="再来") == {"": "本场已结束，不能修改"}
    await work(mall)


async def test_a_session_without_anything_left_ends_as_well(arena: Arena) -> None:
    sku = await make_sku()
    item = await make_sale(arena.mall, sku, 1)
    (one,) = await arena.members(1)
    await arena.buy(one, sku, promotion=promotion(item))
    arena.mall.clock.advance(3_601)
    await work(arena.mall)
    assert await db.fetch_value("SELECT settled_at IS NOT NULL FROM flash_sales")
    assert await pieces(item) == (0, 0, 1)


async def test_a_refund_brings_the_piece_back_to_the_goods(arena: Arena) -> None:
    mall = arena.mall
    sku = await make_sku(stock=5)
    item = await make_sale(mall, sku, 2)
    me = await shopper(mall)
    named = {"promotion": {"kind": "flash_sale", "id": item}}
    await me.refund(await me.buy(sku, **named))
    assert await stock_of(sku) == (4, 1, 0)
    assert await pieces(item) == (1, 0, 1)
    asked = await me.ask("POST", "/orders", await me.basket(sku, **named), **{"Idempotency-Key": "again"})
    assert asked.json()["error"]["detail"] == {"reason": "limit", "per_member": 1}
    await work(mall)


class _Broken:
    """A Redis that cannot be reached: every script fails."""

    def register_script(self, _script: str) -> Any:
        async def call(*_arguments: object) -> object:
            raise aioredis.ConnectionError

        return call


async def test_without_redis_a_few_go_through(arena: Arena) -> None:
    mall = arena.mall
    sku = await make_sku()
    item = await make_sale(mall, sku, 100)
    deps: Deps = replace(mall.deps, redis=cast("aioredis.Redis", _Broken()))
    members = await arena.members(flash_gate.PASSING_MOST + 2)
    verdicts = []
    for member in members:
        try:
            await flash_sales.admit(deps, member, promotion(item))
            verdicts.append("pass")
        except PromotionQueued:
            verdicts.append("queued")
    assert verdicts.count("pass") >= flash_gate.PASSING_MOST
    assert verdicts[-1] == "queued"


async def test_a_gate_that_nobody_reads_is_not_waited_for_for_ever(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    mall = arena.mall
    sku = await make_sku()
    item = await make_sale(mall, sku, 100)
    monkeypatch.setattr(flash_gate, "_WAITS", 3)
    await mall.deps.redis.set(f"flash:{{{item}}}:claim", 1)  # the process that should read it has died
    (member,) = await arena.members(1)
    flash_gate._passing.count = 0
    await flash_sales.admit(mall.deps, member, promotion(item))


async def test_gates_are_warm_before_the_start(arena: Arena) -> None:
    mall, now = arena.mall, arena.mall.clock.now()
    sku = await make_sku()
    item = await make_sale(mall, sku, 10, starts_at=now + timedelta(seconds=50), ends_at=now + HOUR)
    later = await make_sale(mall, await make_sku(), 10, slug="later", starts_at=now + HOUR, ends_at=now + 2 * HOUR)
    for tick in ticks.TICKS:
        if tick.name == "flash_gates_warm":
            await tick.run(mall.deps)
    gate = await cast("Awaitable[dict[bytes, bytes]]", mall.deps.redis.hgetall(f"flash:{{{item}}}:gate"))
    assert (gate[b"tokens"], gate[b"open"], gate[b"limit"]) == (b"12", b"10", b"1")
    assert not await mall.deps.redis.exists(f"flash:{{{later}}}:gate")


async def test_a_piece_is_found_without_reading_those_of_other_items(arena: Arena, owner: Connection) -> None:
    """The table is analysed, so the planner believes that most rows fit."""
    (member,) = await arena.members(1)
    skus = [await make_sku(stock=3_000) for _ in range(2)]
    items = [await make_sale(arena.mall, sku, 2_500, slug=f"s{sku}") for sku in skus]
    order_no = await arena.place(member, await make_sku())
    order_id = await db.fetch_value("SELECT id FROM orders WHERE order_no = $1", order_no)
    await owner.execute("ANALYZE flash_units")
    async with db.connection() as connection:
        read = "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'flash_units'"
        before = await connection.fetchval(read) or 0  # counts of this connection that are not reported yet
        undone = connection.transaction()
        await undone.start()
        at = arena.mall.clock.now()
        offer = await flash_sales.offer(connection, member, promotion(items[1]), [(skus[1], 1)], at)
        take = msgspec.json.encode(offer.take).decode()
        await connection.execute("SELECT flash_sale_take($1, $2::jsonb)", order_id, take)
        assert await connection.fetchval("SELECT count(*) FROM flash_units WHERE order_id = $1", order_id) == 1
        assert await connection.fetchval(read) == before
        await undone.rollback()
