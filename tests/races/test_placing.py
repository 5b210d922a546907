"""Concurrent placing: the last piece, one key, one coupon, one balance; card keys handed out; deltas rolled up."""

import asyncio

import pytest

from server import db
from server.core.errors import Refusal
from server.jobs import ticks
from server.ledger.chart import SPEND_ONLY
from server.services.checkout import payments
from server.services.coupons import drawer
from server.services.orders import fulfilment, refunds
from tests.races import proofs
from tests.races.arena import Arena, in_one_moment, outcomes
from tests.support.locks import STOCK, held, waiting
from tests.support.mall import Mall
from tests.support.purse import earn
from tests.support.shop import make_sku, make_virtual_sku


@pytest.fixture
def arena(mall: Mall) -> Arena:
    return Arena(mall)


async def test_the_last_pieces(arena: Arena) -> None:
    sku = await make_sku(stock=3)
    found = await outcomes(*(arena.place(member, sku) for member in await arena.members(12)))
    assert found.count("stock_insufficient") == 9
    assert await db.fetch_value("SELECT reserved FROM skus") == 3
    await proofs.check(arena.mall)


async def test_the_last_piece_in_one_moment(arena: Arena) -> None:
    """Both saw it."""
    sku = await make_sku(stock=1)
    found = await in_one_moment(STOCK, sku, *(arena.place(member, sku) for member in await arena.members(2)))
    assert found.count("stock_insufficient") == 1


async def test_what_goes_off_sale_before_its_stock_is_locked_is_not_sold(arena: Arena) -> None:
    sku = await make_sku()
    (member,) = await arena.members(1)
    async with held("UPDATE skus SET on_sale = false WHERE id = $1", sku):
        late = asyncio.ensure_future(outcomes(arena.place(member, sku)))
        await waiting()
    assert await late == ["stock_insufficient"]
    assert await db.fetch_value("SELECT reserved FROM skus") == 0


async def test_stock_is_locked_from_the_lowest_sku_on(arena: Arena) -> None:
    """Whoever waits for a SKU holds no higher one."""
    low, high = await make_sku(), await make_sku()
    (member,) = await arena.members(1)
    async with held(STOCK, low) as holder:
        placed = asyncio.ensure_future(arena.place_basket(member, [high, low]))
        await waiting()
        free = await holder.fetchval(f"{STOCK} SKIP LOCKED", high)
    assert await placed
    assert free == 1


async def test_two_skus_wanted_in_opposite_order(arena: Arena) -> None:
    """Stock rows are locked in one order, whatever the order of the baskets."""
    skus = [await make_sku(stock=100), await make_sku(stock=100)]
    members = await arena.members(20)
    baskets = [skus if turn % 2 else skus[::-1] for turn in range(20)]
    found = await outcomes(*(arena.place_basket(one, basket) for one, basket in zip(members, baskets, strict=True)))
    assert len(set(found)) == 20
    assert await db.fetch_value("SELECT count(*) FROM orders") == 20


@pytest.mark.parametrize("use_balance_fen", [0, 500])
async def test_one_key_many_times(arena: Arena, use_balance_fen: int) -> None:
    """Also when the first request took the last piece or the whole balance."""
    sku = await make_sku(stock=1)
    (member,) = await arena.members(1)
    await earn(arena.mall, member, 500, SPEND_ONLY)
    found = await outcomes(*(arena.place(member, sku, key="k", use_balance_fen=use_balance_fen) for _ in range(12)))
    assert len(set(found)) == 1
    assert await db.fetch_value("SELECT count(*) FROM orders") == 1


async def test_one_key_twice_in_one_moment(arena: Arena) -> None:
    sku = await make_sku()
    (member,) = await arena.members(1)
    one, other = await in_one_moment(STOCK, sku, *(arena.place(member, sku, key="k") for _ in range(2)))
    assert one == other
    assert await db.fetch_value("SELECT count(*) FROM orders") == 1


@pytest.mark.parametrize(
    ("before", "quantity", "use_balance_fen", "kept"), [(4, 1, 0, 5), (4, 1, 500, 5), (0, 11, 0, 1), (0, 11, 500, 1)]
)
async def test_two_orders_of_one_moment_cannot_pass_a_limit_for_one(
    arena: Arena, before: int, quantity: int, use_balance_fen: int, kept: int
) -> None:
    sku = await make_sku()
    (member,) = await arena.members(1)
    await earn(arena.mall, member, 1_000, SPEND_ONLY)
    for _ in range(before):
        await arena.place(member, sku)
    calls = [arena.place(member, sku, quantity, use_balance_fen=use_balance_fen) for _ in range(2)]
    found = await in_one_moment(STOCK, sku, *calls)
    assert found.count("unpaid_limit") == 1
    assert await db.fetch_value("SELECT count(*) FROM orders") == kept
    assert await db.fetch_value("SELECT reserved FROM skus") == before + quantity


async def test_one_coupon_in_two_orders_of_one_moment(arena: Arena) -> None:
    sku, at = await make_sku(), arena.mall.clock.now()
    (member,) = await arena.members(1)
    async with db.transaction() as tx:
        coupon = await drawer.issue(tx, member, "t", "券", 500, 0, at, at.replace(year=at.year + 1))
    found = await in_one_moment(STOCK, sku, *(arena.place(member, sku, coupon_id=coupon) for _ in range(2)))
    assert found.count("coupon_unusable") == 1
    assert await db.fetch_value("SELECT reserved FROM skus") == 1


async def test_one_coupon_in_two_orders(arena: Arena) -> None:
    sku = await make_sku()
    at = arena.mall.clock.now()
    for member in await arena.members(6):
        async with db.transaction() as tx:
            coupon = await drawer.issue(tx, member, f"t:{member}", "券", 500, 0, at, at.replace(year=at.year + 1))
        found = await outcomes(*(arena.place(member, sku, coupon_id=coupon) for _ in range(4)))
        assert found.count("coupon_unusable") == 3
    assert await db.fetch_value("SELECT reserved FROM skus") == 6
    await proofs.check(arena.mall)


async def test_one_balance_in_two_orders(arena: Arena) -> None:
    """The later order is refused, or its rest is paid in cash; never is more held than the member has."""
    sku = await make_sku()
    for member in await arena.members(4):
        await earn(arena.mall, member, 1_500, SPEND_ONLY)
        await outcomes(*(arena.place(member, sku, use_balance_fen=1_000) for _ in range(5)))
        held = await db.fetch_value("SELECT sum(balance_fen)::bigint FROM orders WHERE member_id = $1", member)
        left = await db.fetch_value(
            "SELECT balance FROM ledger_accounts WHERE member_id = $1 AND code = 'spend_only'", member
        )
        assert held in (1_000, 1_500)
        assert held + left == 1_500


async def test_paying_with_balance_many_times(arena: Arena) -> None:
    sku = await make_sku(9_900)
    (member,) = await arena.members(1)
    await earn(arena.mall, member, 9_900, SPEND_ONLY)
    order_no = await arena.place(member, sku, use_balance_fen=9_900)
    found = await outcomes(*(payments.pay(arena.mall.deps, member, order_no) for _ in range(8)))
    assert {one if isinstance(one, str) else one.parameters for one in found} <= {None, "state_conflict"}
    assert await db.fetch_value("SELECT count(*) FROM ledger_entries WHERE kind = 'order_paid'") == 1
    assert await db.fetch_value("SELECT sold FROM skus") == 1


async def test_cards_are_handed_out_once(arena: Arena) -> None:
    sku = await make_virtual_sku(arena.mall, [f"CARD-{n}" for n in range(12)])
    members = await arena.members(6)
    orders = [await arena.buy(member, sku, 2) for member in members]
    ids = [row["id"] for row in await db.fetch("SELECT id FROM orders ORDER BY id")]
    await asyncio.gather(*(fulfilment.deliver_cards(arena.mall.deps, order_id) for order_id in ids * 3))
    held = await db.fetch("SELECT order_line_id, count(*) AS n FROM card_keys GROUP BY order_line_id")
    assert [row["n"] for row in held] == [2] * 6
    states = await db.fetch("SELECT DISTINCT status FROM orders WHERE order_no = ANY ($1)", orders)
    assert [row["status"] for row in states] == ["received"]


async def test_cards_refunded_while_they_are_handed_out(arena: Arena) -> None:
    """Either the member gets the cards, or the shop gets them back and the member the money."""
    sku = await make_virtual_sku(arena.mall, [f"CARD-{n}" for n in range(16)])
    members = await arena.members(8)
    orders = [await arena.buy(member, sku, 2) for member in members]
    ids = [row["id"] for row in await db.fetch("SELECT id FROM orders ORDER BY id")]
    refund = [arena.refund(*pair) for pair in zip(members, orders, strict=True)]
    deliver = [fulfilment.deliver_cards(arena.mall.deps, order_id) for order_id in ids]
    await outcomes(*(one for pair in zip(refund, deliver, strict=True) for one in pair))
    both = await db.fetch_value(
        "SELECT count(*) FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN card_keys k"
        " ON k.order_line_id = l.id WHERE o.status = 'refunded'"
    )
    assert both == 0
    free = await db.fetch_value("SELECT count(*) FROM card_keys WHERE order_line_id IS NULL")
    assert await db.fetch_value("SELECT available FROM skus WHERE id = $1", sku) == free


async def test_cards_of_a_mixed_order_are_not_kept_after_a_refund_without_review(arena: Arena) -> None:
    card = await make_virtual_sku(arena.mall, ["CARD-1"])
    parcel = await make_sku()
    (member,) = await arena.members(1)
    order_no = await arena.place_basket(member, [card, parcel])
    await arena.settle(await arena.notice(order_no))
    order_id = await db.fetch_value("SELECT id FROM orders")
    await fulfilment.deliver_cards(arena.mall.deps, order_id)
    asked = await arena.refund(member, order_no)
    assert asked["state"] == "requested"
    await refunds.approve(arena.mall.deps, asked["refund_no"], "boss")
    rows = await db.fetch("SELECT available FROM skus ORDER BY id")
    assert sorted(row["available"] for row in rows) == [0, 1000]  # a card whose key was seen is not sold again


async def test_many_roll_ups(arena: Arena) -> None:
    sku = await make_sku()
    members = await arena.members(4)

    async def pay(member: int) -> None:
        for _ in range(5):
            await arena.buy(member, sku)

    async def roll_up() -> None:
        for _ in range(15):
            async with db.transaction() as tx:
                await tx.fetchval("SELECT ledger_roll_up(3)")

    try:
        await asyncio.gather(*(pay(member) for member in members), *(roll_up() for _ in range(5)))
    except Refusal as refusal:
        raise refusal.__cause__ or refusal from None
    await ticks.roll_up_ledger(arena.mall.deps)
    assert await db.fetch_value("SELECT count(*) FROM ledger_deltas") == 0
    assert await db.fetch_value("SELECT balance FROM ledger_accounts WHERE code = 'sales'") == 20 * 10_000
