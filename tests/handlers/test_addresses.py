import asyncio
from typing import Any

import pytest

from server import db
from tests.support.mall import Mall
from tests.support.shop import Shopper, make_sku, shopper

HOME: dict[str, Any] = {
    "name": "王小满",
    "phone": "138 0013-8000",
    "province": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
    "detail": "文三路 100 号",
}


async def defaults(me: Shopper) -> list[int]:
    return [one["id"] for one in (await me.get("/addresses"))["items"] if one["is_default"]]


async def test_an_address_is_sealed_at_rest_and_open_to_its_owner(mall: Mall) -> None:
    me = await shopper(mall)
    given = await me.do("POST", "/addresses", HOME)
    expected = {**HOME, "phone": "13800138000", "is_default": True, "id": given["id"]}
    assert given == expected
    assert (await me.get("/addresses"))["items"] == [expected]
    row = await db.fetch_row("SELECT * FROM addresses")
    assert row is not None
    raw = str(dict(row))
    assert not [secret for secret in ("王小满", "13800138000", "文三路") if secret in raw]
    assert row["sealed"].startswith("v1.")


async def test_a_municipality_comes_in_one_form_and_is_named_once_on_an_order(mall: Mall) -> None:
    me, other = await shopper(mall), await shopper(mall, "o-other")
    for person, province, city in ((me, "北京", "市辖区"), (other, "北京市", "北京市")):
        made = await person.do("POST", "/addresses", {**HOME, "province": province, "city": city, "district": "朝阳区"})
        assert (made["province"], made["city"]) == ("北京市", "北京市")
        person.address_id = made["id"]
    assert await db.fetch_value("SELECT count(DISTINCT place_blind) FROM addresses") == 1
    order = await me.order((await me.place(await make_sku()))["order_no"])
    assert order["address"]["region"] == "北京市 朝阳区"


async def test_equal_phones_and_places_are_known_by_digests_however_typed(mall: Mall) -> None:
    me, other = await shopper(mall), await shopper(mall, "o-other")
    await me.do("POST", "/addresses", HOME)
    await other.do("POST", "/addresses", {**HOME, "phone": "+8613800138000", "detail": "文三路100号。"})
    await other.do("POST", "/addresses", {**HOME, "phone": "0571-87654321", "detail": "文三路101号"})
    rows = await db.fetch("SELECT phone_blind, place_blind FROM addresses ORDER BY id")
    assert rows[0] == rows[1]
    assert rows[2]["phone_blind"] != rows[0]["phone_blind"]
    assert rows[2]["place_blind"] != rows[0]["place_blind"]


async def test_exactly_one_is_the_default_whenever_there_is_one(mall: Mall) -> None:
    me = await shopper(mall)
    first = (await me.do("POST", "/addresses", HOME))["id"]
    second = (await me.do("POST", "/addresses", HOME))["id"]
    third = (await me.do("POST", "/addresses", {**HOME, "is_default": True}))["id"]
    assert await defaults(me) == [third]
    kept = await me.do("PUT", f"/addresses/{third}", {**HOME, "name": "李四", "is_default": False})
    assert (kept["name"], kept["is_default"]) == ("李四", True)
    await me.do("PUT", f"/addresses/{first}", {**HOME, "is_default": True})
    assert await defaults(me) == [first]
    assert [one["id"] for one in (await me.get("/addresses"))["items"]] == [first, third, second]
    await me.do("DELETE", f"/addresses/{first}")
    assert await defaults(me) == [third]
    await me.do("DELETE", f"/addresses/{second}")
    await me.do("DELETE", f"/addresses/{third}")
    assert (await me.get("/addresses"))["items"] == []


async def test_twenty_at_most_also_when_added_at_once(mall: Mall) -> None:
    me = await shopper(mall)
    answers = await asyncio.gather(*(me.ask("POST", "/addresses", {**HOME, "is_default": True}) for _ in range(24)))
    assert sorted(answer.status_code for answer in answers) == [200] * 20 + [422] * 4
    assert {answer.json()["error"]["code"] for answer in answers if answer.status_code == 422} == {"address_limit"}
    assert len(await defaults(me)) == 1


async def test_somebody_elses_address_is_not_there(mall: Mall) -> None:
    me, other = await shopper(mall), await shopper(mall, "o-other")
    mine = (await me.do("POST", "/addresses", HOME))["id"]
    assert await other.refused("PUT", f"/addresses/{mine}", {**HOME, "is_default": True}) == "404 not_found"
    assert await other.refused("DELETE", f"/addresses/{mine}") == "404 not_found"
    assert await other.refused("DELETE", "/addresses/99999999999999999999") == "404 not_found"
    assert (await me.get("/addresses"))["items"][0]["name"] == HOME["name"]
    assert (await other.get("/addresses"))["items"] == []
    assert (await mall.http.get("/api/addresses")).status_code == 401


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "12800138000"),
        ("phone", "1380013800"),
        ("phone", "138001380000"),
        ("phone", "87654321"),
        ("phone", ""),
        ("phone", 13800138000),
        ("name", "  "),
        ("name", "名" * 31),
        ("detail", ""),
        ("detail", "长" * 201),
        ("city", None),
        ("is_default", "yes"),
        ("country", "CN"),
    ],
)
async def test_what_does_not_fit_is_refused_by_field(mall: Mall, field: str, value: Any) -> None:
    me = await shopper(mall)
    answer = await me.ask("POST", "/addresses", {**HOME, field: value})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "bad_request")
    assert field in f"{error['detail']['field']} {error['detail']['problem']}"


async def test_a_nul_is_refused_before_it_reaches_the_database(mall: Mall) -> None:
    me = await shopper(mall)
    assert await me.refused("POST", "/addresses", {**HOME, "name": "a\0b"}) == "400 bad_request"
