"""The demo shop's banners: wide pictures, each with a sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from server.drawing import brand
from server.drawing.canvas import Canvas, Palette, faded, mixed
from server.drawing.lettering import write
from server.seed import goods, vessels
from server.seed.motifs import MOTIFS
from server.seed.pictures import PALETTES, write_once

WIDE, HIGH = 1500, 640
_FINE = 2
_TEXT_LEFT = 96


@dataclass(frozen=True, slots=True)
class BannerPicture:
    """A banner's picture, text and link; `palette` is a name in PALETTES."""

    name: str
    title: str
    subtitle: str
    link: str
    palette: str
    things: Callable[[Canvas, Palette], None]


def _promise(c: Canvas, _palette: Palette) -> None:
    brand.emblem(c.part(0.92, 4, 4))


def _autumn(c: Canvas, palette: Palette) -> None:
    vessels.preserve(c.part(0.74, -6, 22), PALETTES["honey"], MOTIFS["flower"])
    vessels.gift(c.part(0.66, 46, 30), palette, MOTIFS["heart"])
    brand.persimmon(c.part(0.24, 36, 66), PALETTES["orange"].main)


def _coupons(c: Canvas, palette: Palette) -> None:
    goods.card(c.part(0.8, 6, 2), palette, MOTIFS["heart"])
    goods.card(c.part(0.72, 28, 26), PALETTES["honey"], MOTIFS["star"])


BANNERS = (
    BannerPicture(
        "banner-promise",
        "推三返一，规则看得见",
        "每一笔返还，都有明细可查",
        "/packages/referral/pages/rules/index",
        "peach",
        _promise,
    ),
    BannerPicture(
        "banner-food",
        "山里来的好滋味",
        "当季好食材，新鲜直达餐桌",
        "/pages/search/index?category=food",
        "honey",
        _autumn,
    ),
    BannerPicture(
        "banner-coupons",
        "新人礼券，先领后逛",
        "先领券再下单，当场抵扣",
        "/packages/marketing/pages/coupon-center/index",
        "rose",
        _coupons,
    ),
)
"""The banners in the order of the home page."""


def draw(banner: BannerPicture) -> Image.Image:
    """Draw 1500 × 640 pixels: words on the left, things on the right. The same input gives the same pixels."""
    palette = PALETTES[banner.palette]
    wide, high = WIDE * _FINE, HIGH * _FINE
    fade = Image.linear_gradient("L").rotate(90).resize((wide, high))
    image = Image.composite(
        Image.new("RGB", (wide, high), palette.ground[:3]), Image.new("RGB", (wide, high), palette.sky[:3]), fade
    )
    whole = Canvas(image, high / 100)
    whole.oval((118, -34, 250, 98), faded(mixed(palette.sky, brand.CARD, 60), 70))
    whole.oval((60, 78, 300, 190), mixed(palette.ground, brand.CARD, 26))
    banner.things(Canvas(image, high / 100 * 0.86, wide - high * 0.97, high * 0.06), palette)
    image = image.reduce(_FINE)
    write(image, (_TEXT_LEFT, 280), banner.title, 82, brand.BRAND_DEEP, bold=True)
    write(image, (_TEXT_LEFT + 4, 366), banner.subtitle, 42, brand.TEXT_2)
    plate = brand.rounded(Image.new("RGB", (216, 76), brand.BRAND[:3]), 38)
    image.paste(plate, (_TEXT_LEFT, 430), plate)
    write(image, (_TEXT_LEFT + 108, 468), "去看看", 36, brand.CARD, bold=True, anchor="mm")
    return image


def file_name(banner: BannerPicture) -> str:
    """Return the name of the banner's file."""
    return f"{banner.name}.webp"


def keep(folder: Path, banner: BannerPicture) -> None:
    """Draw the banner into `folder` if it is not there yet."""
    write_once(folder / file_name(banner), lambda: draw(banner))
