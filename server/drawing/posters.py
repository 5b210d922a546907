"""Posters to save and show: goods, who shares them, and the mini-program code that leads there.

They say what a friend gets from the goods, and nothing of what referring brings: WeChat and the law want it so.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from server.drawing import brand
from server.drawing.lettering import fitting_size, initial, lines_of, width, write, write_lines

WIDE, HIGH = 750, 1334
_MARGIN = 40
_INNER = WIDE - 2 * _MARGIN
_CODE = 216
_CARD_END = 1072
_RIBBON = 66
_SHOWN = 612
_GAP = 24
_CELL, _CELL_SHOWN = (_INNER - 3 * _GAP) // 2, 264
SHOWN_GOODS = 4
"""The most goods on the shop's own poster."""
_HINT = "长按识别小程序码"


@dataclass(frozen=True, slots=True)
class Poster:
    """The text on every poster. `sharer` is a masked name, `service` what the shop offers every buyer, in one line."""

    brand: str
    slogan: str
    sharer: str
    service: str


@dataclass(frozen=True, slots=True)
class Goods:
    """A product on a poster; prices are written for people."""

    title: str
    price: str
    ranged: bool
    market_price: str
    """Crossed out beside the price; may be empty."""


def product_poster(poster: Poster, goods: Goods, picture: Image.Image | None, code: Image.Image) -> bytes:
    """Return a PNG of one product."""
    image = _sheet(poster)
    side = _INNER
    shown = brand.filled(picture, side, _SHOWN) if picture else _plate(side, _SHOWN)
    top = 138
    brand.shaded(image, (_MARGIN, top, WIDE - _MARGIN, _CARD_END), 32)
    _paste_top(image, shown, (_MARGIN, top), 32)
    y = top + _SHOWN + 26
    write_lines(image, (_MARGIN + 32, y), lines_of(goods.title, 40, side - 64, 2), 40, brand.TEXT, bold=True)
    below = _CARD_END - _RIBBON
    _ribbon(image, poster.service, below)
    _price(image, goods, _MARGIN + 32, below - 30)
    _foot(image, poster, code)
    return _png(image)


def home_poster(poster: Poster, goods: Sequence[tuple[Goods, Image.Image | None]], code: Image.Image) -> bytes:
    """Return a PNG of the shop itself, with at most four of its goods."""
    image = _sheet(poster)
    brand.shaded(image, (_MARGIN, 138, WIDE - _MARGIN, _CARD_END), 32)
    room = _INNER - 56
    size = fitting_size(poster.slogan, (42, 38, 34), room)
    write(image, (WIDE / 2, 206), lines_of(poster.slogan, size, room, 1)[0], size, brand.BRAND, bold=True, anchor="ms")
    if not goods:
        emblem = brand.emblem_picture(380)
        image.paste(emblem, ((WIDE - 380) // 2, 380), emblem)
    for place, (one, picture) in enumerate(goods[:SHOWN_GOODS]):
        _cell(image, one, picture, place)
    _ribbon(image, poster.service, _CARD_END - _RIBBON)
    _foot(image, poster, code)
    return _png(image)


def _cell(image: Image.Image, goods: Goods, picture: Image.Image | None, place: int) -> None:
    """Draw one of the goods of the shop's poster, two in a row."""
    left = _MARGIN + _GAP + place % 2 * (_CELL + _GAP)
    top = 244 + place // 2 * 384
    shown = brand.filled(picture, _CELL, _CELL_SHOWN) if picture else _plate(_CELL, _CELL_SHOWN)
    rounded = brand.rounded(shown, 20)
    image.paste(rounded, (left, top), rounded)
    title = lines_of(goods.title, 27, _CELL, 1)[0]
    write(image, (left, top + _CELL_SHOWN + 40), title, 27, brand.TEXT, bold=True)
    x = left + write(image, (left, top + _CELL_SHOWN + 88), f"¥{goods.price}", 36, brand.BRAND, bold=True) + 6
    if goods.ranged:
        write(image, (x, top + _CELL_SHOWN + 88), "起", 24, brand.BRAND)


def _sheet(poster: Poster) -> Image.Image:
    """Return cream paper with the sharer's name on top."""
    image = Image.new("RGB", (WIDE, HIGH), brand.PAPER[:3])
    ImageDraw.Draw(image).ellipse((-260, -560, WIDE + 260, 330), brand.BRAND_SOFT[:3])
    disc = brand.rounded(Image.new("RGB", (76, 76), brand.BRAND[:3]), 38)
    image.paste(disc, (_MARGIN, 34), disc)
    write(image, (_MARGIN + 38, 72), initial(poster.sharer), 38, brand.CARD, bold=True, anchor="mm")
    write(image, (_MARGIN + 96, 62), poster.sharer, 32, brand.TEXT, bold=True)
    write(image, (_MARGIN + 96, 102), "发现一件好东西，分享给你", 26, brand.TEXT_2)
    return image


def _price(image: Image.Image, goods: Goods, x: float, base: float) -> None:
    x += write(image, (x, base), "¥", 36, brand.BRAND, bold=True) + 4
    x += write(image, (x, base), goods.price, 66, brand.BRAND, bold=True) + 8
    if goods.ranged:
        x += write(image, (x, base), "起", 30, brand.BRAND) + 8
    if goods.market_price:
        x += 10
        wide = write(image, (x, base), f"¥{goods.market_price}", 30, brand.TEXT_2)
        ImageDraw.Draw(image).line((x - 2, base - 10, x + wide + 2, base - 10), brand.TEXT_2[:3], 2)


def _ribbon(image: Image.Image, service: str, top: int) -> None:
    """Draw what the shop offers along the lower edge of the card."""
    box = brand.rounded(Image.new("RGB", (_INNER, _RIBBON + 64), brand.GOLD_SOFT[:3]), 32)
    lower = box.crop((0, 64, _INNER, _RIBBON + 64))
    image.paste(lower, (_MARGIN, top), lower)
    emblem = brand.emblem_picture(44)
    image.paste(emblem, (_MARGIN + 28, top + 10), emblem)
    line = lines_of(service, 28, _INNER - 124, 1)[0]
    write(image, (_MARGIN + 86, top + 34), line, 28, brand.BRAND_DEEP, bold=True, anchor="lm")


def _foot(image: Image.Image, poster: Poster, code: Image.Image) -> None:
    """Draw the code on white, and how to use it."""
    top = 1096
    brand.shaded(image, (WIDE - _MARGIN - _CODE, top, WIDE - _MARGIN, top + _CODE), 24)
    inside = _CODE - 20
    image.paste(
        code.convert("RGB").resize((inside, inside), Image.Resampling.LANCZOS), (WIDE - _MARGIN - _CODE + 10, top + 10)
    )
    emblem = brand.emblem_picture(64)
    image.paste(emblem, (_MARGIN, top + 14), emblem)
    write(image, (_MARGIN + 78, top + 60), poster.brand, 38, brand.BRAND_DEEP, bold=True)
    room = _INNER - _CODE - 24
    y = write_lines(image, (_MARGIN, top + 96), lines_of(poster.slogan, 27, room, 1), 27, brand.TEXT_2)
    wide = width(_HINT, 27) + 48
    pill = brand.rounded(Image.new("RGB", (round(wide), 56), brand.BRAND[:3]), 28)
    image.paste(pill, (_MARGIN, round(y) + 14), pill)
    write(image, (_MARGIN + wide / 2, y + 42), _HINT, 27, brand.CARD, anchor="mm")


def _plate(width_px: int, height_px: int) -> Image.Image:
    """Return the plate that replaces a missing picture."""
    plate = Image.new("RGB", (width_px, height_px), brand.GOLD_SOFT[:3])
    side = min(380, height_px)
    emblem = brand.emblem_picture(side)
    plate.paste(emblem, ((width_px - side) // 2, (height_px - side) // 2), emblem)
    return plate


def _paste_top(image: Image.Image, picture: Image.Image, at: tuple[int, int], radius_px: int) -> None:
    """Paste a picture with rounded upper corners, as the head of a card."""
    taller = Image.new("RGB", (picture.width, picture.height + radius_px))
    taller.paste(picture)
    head = brand.rounded(taller, radius_px).crop((0, 0, *picture.size))
    image.paste(head, at, head)


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=6)
    return out.getvalue()
