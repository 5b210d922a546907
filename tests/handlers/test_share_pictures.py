"""Share cards and posters over HTTP."""

import asyncio
import io
from pathlib import Path
from typing import Any

import httpx
import zxingcpp
from PIL import Image

from server import db
from server.seed.pictures import Picture, draw
from server.services.files import pictures
from tests.support.mall import Mall, free_port
from tests.support.people import Person, error_of, log_in
from tests.support.purse import set_policy
from tests.support.shop import product, publish, stock

CODE_CALL = "/wxa/getwxacodeunlimit"


async def honey(mall: Mall, *, drawn: bool = True) -> int:
    """Return the id of a product with a picture in the media folder."""
    assert mall.deps.media_dir
    if drawn:
        mall.deps.media_dir.mkdir(exist_ok=True)
        draw(Picture("preserve", "honey", "flower"), 0).save(mall.deps.media_dir / "honey.webp")
    await stock(mall, product("honey", "秦岭土蜂蜜 500g", 7900))
    found: int = await db.fetch_value("SELECT id FROM products WHERE slug = 'honey'")
    return found


async def share(person: Person, channel: str = "poster", **form: Any) -> dict[str, Any]:
    answer = await person.call("POST", "/shares", json={"channel": channel, **form})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def codes_in(body: bytes) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(Image.open(io.BytesIO(body)))]


def files(mall: Mall, shelf: str) -> list[Path]:
    assert mall.deps.media_dir
    folder = mall.deps.media_dir / shelf
    return sorted(folder.iterdir()) if folder.exists() else []


async def test_a_products_card_changes_with_its_price(mall: Mall) -> None:
    number = await honey(mall)
    anna = await log_in(mall, "o-anna")
    first = await share(anna, "friend", kind="product", target_id=number)
    assert first["title"] == "¥79 秦岭土蜂蜜 500g"
    answer = await mall.http.get(first["image_url"])
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=2592000"
    card = Image.open(io.BytesIO(answer.content))
    assert card.width * 4 == card.height * 5
    assert len(answer.content) < 120_000
    assert (await mall.http.get(first["image_url"])).content == answer.content
    assert len(files(mall, "cards")) == 1
    sku = {"code": "honey-2", "price_fen": 3990, "stock_add": 5}
    await stock(mall, {"slug": "honey", "skus": [sku]})
    second = await share(anna, "friend", kind="product", target_id=number)
    assert second["title"] == "¥39.9起 秦岭土蜂蜜 500g"
    assert second["image_url"] != first["image_url"]
    new = await mall.http.get(second["image_url"])
    old = await mall.http.get(first["image_url"])
    assert new.content == old.content != answer.content
    assert old.headers["cache-control"] == "public, max-age=60"


async def test_the_shops_own_card(mall: Mall) -> None:
    card = await share(await log_in(mall, "o-anna"), "friend", kind="home")
    assert card["title"] == "推三返一商城：好东西，值得分享给朋友"
    answer = await mall.http.get(card["image_url"])
    assert answer.headers["cache-control"] == "public, max-age=2592000"
    assert answer.content.startswith(b"\xff\xd8")
    await set_policy(mall, slogan="山里的好东西")
    assert (await share(await log_in(mall, "o-anna"), "friend", kind="home"))["image_url"] != card["image_url"]


async def test_pictures_say_nothing_of_what_referring_brings(mall: Mall) -> None:
    """A rule that is published changes no poster and no card: they are about goods."""
    number = await honey(mall)
    anna = await log_in(mall, "o-anna")
    forms: tuple[dict[str, Any], ...] = ({"kind": "product", "target_id": number}, {"kind": "home"})

    async def made() -> list[bytes]:
        found = []
        for form in forms:
            shared = await share(anna, **form)
            found.append((await mall.http.get(f"/api/shares/{shared['share_code']}/poster.png")).content)
            found.append((await mall.http.get(shared["image_url"])).content)
        return found

    before = await made()
    await publish(mall)
    assert await made() == before


async def test_the_shops_poster_shows_goods_that_can_be_bought(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    path = f"/api/shares/{(await share(anna, kind='home'))['share_code']}/poster.png"
    empty = (await mall.http.get(path)).content
    await honey(mall)
    full = (await mall.http.get(path)).content
    assert full != empty
    await stock(mall, {"slug": "honey", "on_sale": False})
    assert (await mall.http.get(path)).content == empty


async def test_cards_and_posters_name_the_price_of_what_can_be_bought(mall: Mall) -> None:
    """The cheapest variant is sold out: nobody is promised its price."""
    number = await honey(mall)
    await stock(mall, {"slug": "honey", "skus": [{"code": "honey-2", "price_fen": 3990}]})
    anna = await log_in(mall, "o-anna")
    made = await share(anna, "friend", kind="product", target_id=number)
    assert made["title"] == "¥79 秦岭土蜂蜜 500g"
    poster = f"/api/shares/{(await share(anna, kind='product', target_id=number))['share_code']}/poster.png"
    before = (await mall.http.get(poster)).content
    await stock(mall, {"slug": "honey", "skus": [{"code": "honey-2", "stock_add": 1}]})
    assert (await share(anna, "friend", kind="product", target_id=number))["title"] == "¥39.9起 秦岭土蜂蜜 500g"
    assert (await mall.http.get(poster)).content != before


async def test_a_poster_of_virtual_goods_promises_no_return(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    await honey(mall)
    found = []
    for kind in ("physical", "virtual"):
        await db.fetch("UPDATE products SET kind = $1", kind)
        number = await db.fetch_value("SELECT id FROM products")
        code = (await share(anna, kind="product", target_id=number))["share_code"]
        found.append((await mall.http.get(f"/api/shares/{code}/poster.png")).content)
    assert found[0] != found[1]


async def test_a_card_without_its_picture_is_not_kept(mall: Mall) -> None:
    number = await honey(mall, drawn=False)
    card = await share(await log_in(mall, "o-anna"), "friend", kind="product", target_id=number)
    answer = await mall.http.get(card["image_url"])
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=60")
    assert files(mall, "cards") == []
    assert mall.deps.media_dir
    mall.deps.media_dir.mkdir(exist_ok=True)
    (mall.deps.media_dir / "honey.webp").write_bytes(b"not a picture")
    assert (await mall.http.get(card["image_url"])).content == answer.content
    draw(Picture("preserve", "honey", "flower"), 0).save(mall.deps.media_dir / "honey.webp")
    assert (await mall.http.get(card["image_url"])).headers["cache-control"] == "public, max-age=2592000"
    assert len(files(mall, "cards")) == 1


async def test_pictures_of_other_hosts_that_are_down_and_odd_addresses(mall: Mall) -> None:
    number = await honey(mall)
    for address in (f"https://127.0.0.1:{free_port()}/honey.jpg", "/media/..", "/elsewhere/honey.webp"):
        await stock(mall, {"slug": "honey", "images": [address]})
        card = await share(await log_in(mall, "o-anna"), "friend", kind="product", target_id=number)
        answer = await mall.http.get(card["image_url"])
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=60")


async def test_no_card_of_what_is_not_on_sale(mall: Mall) -> None:
    for name in ("999-0123456789ab.jpg", "home.jpg", "1-xyz.jpg", "0-0123456789ab.jpg", "..%2fclock"):
        assert error_of(await mall.http.get(f"/media/cards/{name}")) == (404, "not_found")


async def test_without_a_folder_cards_are_drawn_each_time(mall: Mall, swap: Any) -> None:
    number = await honey(mall)
    await stock(mall, {"slug": "honey", "images": []})
    card = await share(await log_in(mall, "o-anna"), "friend", kind="product", target_id=number)
    swap(media_dir=None)
    assert (await mall.http.get(card["image_url"])).headers["content-type"] == "image/jpeg"
    assert files(mall, "cards") == []


async def test_a_posters_code_leads_back_to_its_share(mall: Mall) -> None:
    await publish(mall)
    number = await honey(mall)
    anna = await log_in(mall, "o-anna")
    await anna.call("PATCH", "/me", json={"nickname": "小明"})
    for form in ({"kind": "product", "target_id": number}, {"kind": "home"}):
        made = await share(anna, **form)
        answer = await mall.http.get(f"/api/shares/{made['share_code']}/poster.png")
        assert answer.headers["content-type"] == "image/png"
        assert Image.open(io.BytesIO(answer.content)).size == (750, 1334)
        assert codes_in(answer.content) == [f"pages/index/index?scene=s%3D{made['share_code']}"]
        assert len(answer.content) < 400_000


async def test_wechat_is_asked_once_for_a_code(mall: Mall, swap: Any) -> None:
    number = await honey(mall)
    made = await share(await log_in(mall, "o-anna"), kind="product", target_id=number)
    asked = 0

    class Counting:
        async def code_image(self, scene: str, page: str) -> bytes:
            nonlocal asked
            asked += 1
            await asyncio.sleep(0.05)
            return await mall.deps.mini.code_image(scene, page)

    swap(mini=Counting())
    path = f"/api/shares/{made['share_code']}/poster.png"
    posters = await asyncio.gather(*(mall.http.get(path) for _ in range(5)))
    assert {answer.status_code for answer in posters} == {200}
    assert len({answer.content for answer in posters}) == 1
    await stock(mall, {"slug": "honey", "title": "秦岭百花蜜"})
    assert (await mall.http.get(path)).content != posters[0].content
    assert asked == 1
    assert len(files(mall, "posters")) == 2


async def test_no_poster_while_wechat_gives_no_code(mall: Mall) -> None:
    anna = await log_in(mall, "o-anna")
    path = f"/api/shares/{anna.share_code}/poster.png"
    await mall.control("knobs", rate_limited={"count": 1, "op": "wxacode"})
    refused = await mall.http.get(path)
    assert error_of(refused) == (503, "wechat_unavailable")
    assert refused.headers["retry-after"]
    await mall.control("knobs", fail_500_after_commit={"count": 1, "op": "wxacode"})
    assert error_of(await mall.http.get(path)) == (503, "wechat_unavailable")
    assert (await mall.http.get(path)).status_code == 200


async def test_no_poster_of_what_is_gone_or_switched_off(mall: Mall) -> None:
    number = await honey(mall)
    anna = await log_in(mall, "o-anna")
    code = (await share(anna, kind="product", target_id=number))["share_code"]

    async def poster(share_code: str) -> httpx.Response:
        return await mall.http.get(f"/api/shares/{share_code}/poster.png")

    assert error_of(await poster("NOSUCH22")) == (404, "not_found")
    await stock(mall, {"slug": "honey", "on_sale": False})
    assert error_of(await poster(code)) == (404, "not_found")
    async with db.transaction() as tx:
        await tx.execute("UPDATE shares SET disabled = true WHERE code = $1", anna.share_code)
    assert error_of(await poster(anna.share_code)) == (422, "share_disabled")


async def test_posters_have_a_limit(mall: Mall) -> None:
    answers = [await mall.http.get("/api/shares/NOSUCH22/poster.png") for _ in range(125)]
    assert error_of(answers[-1]) == (429, "too_many_requests")


def test_a_shelf_keeps_the_newest(tmp_path: Path) -> None:
    for number in range(30):
        pictures.store(tmp_path / "cards" / f"{number:02}.jpg", b"x", 10)
    left = sorted(path.name for path in (tmp_path / "cards").iterdir())
    assert len(left) <= 10
    assert left[-1] == "29.jpg"
    assert "00.jpg" not in left
