"""Share cards, and what happens when one is opened."""

import base64
import os
import re

import orjson
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from server import db
from server.models import Category, Product, Touch
from server.services.members import sessions as member_sessions
from tests.support.mall import Mall
from tests.support.people import error_of, log_in


async def make_product(mall: Mall, *, on_sale: bool = True) -> int:
    now = mall.clock.now()
    category = await Category.create(slug="tea", name="茶")
    made = await Product.create(
        slug="green", category_id=category.id, title="明前龙井", images=["https://img.test/1.jpg", "https://img.test/2.jpg"],
        on_sale=on_sale, min_price_fen=9900, max_price_fen=9900, created_at=now, updated_at=now,
    )  # fmt: skip
    return int(made.id)


async def test_a_card_for_the_home_page(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    card = (await anna.call("POST", "/shares", json={"kind": "home", "channel": "friend"})).json()
    code = anna.share_code
    assert (card["share_code"], card["path"], card["scene"]) == (code, f"/pages/index/index?s={code}", f"s={code}")
    poster = (await anna.call("POST", "/shares", json={"kind": "home", "channel": "poster"})).json()
    assert poster["share_code"] != code


@pytest.mark.parametrize("as_type", [int, str])
async def test_a_card_for_a_product(mall: Mall, as_type: type) -> None:
    anna, bert = await log_in(mall, "o-anna"), await log_in(mall, "o-bert")
    product = await make_product(mall)
    form = {"kind": "product", "target_id": as_type(product), "channel": "group"}
    card = (await anna.call("POST", "/shares", json=form)).json()
    code = card["share_code"]
    assert re.fullmatch(rf"/media/cards/{product}-[0-9a-f]{{12}}\.jpg", card.pop("image_url"))
    assert card == {
        "share_code": code,
        "path": f"/pages/product/index?id={product}&s={code}",
        "title": "¥99 明前龙井",
        "scene": f"s={code}",
        "link": f"{mall.deps.public_base_url}/h5/#/pages/product/index?id={product}&s={code}",
    }
    assert (await anna.call("POST", "/shares", json=form)).json() | card == (
        await anna.call("POST", "/shares", json=form)
    ).json()
    assert (await bert.call("POST", "/shares", json=form)).json()["share_code"] != code
    carl = await log_in(mall, "o-carl", share_code=code)
    assert carl.binding["status"] == "bound"


async def test_no_card_for_what_is_not_there(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    product = await make_product(mall, on_sale=False)
    for kind, target in (
        ("product", product), ("product", 999), ("product", None), ("product", "0"), ("product", f"0{product}"),
        ("product", 2**63), ("home", "1"), ("team", "T1"), ("flash_sale", 1),
    ):  # fmt: skip
        answer = await anna.call("POST", "/shares", json={"kind": kind, "target_id": target, "channel": "friend"})
        assert error_of(answer) == (404, "not_found"), (kind, target)
    assert await db.fetch_value("SELECT count(*) FROM shares") == 1


@pytest.mark.parametrize("form", [{}, {"kind": "x", "channel": "friend"}, {"kind": "home", "channel": "x"}])
async def test_bad_shares(mall: Mall, form: dict) -> None:
    anna = await log_in(mall, "o-anna")
    assert error_of(await anna.call("POST", "/shares", json=form)) == (400, "bad_request")
    assert error_of(await mall.http.post("/api/shares", json=form)) == (401, "not_logged_in")


async def test_an_opening_by_a_guest_and_by_a_member(mall: Mall) -> None:
    anna, bert = await log_in(mall, "o-anna"), await log_in(mall, "o-bert")
    path = f"/shares/{anna.share_code}/touch"
    guest = await mall.http.post(f"/api{path}", json={"visitor_id": "v-1", "scene": 1007})
    assert (guest.status_code, guest.json()) == (200, {})
    assert (await bert.call("POST", path, json={"visitor_id": "v-2", "scene": "1008"})).status_code == 200
    rows = await Touch.all().order_by("id")
    assert [(row.visitor_id, row.scene, row.member_id, row.group_id) for row in rows] == [
        ("v-1", "1007", None, None), ("v-2", "1008", bert.id, None),
    ]  # fmt: skip


async def test_openings_that_are_none(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    answer = await mall.http.post("/api/shares/NOSUCH22/touch", json={"visitor_id": "v-1"})
    assert error_of(answer) == (404, "not_found")
    for form in ({}, {"visitor_id": ""}, {"visitor_id": "v", "group": {"iv": "x"}}, {"visitor_id": "访客"}):
        answer = await mall.http.post(f"/api/shares/{anna.share_code}/touch", json=form)
        assert error_of(answer) == (400, "bad_request")
    assert await Touch.all().count() == 0


def sealed_group(appid: str, session_key: str) -> dict[str, str]:
    iv = os.urandom(16)
    plain = orjson.dumps({"opengid": "tG1", "watermark": {"appid": appid, "timestamp": 1}})
    pad = 16 - len(plain) % 16
    encryptor = Cipher(algorithms.AES(base64.b64decode(session_key)), modes.CBC(iv)).encryptor()
    data = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
    return {"encrypted_data": base64.b64encode(data).decode(), "iv": base64.b64encode(iv).decode()}


async def test_the_group_is_told_for_members_only(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    key = await member_sessions.session_key(mall.deps, anna.id)
    assert key
    form = {"visitor_id": "v-1", "group": sealed_group(mall.deps.appid, key)}
    path = f"/shares/{anna.share_code}/touch"
    assert (await anna.call("POST", path, json=form)).status_code == 200
    assert (await mall.http.post(f"/api{path}", json=form)).status_code == 200
    form["group"] = {"encrypted_data": "AAAA", "iv": "AAAA"}
    assert (await anna.call("POST", path, json=form)).status_code == 200
    assert [row.group_id for row in await Touch.all().order_by("id")] == ["tG1", None, None]


async def test_a_visitor_who_opens_too_much(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    path = f"/api/shares/{anna.share_code}/touch"
    answers = [await mall.http.post(path, json={"visitor_id": "v-1"}) for _ in range(62)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert error_of(refused[0]) == (429, "too_many_requests")
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 60
    assert (await mall.http.post(path, json={"visitor_id": "v-2"})).status_code == 200
    mall.clock.advance(60)
    assert (await mall.http.post(path, json={"visitor_id": "v-1"})).status_code == 200
