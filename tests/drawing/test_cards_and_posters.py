"""Cards and posters, as far as a program can check them."""

import io
import time
from dataclasses import replace

import pytest
import segno
import zxingcpp
from PIL import Image

from server.drawing import brand
from server.drawing.cards import ProductCard, home_card, product_card
from server.drawing.posters import Goods, Poster, home_poster, product_poster
from server.seed.pictures import Picture, draw
from tests.support.patience import limit

LONG = "秦岭深山百花土蜂蜜 500g 一年一取自然成熟不加糖的好蜂蜜送礼自用都合适"
WORDS = "pages/index/index?scene=s%3DK7Q2M9XA"


@pytest.fixture(scope="module")
def honey() -> Image.Image:
    return draw(Picture("preserve", "honey", "flower"), 0)


@pytest.fixture(scope="module")
def code() -> Image.Image:
    out = io.BytesIO()
    segno.make(WORDS, error="m", micro=False).save(out, kind="png", scale=10, border=4)
    return Image.open(out)


def opened(body: bytes) -> Image.Image:
    return Image.open(io.BytesIO(body)).convert("RGB")


def poster() -> Poster:
    return Poster("推三返一商城", "好东西，值得分享给朋友", "小**", "实物商品签收后 7 天内可申请退款")


def test_a_product_card_is_five_to_four_and_light(honey: Image.Image) -> None:
    body = product_card(ProductCard(LONG, "79", ranged=True, brand="推三返一商城"), honey)
    assert body.startswith(b"\xff\xd8")
    assert len(body) < 120_000
    image = opened(body)
    assert image.width * 4 == image.height * 5
    one = product_card(ProductCard("蜂蜜", "79", ranged=False, brand="推三返一商城"), honey)
    assert one != body
    assert product_card(ProductCard("蜂蜜", "79", ranged=False, brand="推三返一商城"), None) != one
    assert home_card("推三返一商城", "好东西，值得分享给朋友").startswith(b"\xff\xd8")


@pytest.mark.parametrize("size", [(800, 800), (1600, 500), (300, 900), (670, 612), (1, 1)])
def test_a_picture_of_any_shape_is_shown_whole(size: tuple[int, int]) -> None:
    shown = brand.filled(Image.new("RGB", size, (10, 200, 30)), 670, 612)
    assert shown.size == (670, 612)
    middle = shown.getpixel((335, 306))
    assert middle == (10, 200, 30)


@pytest.mark.parametrize("pictured", [True, False])
def test_a_posters_code_can_be_read(honey: Image.Image, code: Image.Image, pictured: bool) -> None:
    goods = Goods(LONG, "79", ranged=True, market_price="108")
    shown = honey if pictured else None
    image = opened(product_poster(poster(), goods, shown, code))
    assert image.size == (750, 1334)
    assert [found.text for found in zxingcpp.read_barcodes(image)] == [WORDS]
    for many in range(6):
        home = opened(home_poster(poster(), [(replace(goods, ranged=pictured), shown)] * many, code))
        assert [found.text for found in zxingcpp.read_barcodes(home.resize((375, 667)))] == [WORDS]


def test_a_poster_is_drawn_within_a_moment(honey: Image.Image, code: Image.Image) -> None:
    goods = Goods(LONG, "79", ranged=False, market_price="")
    product_poster(poster(), goods, honey, code)
    began = time.perf_counter()
    product_poster(poster(), goods, honey, code)
    assert time.perf_counter() - began < limit(2)
