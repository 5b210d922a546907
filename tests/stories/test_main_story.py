"""The whole of 推三返一 over HTTP, with a sandbox of WeChat that signs for real."""

from tests.support.mall import Mall
from tests.support.shop import DAY_S, join, make_sku, publish, receive, work


async def test_three_friends_first_orders_return_one_of_my_own(mall: Mall) -> None:
    await publish(mall)
    sku = await make_sku(12_345)
    friend_sku = await make_sku(20_000)
    anna = await join(mall)
    own = await anna.buy(sku)
    friends = [await join(mall, anna) for _ in range(3)]
    assert [friend.binding["status"] for friend in friends] == ["bound"] * 3

    orders = [await friend.buy(friend_sku) for friend in friends[:2]]
    await work(mall)
    assert (await anna.get("/me/referral"))["progress"]["counted"] == 2
    assert await anna.rebates() == []
    orders.append(await friends[2].buy(friend_sku))
    await work(mall)

    (rebate,) = await anna.rebates()
    assert (rebate["state"], rebate["amount_fen"], rebate["order_no"]) == ("frozen", 12_345, own)
    assert (await anna.wallet())["frozen_fen"] == 12_345
    assert len(rebate["explanation"]["qualifications"]) == 3
    assert sum(step["amount_fen"] for step in rebate["explanation"]["steps"]) == 12_345

    await receive(mall, anna, own)
    for friend, order_no in zip(friends, orders, strict=True):
        await receive(mall, friend, order_no)
    await work(mall)
    mall.clock.advance(7 * DAY_S - 60)
    await work(mall)
    assert (await anna.rebates())[0]["state"] == "frozen"
    mall.clock.advance(120)
    await work(mall)
    (rebate,) = await anna.rebates()
    assert rebate["state"] == "settled"
    wallet = await anna.wallet()
    assert (wallet["available_fen"], wallet["frozen_fen"], wallet["withdrawable_fen"]) == (12_345, 0, 0)
    lines = (await anna.get("/wallet/statement"))["items"]
    assert [line["available_delta_fen"] for line in lines] == [12_345, 0]
    assert [line["frozen_delta_fen"] for line in lines] == [-12_345, 12_345]
