"""推三返一 for members: the overview, and the explanation of each rebate."""

from datetime import datetime

from server import db
from tests.support.circle import circle
from tests.support.mall import Mall
from tests.support.shop import join, make_sku, pass_days, publish, shopper, work


async def test_the_centre_of_a_new_member(mall: Mall) -> None:
    await publish(mall, required=4)
    me = await shopper(mall)
    centre = await me.get("/me/referral")
    assert len(centre["share_code"]) >= 6
    assert centre | {"share_code": ""} == {
        "share_code": "",
        "referrer": None,
        "binding_waits": None,
        "progress": {"required": 4, "counted": 0, "pending": 0, "held": 0, "cycles_closed": 0},
        "downline": {"level1": 0},
        "rebates": {"count": 0, "settled_fen": 0, "frozen_fen": 0},
        "friends": [],
        "next_return": None,
    }
    assert await me.rebates() == []
    assert (await me.get("/me/referral/returnable"))["items"] == []


async def test_the_centre_counts_direct_referees_and_sums_rebates(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    await a.bring(3)
    child = await join(mall, a.friends[0].person)
    grandchild = await join(mall, child)
    centre = await a.me.get("/me/referral")
    assert centre["downline"] == {"level1": 3}
    assert centre["rebates"] == {"count": 1, "settled_fen": 0, "frozen_fen": 10_000}
    below = await grandchild.get("/me/referral")
    assert below["referrer"]["nickname"]
    assert below["referrer"]["welcome"] == "你的首单付款且符合规则，就为 TA 计上一位"
    assert (await a.friends[0].person.get("/me/referral"))["referrer"]["welcome"] is None
    await a.receive_all()
    await pass_days(mall, 7.01)
    assert (await a.me.get("/me/referral"))["rebates"] == {"count": 1, "settled_fen": 10_000, "frozen_fen": 0}


async def test_a_rebate_explains_itself_with_masked_names(mall: Mall) -> None:
    version = await publish(mall, cap_fen=9_000)
    a = await circle(mall)
    for name in ("王小明", "李雷", "Christine"):
        friend = await join(mall, a.me)
        await friend.do("PATCH", "/me", {"nickname": name})
        await friend.buy(a.sku)
        await work(mall)
    listed = await a.rebate()
    rebate = await a.me.get(f"/rebates/{listed['id']}")
    assert rebate == listed
    assert (rebate["state"], rebate["pay_as"], rebate["order_no"], rebate["release_at"]) == (
        "frozen",
        "balance",
        a.own,
        None,
    )
    explained = rebate["explanation"]
    assert explained["rule_version"] == version
    assert [step["amount_fen"] for step in explained["steps"]] == [10_000, -1_000]
    assert a.own in explained["steps"][0]["label"]
    names = [one["nickname"] for one in explained["qualifications"]]
    assert len(names) == 3
    assert not {"王小明", "李雷", "Christine"} & set(names)
    assert all("*" in name for name in names)
    assert (await a.me.order(a.own))["rebate_id"] == rebate["id"]


async def test_others_rebates_are_not_there(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    await a.bring(3)
    rebate = await a.rebate()
    assert await a.friends[0].person.refused("GET", f"/rebates/{rebate['id']}") == "404 not_found"
    assert await a.me.refused("GET", "/rebates/999999") == "404 not_found"
    assert (await mall.http.get("/api/rebates")).status_code == 401


async def test_rebates_come_in_pages_newest_first(mall: Mall) -> None:
    await publish(mall, required=2)
    a = await circle(mall)
    for _ in range(2):
        await a.me.buy(await make_sku(10_000))
    await a.bring(6)
    everything = [rebate["id"] for rebate in await a.me.rebates()]
    assert everything == sorted(everything, reverse=True)
    first = await a.me.get("/rebates?limit=2")
    rest = await a.me.get(f"/rebates?limit=2&cursor={first['next_cursor']}")
    assert [one["id"] for one in first["items"] + rest["items"]] == everything
    assert rest["next_cursor"] is None
    assert await a.me.refused("GET", "/rebates?cursor=nonsense") == "400 bad_request"


async def test_choosing_is_refused_where_the_rule_picks_or_the_order_does_not_fit(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    path = "/me/referral/choose"
    assert await a.me.refused_post(path, {"order_no": a.own}) == "422 choice_not_needed"
    (own,) = (offered := await a.me.get("/me/referral/returnable"))["items"]
    line = (await a.me.get(f"/orders/{a.own}"))["lines"][0]
    assert (offered["choosable"], own["title"], own["image"]) == (False, line["title"], line["image"])
    await publish(mall, pick="member_chooses")
    assert (await a.me.get("/me/referral/returnable"))["choosable"]
    other = await circle(mall)
    assert await a.me.refused_post(path, {"order_no": other.own}) == "422 not_returnable"
    assert await a.me.refused_post(path, {"order_no": "T0"}) == "422 not_returnable"
    unpaid = (await a.me.place(a.sku))["order_no"]
    assert await a.me.refused_post(path, {"order_no": unpaid}) == "422 not_returnable"
    assert await a.me.refused_post(path, {"order_no": ""}) == "400 bad_request"


async def test_a_choice_may_change_until_the_cycle_closes(mall: Mall) -> None:
    await publish(mall, pick="member_chooses")
    a = await circle(mall)
    second = await a.me.buy(await make_sku(30_000))
    for order_no in (second, a.own):
        await a.me.post("/me/referral/choose", {"order_no": order_no})
    await a.bring(3)
    assert (await a.rebate())["order_no"] == a.own
    assert await a.me.refused_post("/me/referral/choose", {"order_no": a.own}) == "422 not_returnable"


async def test_the_centre_shows_who_counts_and_foretells_what_comes_back(mall: Mall) -> None:
    await publish(mall, ratio_bp=9000)
    a = await circle(mall)
    younger = await a.me.buy(await make_sku(30_000))
    friend = await join(mall, a.me)
    await friend.do("PATCH", "/me", {"nickname": "李雷"})
    await friend.buy(a.sku)
    await work(mall)
    centre = await a.me.get("/me/referral")
    (shown,) = centre["friends"]
    assert (shown["nickname"], shown["state"]) == ("李**", "counted")
    assert datetime.fromisoformat(shown["paid_at"]) <= datetime.fromisoformat(shown["counted_at"])
    order = await a.me.order(a.own)
    assert centre["next_return"] == {
        "order_no": a.own,
        "in_scope_fen": 10_000,
        "estimate_fen": 9_000,
        "condition": "好友退款或这一单退款会减少返还",
        "title": order["lines"][0]["title"],
        "image": "/media/x.webp",
    }
    await a.bring(2)
    assert [(one["order_no"], one["whole_fen"]) for one in await a.me.rebates()] == [(a.own, 9_000)]
    after = await a.me.get("/me/referral")
    assert after["friends"] == []
    assert (after["next_return"]["order_no"], after["next_return"]["estimate_fen"]) == (younger, 27_000)


async def test_friends_who_do_not_count_yet_come_last(mall: Mall) -> None:
    await publish(mall, qualify_at="received")
    a = await circle(mall)
    _, second, third = await a.bring(3)
    await second.receive()
    await work(mall)
    async with db.transaction() as tx:
        await tx.execute(
            "UPDATE qualifications SET state = 'held', held_for = 'review' WHERE referee_id = $1", third.person.id
        )
    shown = (await a.me.get("/me/referral"))["friends"]
    assert [one["state"] for one in shown] == ["counted", "pending", "held"]
    assert [one["counted_at"] is None for one in shown] == [False, True, True]


async def test_an_opened_cycle_shows_those_who_joined_and_its_order(mall: Mall) -> None:
    await publish(mall, stages_bp=[3000, 3000, 4000])
    a = await circle(mall)
    await a.me.buy(await make_sku(30_000))
    await a.bring(2)
    centre = await a.me.get("/me/referral")
    assert [one["state"] for one in centre["friends"]] == ["counted", "counted"]
    assert centre["progress"]["counted"] == 2
    assert (centre["next_return"]["order_no"], centre["next_return"]["estimate_fen"]) == (a.own, 10_000)


async def test_nothing_is_foretold_before_a_choice(mall: Mall) -> None:
    await publish(mall, pick="member_chooses")
    a = await circle(mall)
    assert (await a.me.get("/me/referral"))["next_return"] is None
    await a.me.post("/me/referral/choose", {"order_no": a.own})
    assert (await a.me.get("/me/referral"))["next_return"]["order_no"] == a.own
