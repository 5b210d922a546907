"""Pictures of goods and categories: resized, moved, deleted; and the category tree."""

import io
import os
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from server import db
from server.core.errors import NotFound
from server.rules.operators import Role
from server.services.catalogue import apply as catalogue_apply
from server.services.catalogue import goods, product_pictures
from tests.handlers.admin.conftest import Desk, last_record, send
from tests.support.mall import Mall
from tests.support.shop import product, shopper, stock


def photo(colour: str = "red", kind: str = "JPEG", size: tuple[int, int] = (40, 30)) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "where it was taken"
    Image.new("RGB", size, colour).save(out, kind, exif=exif)
    return out.getvalue()


async def test_pictures_are_drawn_anew_moved_and_taken_off(mall: Mall, desks: Any) -> None:
    await stock(mall, product("mask", "补水面膜", images=[]))
    number = await goods.product_id("mask")
    desk: Desk = await desks(Role.OPERATIONS)

    async def images() -> list[str]:
        return (await goods.product(number))["images"]  # type: ignore[no-any-return]

    for colour, kind in (("red", "JPEG"), ("green", "PNG"), ("blue", "WEBP")):
        added = await send(desk, f"/products/{number}/pictures", {}, photo(colour, kind))
        assert added.status_code == 303, added.text
    one, two, three = await images()
    served = await mall.http.get(f"{mall.base_url}{one}")
    assert served.status_code == 200
    picture = Image.open(io.BytesIO(served.content))
    assert (picture.format, dict(picture.getexif())) == ("WEBP", {})
    assert (await send(desk, f"/products/{number}/pictures", {}, photo("red"))).status_code == 303
    assert await images() == [two, three, one]
    moves = [(one, "earlier", [two, one, three]), (one, "later", [two, three, one]), (one, "first", [one, two, three])]
    for name, move, expected in [*moves, (two, "remove", [one, three])]:
        moved = await send(desk, f"/products/{number}/pictures/move", {"picture": name, "move": move})
        assert moved.status_code == 303
        assert await images() == expected
    gone = await send(desk, f"/products/{number}/pictures/move", {"picture": two, "move": "first"})
    assert gone.status_code == 404
    odd = await send(desk, f"/products/{number}/pictures/move", {"picture": one, "move": "upside down"})
    assert odd.status_code == 400
    for body in (b"", b"no picture", photo()[:200], photo(size=(6000, 6000))):
        assert (await send(desk, f"/products/{number}/pictures", {}, body)).status_code == 422
    large = await send(desk, f"/products/{number}/pictures", {}, b"x" * (5 * 1024 * 1024 + 1))
    assert large.status_code == 413
    await stock(mall, {"slug": "mask", "images": [f"/media/{n}.webp" for n in range(12)]})
    full = await send(desk, f"/products/{number}/pictures", {}, photo())
    assert full.status_code == 422
    assert "最多 12 项" in full.text


async def test_pictures_that_nothing_shows_go_after_a_day(mall: Mall, desks: Any) -> None:
    folder = mall.deps.media_dir
    assert folder is not None
    await stock(mall, product("mask", "补水面膜", images=[]))
    number = await goods.product_id("mask")
    category = await db.fetch_value("SELECT id FROM categories WHERE slug = 'face'")
    for colour in ("red", "green", "blue"):
        await product_pictures.add(mall.deps, number, photo(colour), "anna")
    await product_pictures.set_icon(mall.deps, category, photo("black"), "anna")
    shown, ordered, unused = (await goods.product(number))["images"]
    await stock(mall, {"slug": "mask", "images": [ordered]})
    me = await shopper(mall)
    await me.place(await db.fetch_value("SELECT id FROM skus"))
    await stock(mall, {"slug": "mask", "images": [shown]})
    there = {file.name for file in folder.glob("goods-*.webp")}
    await product_pictures.forget(mall.deps)
    assert {file.name for file in folder.glob("goods-*.webp")} == there
    for file in folder.glob("goods-*.webp"):
        os.utime(file, (0, 0))
    await product_pictures.forget(mall.deps)
    assert there - {file.name for file in folder.glob("goods-*.webp")} == {unused.removeprefix("/media/")}
    await product_pictures.forget(mall.deps)
    bare = replace(mall.deps, media_dir=None)
    await product_pictures.forget(bare)
    with pytest.raises(NotFound):
        await product_pictures.add(bare, number, photo(), "anna")


async def test_a_picture_taken_while_it_was_put_up_is_there_again(
    mall: Mall, desks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = mall.deps.media_dir
    assert folder is not None
    await stock(mall, product("mask", "补水面膜", images=[]))
    number = await goods.product_id("mask")
    apply = catalogue_apply.apply

    async def late(*args: Any) -> Any:
        for file in folder.glob("goods-*.webp"):
            file.unlink()
        return await apply(*args)

    monkeypatch.setattr(catalogue_apply, "apply", late)
    await product_pictures.add(mall.deps, number, photo("orange"), "anna")
    (name,) = (await goods.product(number))["images"]
    assert (folder / name.removeprefix("/media/")).exists()


async def test_the_tree_of_categories(mall: Mall, desks: Any) -> None:
    await stock(mall)
    desk: Desk = await desks(Role.OPERATIONS)
    made = await send(desk, "/categories", {"slug": "eyes", "name": "眼部", "parent": "face", "position": "2"})
    assert made.status_code == 303, made.text
    again = await send(desk, "/categories", {"slug": "eyes", "name": "眼部"})
    assert again.status_code == 422
    assert "已有这个分类" in again.text
    tree = await goods.categories()
    assert [(one["slug"], one["depth"]) for one in tree] == [("beauty", 0), ("face", 1), ("eyes", 2), ("baby", 0)]
    ids = {one["slug"]: one["id"] for one in tree}
    loop = await send(desk, f"/categories/{ids['beauty']}", {"name": "美妆", "parent": "eyes"})
    assert loop.status_code == 422
    assert "分类不能在自己的下级之下" in loop.text
    assert (await send(desk, f"/categories/{ids['eyes']}", {"name": ""})).status_code == 422
    assert (await send(desk, f"/categories/{ids['eyes']}", {"name": "眼", "position": "x"})).status_code == 422
    assert (await send(desk, "/categories/404", {"name": "眼"})).status_code == 404
    moved = await send(desk, f"/categories/{ids['eyes']}", {"name": "眼唇", "parent": "", "position": "1"})
    assert moved.status_code == 303
    record = await last_record()
    assert record["subject"] == "category:eyes"
    assert record["detail"] == {
        "before": {"categories": {"eyes": {"name": "眼部", "parent": "face", "position": 2}}},
        "after": {"categories": {"eyes": {"name": "眼唇", "parent": None, "position": 1}}},
    }
    assert (await send(desk, f"/categories/{ids['eyes']}/icon", {}, photo())).status_code == 303
    assert "/media/goods-" in (await desk.get("/categories")).text
