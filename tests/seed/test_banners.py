"""The demo shop's banners."""

import io
from pathlib import Path

import pytest
from PIL import Image

from server import db
from server.seed import plant
from server.seed.banners import BANNERS, HIGH, WIDE, BannerPicture, draw, file_name, keep
from tests.support.mall import Mall


@pytest.mark.parametrize("banner", BANNERS, ids=lambda one: one.name)
def test_a_banner_is_wide_and_light(banner: BannerPicture, tmp_path: Path) -> None:
    keep(tmp_path, banner)
    body = (tmp_path / file_name(banner)).read_bytes()
    assert len(body) < 80_000
    assert Image.open(io.BytesIO(body)).size == (WIDE, HIGH)
    assert draw(banner).tobytes() == draw(banner).tobytes()


async def test_the_demo_shop_shows_its_banners_until_an_operator_sets_others(mall: Mall) -> None:
    await plant.plant(mall.deps, "cli")
    shown = (await mall.http.get("/api/shop")).json()["banners"]
    assert [one["image_url"] for one in shown] == [f"/media/{file_name(one)}" for one in BANNERS]
    assert mall.deps.media_dir
    keep(mall.deps.media_dir, BANNERS[0])
    assert (await mall.http.get(shown[0]["image_url"])).headers["content-type"] == "image/webp"
    async with db.transaction() as tx:
        await tx.execute('UPDATE shop_policy SET terms = \'{"banners": [], "order_minutes": 20}\'')
    await plant.plant(mall.deps, "cli")
    assert await db.fetch_value("SELECT terms->>'banners' FROM shop_policy") == "[]"
    async with db.transaction() as tx:
        await tx.execute("UPDATE shop_policy SET terms = '{\"order_minutes\": 20}'")
    await plant.plant(mall.deps, "cli")
    assert await db.fetch_value("SELECT terms->>'order_minutes' FROM shop_policy") == "20"
    assert await db.fetch_value("SELECT jsonb_array_length(terms->'banners') FROM shop_policy") == len(BANNERS)
