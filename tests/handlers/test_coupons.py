import asyncio
from typing import Any

import pytest

from server import db
from server.core.errors import FileInvalid, IdempotencyKeyMissing
from server.handlers.endpoint import Call
from server.services.coupons import apply as coupon_apply
from server.services.coupons import drawer as coupon_drawer
from tests.support.mall import Mall
from tests.support.shop import shopper

TEN: dict[str, Any] = {"slug": "ten", "name": "满99减10", "amount_fen": 1000, "threshold_fen": 9900}


async def offer(mall: Mall, **fields: Any) -> int:
    await coupon_apply.apply(mall.deps, {"templates": [{**TEN, **fields}]}, "cli")
    found: int = await db.fetch_value("SELECT max(id) FROM coupon_templates")
    return found


def key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name}


async def test_a_claim_gives_a_coupon_and_the_same_key_the_same_one(mall: Mall) -> None:
    template = await offer(mall, total=5, per_member=2, valid_days=7)
    me = await shopper(mall)
    path = f"/coupon-templates/{template}/claim"
    first = await me.ask("POST", path, {}, **key("a"))
    again = await me.ask("POST", path, {}, **key("a"))
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert await me.refused("POST", path, {"other": 1}, **key("a")) == "409 idempotency_mismatch"
    assert await me.refused("POST", path, {}) == "400 idempotency_key_missing"
    await me.do("POST", path, {}, **key("b"))
    assert await me.refused("POST", path, {}, **key("c")) == "422 coupon_limit"
    shown = (await me.get("/coupon-templates"))["items"][0]
    assert (shown["left"], shown["claimed_by_me"], shown["claimable"], shown["problem"]) == (
        3,
        2,
        False,
        "已达到领取上限",
    )
    guest = (await mall.http.get("/api/coupon-templates")).json()["items"][0]
    assert (guest["claimed_by_me"], guest["claimable"], guest["problem"]) == (0, True, None)


async def test_twenty_at_once_take_exactly_the_five_there_are(mall: Mall) -> None:
    template = await offer(mall, total=5)
    people = [await shopper(mall, f"o-{i}") for i in range(20)]
    path = f"/coupon-templates/{template}/claim"
    answers = await asyncio.gather(*(one.ask("POST", path, {}, **key("k")) for one in people))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [422] * 15
    assert {answer.json()["error"]["code"] for answer in answers if answer.status_code == 422} == {"coupon_sold_out"}
    assert await db.fetch_value("SELECT claimed FROM coupon_templates") == 5
    assert await db.fetch_value("SELECT count(*) FROM coupons") == 5


async def test_one_member_at_once_takes_no_more_than_one_may(mall: Mall) -> None:
    template = await offer(mall, per_member=3)
    me = await shopper(mall)
    path = f"/coupon-templates/{template}/claim"
    answers = await asyncio.gather(*(me.ask("POST", path, {}, **key(f"k{i}")) for i in range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [422] * 9
    assert await db.fetch_value("SELECT claimed FROM coupon_templates") == 3


@pytest.mark.parametrize("limits", [{"total": 1}, {"per_member": 10}])
async def test_one_key_at_once_is_one_claim_and_every_answer_is_it(mall: Mall, limits: dict[str, int]) -> None:
    template = await offer(mall, **limits)
    me = await shopper(mall)
    path = f"/coupon-templates/{template}/claim"
    answers = await asyncio.gather(*(me.ask("POST", path, {}, **key("same")) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({answer.content for answer in answers}) == 1
    assert await db.fetch_value("SELECT count(*) FROM coupons") == 1


async def test_what_cannot_be_claimed_is_not_there(mall: Mall) -> None:
    template = await offer(mall, active=False)
    me = await shopper(mall)
    for wrong in (template, 0, 2**63):
        assert await me.refused("POST", f"/coupon-templates/{wrong}/claim", {}, **key("a")) == "404 not_found"
    assert (await me.get("/coupon-templates"))["items"] == []
    anybody = await mall.http.post(f"/api/coupon-templates/{template}/claim", headers=key("a"))
    assert anybody.status_code == 401


async def test_coupons_lie_in_their_drawers_with_labels(mall: Mall) -> None:
    template = await offer(mall, per_member=100, valid_days=1)
    me, other = await shopper(mall), await shopper(mall, "o-other")
    for i in range(5):
        await me.do("POST", f"/coupon-templates/{template}/claim", {}, **key(f"k{i}"))
    async with db.transaction() as tx:
        await tx.execute("UPDATE coupons SET state = 'used', order_id = 1, discount_fen = 900 WHERE source LIKE '%:1'")
        await tx.execute("UPDATE coupons SET state = 'void' WHERE source LIKE '%:2'")
        await tx.execute("UPDATE coupons SET state = 'locked', order_id = 2 WHERE source LIKE '%:3'")

    async def drawer(state: str) -> list[str]:
        return [one["state_label"] for one in (await me.get(f"/coupons?state={state}"))["items"]]

    assert await drawer("unused") == ["可使用", "可使用", "待付款占用"]
    assert await drawer("used") == ["已使用"]
    assert await drawer("expired") == ["已失效"]
    mall.clock.advance(86_400)
    assert await drawer("unused") == ["待付款占用"]
    assert await drawer("expired") == ["已过期", "已过期", "已失效"]
    first = await me.get("/coupons?limit=2")
    second = await me.get(f"/coupons?limit=2&cursor={first['next_cursor']}")
    third = await me.get(f"/coupons?limit=2&cursor={second['next_cursor']}")
    ids = [one["id"] for page in (first, second, third) for one in page["items"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), third["next_cursor"]) == (5, None)
    assert (await other.get("/coupons"))["items"] == []
    assert await me.refused("GET", "/coupons?cursor=x") == "400 bad_request"
    assert await me.refused("GET", "/coupons?state=lost") == "400 bad_request"


async def test_a_place_that_is_taken_counts_as_taken(mall: Mall) -> None:
    template = await offer(mall)
    me, at = await shopper(mall), mall.clock.now()
    member_id = await db.fetch_value("SELECT id FROM members")
    async with db.transaction() as tx:
        await coupon_drawer.issue(tx, member_id, f"template:{template}:member:{member_id}:1", "补发", 1000, 0, at, at)
    assert await me.refused("POST", f"/coupon-templates/{template}/claim", {}, **key("a")) == "422 coupon_limit"
    assert await db.fetch_value("SELECT claimed FROM coupon_templates") == 0


def test_a_call_that_is_not_keyed_has_no_key(mall: Mall) -> None:
    with pytest.raises(IdempotencyKeyMissing):
        _ = Call(mall.deps, 1, "", {}, "", None).required_key


async def test_a_source_issues_once(mall: Mall) -> None:
    at = mall.clock.now()
    async with db.transaction() as tx:
        first = await coupon_drawer.issue(tx, 7, "rebate:1", "返一券", 5900, 0, at, at)
        second = await coupon_drawer.issue(tx, 7, "rebate:1", "返一券", 5900, 0, at, at)
    assert (first is None, second) == (False, None)


async def test_a_file_changes_a_template_and_refuses_what_breaks_it(mall: Mall) -> None:
    template = await offer(mall, total=5)
    me = await shopper(mall)
    await me.do("POST", f"/coupon-templates/{template}/claim", {}, **key("a"))
    bad = {
        "templates": [
            {"slug": "ten", "total": 0},
            {"slug": "x", "name": "x"},
            {"slug": "y", "name": "y", "amount_fen": -1},
        ]
    }
    with pytest.raises(FileInvalid) as refused:
        await coupon_apply.apply(mall.deps, bad, "cli")
    assert [one["path"] for one in refused.value.detail["problems"]] == [
        "$.templates[0].total",
        "$.templates[1].amount_fen",
        "$.templates[2].amount_fen",
    ]
    done = await coupon_apply.apply(mall.deps, {"templates": [{"slug": "ten", "total": 1}]}, "cli")
    assert (done.templates, done.templates_new) == (1, 0)
    shown = (await me.get("/coupon-templates"))["items"][0]
    assert (shown["left"], shown["amount_fen"]) == (0, 1000)
    await coupon_apply.apply(mall.deps, {"templates": [{"slug": "ten", "total": None}]}, "cli")
    assert (await me.get("/coupon-templates"))["items"][0]["left"] is None
    refused_files: list[dict[str, Any]] = [{"templates": [{"slug": "ten"}, {"slug": "ten"}]}, {"template": []}]
    for wrong in refused_files:
        with pytest.raises(FileInvalid):
            await coupon_apply.apply(mall.deps, wrong, "cli")


async def test_fewer_than_were_taken_is_no_total(mall: Mall) -> None:
    template = await offer(mall, total=5)
    for i in range(2):
        one = await shopper(mall, f"o-{i}")
        await one.do("POST", f"/coupon-templates/{template}/claim", {}, **key("a"))
    with pytest.raises(FileInvalid) as refused:
        await coupon_apply.apply(mall.deps, {"templates": [{"slug": "ten", "total": 1}]}, "cli")
    assert refused.value.detail["problems"] == [{"path": "$.templates[0].total", "problem": "已领出 2 张"}]
