"""Shipping: the operator's step, WeChat's knowledge of it, receipt."""

import httpx
import pytest

from server.core.errors import NotFound, StateConflict
from server.gateways.ports import OutcomeUnknown
from server.services import fulfilment
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
