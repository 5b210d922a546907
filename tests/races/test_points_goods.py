"""The points mall under concurrency: the last piece, a member's limit, points spent twice, terms that change."""

import asyncio

import orjson
import pytest

from server import db
from server.core.errors import PromotionRefused
from server.rules.promotions import Promotion
from server.services.checkout import closing
from tests.races import proofs
from tests.races.arena import Arena, outcomes
from tests.support.mall import Mall
from tests.support.points_goods import apply_good, make_good, taken
from tests.support.purse import give_points
from tests.support.shop import make_sku


@pytest.fixture
async def arena(mall: Mall) -> Arena:
    return Arena(mall)


async def rich(arena: Arena, count: int, points: int) -> list[int]:
    members = await arena.members(count)
    for member in members:
        await give_points(arena.mall, member, points)
    return members


async def test_the_last_pieces(arena: Arena) -> None:
    """The good's own stock runs out before that of its SKU."""
    sku = await make_sku(stock=100)
    good = await make_good(arena.mall, sku, 100, 3)
    members = await rich(arena, 12, 100)
    found = await outcomes(*(arena.place(one, sku, promotion=Promotion("points", good)) for one in members))
    assert found.count("promotion_refused") == 9
    assert await taken(good) == 3
    assert await db.fetch_value("SELECT sum(balance) FROM ledger_accounts WHERE code = 'points'") == 900
    await proofs.check(arena.mall)


async def test_one_member_many_times(arena: Arena) -> None:
    """A member gets no more pieces than the limit, and spends no points they do not have."""
    sku = await make_sku()
    limited, dear = await make_good(arena.mall, sku, 10, per_member=2), await make_good(arena.mall, sku, 400)
    (member,) = await rich(arena, 1, 1_000)
    found = await outcomes(*(arena.place(member, sku, promotion=Promotion("points", limited)) for _ in range(8)))
    assert found.count("promotion_refused") == 6
    found = await outcomes(*(arena.place(member, sku, promotion=Promotion("points", dear)) for _ in range(8)))
    assert found.count("points_unavailable") == 6
    assert (await taken(limited), await taken(dear)) == (2, 2)
    await proofs.check(arena.mall)


async def test_closing_against_the_next_buyer(arena: Arena) -> None:
    sku = await make_sku()
    good = await make_good(arena.mall, sku, 10, 1, slug="one")
    one, two = await rich(arena, 2, 10)
    held = await arena.place(one, sku, promotion=Promotion("points", good))
    _, found = await asyncio.gather(
        closing.close(arena.mall.deps, held, "cancelled"),
        outcomes(arena.place(two, sku, promotion=Promotion("points", good))),
    )
    assert await taken(good) == (found != ["promotion_refused"])
    await proofs.check(arena.mall)


async def test_what_changed_between_price_and_placing_is_refused(arena: Arena) -> None:
    """A member who saw the old terms is refused with a reason; nothing is counted."""
    sku = await make_sku()
    good = await make_good(arena.mall, sku, 10, slug="tea")
    order = await arena.place((await arena.members(1))[0], sku)
    order_id = await db.fetch_value("SELECT id FROM orders WHERE order_no = $1", order)
    take = {"good": good, "n": 1, "points": 10, "price_fen": 0}

    async def refusal(**seen: int) -> str:
        with pytest.raises(PromotionRefused) as refused:
            await db.fetch_value("SELECT points_take($1, $2)", order_id, orjson.dumps(take | seen).decode())
        return str(refused.value.detail["reason"])

    assert await refusal(points=9) == "price_changed"
    assert await refusal(price_fen=1) == "price_changed"
    assert await refusal(n=11) == "sold_out"
    await apply_good(arena.mall, slug="tea", active=False)
    assert await refusal() == "over"
    assert await taken(good) == 0
