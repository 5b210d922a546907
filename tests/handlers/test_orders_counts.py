"""The badges of the page 我的."""

from server.services.orders import fulfilment
from tests.support.circle import line_ids
from tests.support.mall import Mall
from tests.support.shop import join, make_sku


async def test_orders_are_counted_by_what_they_wait_for(mall: Mall) -> None:
    me, sku = await join(mall), await make_sku()
    nothing = {"pending": 0, "paid": 0, "shipped": 0, "received": 0, "refunding": 0}
    assert await me.get("/orders/counts") == nothing
    await me.place(sku)
    first, second, third, _ = [await me.buy(sku) for _ in range(4)]
    await fulfilment.ship(mall.deps, first, "SF", "SF1", "tester")
    await me.receive(second)
    await me.refund(second, lines=[{"line_id": (await line_ids(me, second))[0], "quantity": 1}])
    await me.refund(third)  # not shipped, so it is granted at once; WeChat pays it back later
    expected = {"pending": 1, "paid": 1, "shipped": 1, "received": 1, "refunding": 2}
    assert await me.get("/orders/counts") == expected
    assert await (await join(mall)).get("/orders/counts") == nothing
    assert (await mall.http.get("/api/orders/counts")).status_code == 401
