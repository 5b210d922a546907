import asyncio
import dataclasses
import hashlib
import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image

from server import db
from server.seed import pictures, plant
from server.seed.motifs import MOTIFS
from server.seed.pictures import KINDS, PALETTES, Picture
from server.services.catalogue import apply as catalogue_apply
from server.services.common import audit_log
from tests.support.mall import Mall
from tests.support.shop import shopper

_APP = Path(__file__).parents[2] / "miniprogram" / "app.json"
DEPARTMENTS = ["美妆个护", "母婴亲子", "健康食品", "家居日用"]


async def test_the_demo_shop_is_planted_once_and_leaves_alone_what_is_there(
    mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await plant.plant(mall.deps, "cli")
    assert first.products >= 36
    assert (first.coupon_templates, first.notice_templates, first.rule) == (7, 13, True)
    by_anna = {"categories": [{"slug": "home", "name": "居家"}], "products": [{"slug": "gift-card", "on_sale": False}]}
    await catalogue_apply.apply(mall.deps, by_anna, "anna")
    before = await db.fetch_row("SELECT sum(stocked_in) AS stock, count(*) AS skus FROM skus")
    nothing = plant.Planted(0, 0, 0, rule=False, levels=0, group_buys=0, flash_sales=0, points_goods=0)
    assert await plant.plant(mall.deps, "cli") == nothing
    assert await db.fetch_row("SELECT sum(stocked_in) AS stock, count(*) AS skus FROM skus") == before
    assert await db.fetch_value("SELECT name FROM categories WHERE slug = 'home'") == "居家"
    assert not await db.fetch_value("SELECT on_sale FROM products WHERE slug = 'gift-card'")
    async with db.snapshot() as reader:
        assert (await audit_log.verify(reader))[1] == []


async def test_each_notice_opens_a_page_of_the_mini_program(mall: Mall) -> None:
    await plant.plant(dataclasses.replace(mall.deps, media_dir=None), "cli")
    app = orjson.loads(_APP.read_bytes())
    there = {*app["pages"], *(f"{part['root']}/{page}" for part in app["subPackages"] for page in part["pages"])}
    opened = {row["page"] for row in await db.fetch("SELECT page FROM notice_templates")}
    assert opened - there == set()


async def test_activities_run_on_the_first_day_and_after_the_clock_was_moved(mall: Mall) -> None:
    """Whoever tries the shop moves its clock by eight days, perhaps more than once."""
    assert (await plant.plant(dataclasses.replace(mall.deps, media_dir=None), "cli")).flash_sales == 1
    for _ in range(4):
        sale = (await mall.http.get(f"/api/flash-sales/{await db.fetch_value('SELECT id FROM flash_sales')}")).json()
        assert (sale["state"], len(sale["items"])) == ("running", 3)
        teams = (await mall.http.get("/api/group-buys")).json()["items"]
        assert [one["state"] for one in teams] == ["running"] * 2
        mall.clock.advance(8 * 24 * 3600)


async def test_two_at_once_plant_one_shop(mall: Mall) -> None:
    bare = dataclasses.replace(mall.deps, media_dir=None)
    first, second = await asyncio.gather(plant.plant(bare, "cli"), plant.plant(bare, "cli"))
    assert min(first.products, second.products) == 0
    assert await db.fetch_value("SELECT stocked_in FROM skus WHERE code = 'HM-05'") == 420
    assert await db.fetch_value("SELECT count(*) FROM rule_versions") == 1


async def test_the_demo_shop_looks_like_one(mall: Mall) -> None:
    await plant.plant(mall.deps, "cli")
    tree = (await mall.http.get("/api/categories")).json()["items"]
    assert [node["name"] for node in tree][:4] == DEPARTMENTS
    for node in tree[:4]:
        inside = (await mall.http.get(f"/api/products?category={node['slug']}&limit=100")).json()["items"]
        assert len(inside) >= 9
        assert all(child["name"] for child in node["children"])
    goods: list[dict[str, Any]] = (await mall.http.get("/api/products?limit=100")).json()["items"]
    states = {item["stock_state"] for item in goods}
    details = await asyncio.gather(*(mall.http.get(f"/api/products/{item['id']}") for item in goods))
    skus = [sku for answer in details for sku in answer.json()["skus"]]
    states |= {sku["stock_state"] for sku in skus}
    assert states == {"in_stock", "low", "sold_out"}
    assert all(990 <= sku["price_fen"] <= 100_000 for sku in skus)
    assert all(len(answer.json()["detail"]) >= 25 for answer in details)
    keys = await db.fetch_value("SELECT count(*) FROM card_keys")
    assert keys == await db.fetch_value(
        "SELECT sum(available) FROM skus s JOIN products p ON p.id = s.product_id WHERE p.kind = 'virtual'"
        " AND p.coupon_template_id IS NULL"
    )
    rule = await db.fetch_row("SELECT version, terms FROM rule_versions")
    assert rule is not None
    assert '"payout_cap_bp": 5000' in rule["terms"]
    me = await shopper(mall)
    assert [one["claimable"] for one in (await me.get("/coupon-templates"))["items"]] == [True] * 5


async def test_every_picture_is_served_small_and_for_long(mall: Mall) -> None:
    await plant.plant(mall.deps, "cli")
    assert mall.deps.media_dir
    await plant.draw_pictures(mall.deps.media_dir)
    goods = (await mall.http.get("/api/products?limit=100")).json()["items"]
    answer = await mall.http.get(goods[0]["image"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert answer.headers["cache-control"] == "public, max-age=2592000"
    assert len(answer.content) < 60_000
    assert Image.open(io.BytesIO(answer.content)).size == (800, 800)
    answers = [await mall.http.get(image) for item in goods for image in [item["image"]]]
    assert {one.status_code for one in answers} == {200}
    assert len({hashlib.sha256(one.content).digest() for one in answers}) == len(goods)


@pytest.mark.parametrize("name", ["nothing.webp", "..%2Fclock", "../clock", "a.png", ".webp"])
async def test_nothing_else_is_served_from_there(mall: Mall, name: str) -> None:
    assert (await mall.http.get(f"/media/{name}")).status_code == 404


async def test_without_a_folder_the_shop_has_no_pictures(mall: Mall) -> None:
    await plant.plant(dataclasses.replace(mall.deps, media_dir=None), "cli")
    assert {item["image"] for item in (await mall.http.get("/api/products")).json()["items"]} == {""}


def test_a_picture_is_drawn_once(tmp_path: Path) -> None:
    name = pictures.keep(tmp_path / "media", Picture("jar", "rose", "leaf"), 0)
    drawn = (tmp_path / "media" / name).stat().st_mtime_ns
    assert pictures.keep(tmp_path / "media", Picture("jar", "rose", "leaf"), 0) == name
    assert (tmp_path / "media" / name).stat().st_mtime_ns == drawn
    assert [path.name for path in (tmp_path / "media").iterdir()] == [name]


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_picture_is_the_same_every_time_and_fills_its_square(kind: str) -> None:
    picture = Picture(kind, list(PALETTES)[len(kind) % len(PALETTES)], list(MOTIFS)[len(kind) % len(MOTIFS)])
    first = pictures.draw(picture, 0)
    assert first.tobytes() == pictures.draw(picture, 0).tobytes()
    assert first.tobytes() != pictures.draw(picture, 1).tobytes()
    middle = first.crop((200, 150, 600, 620)).quantize(32).getcolors()
    assert middle is not None
    assert len(middle) > 6
