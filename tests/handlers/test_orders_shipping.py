"""Shipping: the operator's step, the upload to WeChat, and receipt."""

import httpx
import pytest

from server import db
from server.core.errors import NotFound, StateConflict
from server.gateways.ports import OutcomeUnknown
from server.services.orders import fulfilment
from tests.support.mall import Mall
from tests.support.shop import make_sku, make_virtual_sku, shopper, work


async def test_shipping_reaches_wechat_and_the_member_receives(mall: Mall) -> None:
    me = await shopper(mall)
    order_no = await me.buy(await make_sku())
    await work(mall)
    with pytest.raises(httpx.HTTPStatusError):
        await mall.control("confirm_receive", out_trade_no=order_no)
    await fulfilment.ship(mall.deps, order_no, "SF", "SF1234567890", "tester")
    assert (await me.order(order_no))["allowed_actions"] == ["receive", "refund"]
    await work(mall)
    confirmed = await mall.control("confirm_receive", out_trade_no=order_no)
    assert confirmed["transaction_id"]
    with pytest.raises(StateConflict):
        await fulfilment.ship(mall.deps, order_no, "SF", "SF1234567890", "tester")
    with pytest.raises(NotFound):
        await fulfilment.ship(mall.deps, "T0", "SF", "SF1234567890", "tester")


async def test_virtual_delivery_reaches_wechat_too(mall: Mall) -> None:
    me = await shopper(mall)
    order_no = await me.buy(await make_virtual_sku(mall, ["ONE"]))
    with pytest.raises(StateConflict):
        await fulfilment.ship(mall.deps, order_no, "SF", "SF1234567890", "tester")
    await work(mall)
    assert (await mall.control("confirm_receive", out_trade_no=order_no))["transaction_id"]


async def test_a_payment_that_wechat_does_not_know_yet_is_reported_again(mall: Mall) -> None:
    me = await shopper(mall)
    order_no = await me.buy(await make_sku())
    await work(mall)
    await mall.control("knobs", shipping_not_found=True)
    await fulfilment.ship(mall.deps, order_no, "SF", "SF1234567890", "tester")
    with pytest.raises(OutcomeUnknown):
        await work(mall)
    await mall.control("knobs", reset=True)
    mall.clock.advance(120)
    await work(mall)
    assert (await mall.control("confirm_receive", out_trade_no=order_no))["transaction_id"]


async def test_missing_card_keys_are_told_and_handed_out_once_they_are_stocked_in(mall: Mall) -> None:
    sku = await make_virtual_sku(mall, ["K-1", "K-2"])
    anna = await shopper(mall)
    async with db.connection() as connection:  # the stock says two, but no card key is free
        await connection.execute("UPDATE card_keys SET order_line_id = -1 WHERE sku_id = $1", sku)
    order_no = await anna.buy(sku)
    await work(mall)
    assert (await anna.order(order_no))["status"] == "paid"
    alarms = await db.fetch("SELECT kind, subject FROM alarms WHERE kind = 'cards_missing'")
    assert [tuple(row) for row in alarms] == [("cards_missing", f"order:{order_no}")]
    async with db.connection() as connection:
        await connection.execute("UPDATE card_keys SET order_line_id = NULL WHERE sku_id = $1", sku)
    mall.clock.advance(601)
    await work(mall)
    order = await anna.order(order_no)
    assert (order["status"], order["lines"][0]["cards"]) == ("received", ["K-1"])
