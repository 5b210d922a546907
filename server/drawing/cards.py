"""Share cards, 5:4 as WeChat shows them. They are shown small, so they have little text in large type."""

import io
from dataclasses import dataclass

from PIL import Image, ImageDraw

from server.drawing import brand
from server.drawing.lettering import lines_of, width, write

WIDE, HIGH = 800, 640
_PANEL = 236
_MARGIN = 36
_QUALITY = 84


@dataclass(frozen=True, slots=True)
class ProductCard:
    """The text on a product's card. `price` is written for people: `39.9`."""

    title: str
    price: str
    ranged: bool
    """Whether other variants cost more: `39.9 起`."""
    brand: str


def product_card(card: ProductCard, picture: Image.Image | None) -> bytes:
    """Return a JPEG with the product, its price and title; the emblem replaces a missing picture."""
    image = Image.new("RGB", (WIDE, HIGH), brand.PAPER[:3])
    above = HIGH - _PANEL
    if picture is None:
        _emblem(image, (WIDE - 330) // 2, above - 380, 330)
    else:
        image.paste(brand.filled(picture, WIDE, above), (0, 0))
    ImageDraw.Draw(image).rectangle((0, above, WIDE, HIGH), brand.CARD[:3])
    _mark(image, card.brand)
    base = above + 90
    x = _MARGIN + write(image, (_MARGIN, base), "¥", 46, brand.BRAND, bold=True) + 6
    x += write(image, (x, base), card.price, 92, brand.BRAND, bold=True) + 12
    if card.ranged:
        write(image, (x, base), "起", 40, brand.BRAND)
    lines = lines_of(card.title, 44, WIDE - 2 * _MARGIN, 2)
    for i, line in enumerate(lines):
        write(image, (_MARGIN, base + (64 if lines[1:] else 84) + i * 56), line, 44, brand.TEXT, bold=True)
    return _jpeg(image)


def home_card(name: str, slogan: str) -> bytes:
    """Return a JPEG of the shop itself: its name and its slogan."""
    image = Image.new("RGB", (WIDE, HIGH), brand.PAPER[:3])
    draw = ImageDraw.Draw(image)
    draw.ellipse((-180, 300, WIDE + 180, HIGH + 420), brand.BRAND_SOFT[:3])
    _emblem(image, (WIDE - 330) // 2, 24, 330)
    middle = WIDE / 2
    write(image, (middle, 440), name, 72, brand.BRAND, bold=True, anchor="ms")
    for i, line in enumerate(lines_of(slogan, 46, WIDE - 2 * _MARGIN, 2)):
        write(image, (middle, 522 + i * 62), line, 46, brand.TEXT, anchor="ms")
    return _jpeg(image)


def _mark(image: Image.Image, name: str) -> None:
    """Write the shop's name small in a corner."""
    wide = int(width(name, 30)) + 88
    plate = brand.rounded(Image.new("RGB", (wide, 60), brand.CARD[:3]), 30)
    image.paste(plate, (20, 20), plate)
    _emblem(image, 34, 28, 44)
    write(image, (86, 50), name, 30, brand.BRAND_DEEP, bold=True, anchor="lm")


def _emblem(image: Image.Image, left: int, top: int, side: int) -> None:
    emblem = brand.emblem_picture(side)
    image.paste(emblem, (left, top), emblem)


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
