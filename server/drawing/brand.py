"""The shop's look: cream paper, persimmon red, ink brown, and three persimmons in front of a golden one."""

from functools import lru_cache
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFilter

from server.drawing.canvas import Canvas, Colour, colour, darker, faded, lighter

PAPER = colour("#fbf6ef")
CARD = colour("#ffffff")
TEXT = colour("#2b211c")
TEXT_2 = colour("#63554c")
LINE = colour("#efe5da")
BRAND = colour("#c8371f")
BRAND_DEEP = colour("#9e2a17")
BRAND_SOFT = colour("#fdede6")
GOLD = colour("#b7791f")
GOLD_SOFT = colour("#fbf0da")
_FRUIT = colour("#ec6f2d")
_GOLDEN = colour("#f0b33c")
_LEAF = colour("#6f8f4e")
_STALK = colour("#7a5a3a")
_STRIP = 6
"""The width, in pixels, of the picture's edge that is stretched to fill a box."""
_Box: TypeAlias = tuple[int, int, int, int]


def persimmon(c: Canvas, body: Colour) -> None:
    """Draw a persimmon into a square of 100 units. It is opaque, because it is drawn on transparent ground."""
    c.oval((3, 20, 97, 97), darker(body, 8))
    c.oval((3, 20, 93, 94), body)
    c.oval((12, 32, 50, 74), lighter(body, 14))
    c.oval((20, 42, 33, 57), lighter(body, 62))
    c.rect((45, 12, 55, 26), _STALK, 3)
    for left, top, wide, high, turn in _LOBES:
        c.oval((left, top, left + wide, top + high), darker(_LEAF, turn))
    c.oval((40, 21, 60, 33), darker(_LEAF, 16))


_LOBES = ((36, 15, 28, 14, 14), (17, 20, 33, 15, 0), (50, 20, 33, 15, 6), (35, 24, 30, 20, 3))
"""Left, top, width, height and shade of the calyx's four lobes."""


def emblem(c: Canvas) -> None:
    """Draw three persimmons in front of a golden one, into a square of 100 units, standing on y = 96."""
    c.oval((8, 88, 92, 100), faded(TEXT, 8))
    persimmon(c.part(0.58, 21, 2), _GOLDEN)
    for left, top in ((0, 46), (50, 46)):
        persimmon(c.part(0.5, left, top), _FRUIT)
    persimmon(c.part(0.46, 27, 51), lighter(_FRUIT, 14))


@lru_cache(maxsize=8)
def emblem_picture(side_px: int) -> Image.Image:
    """Return the emblem on transparent ground. It is cached: do not draw on it."""
    fine = Image.new("RGBA", (side_px * 3, side_px * 3), (255, 255, 255, 0))
    emblem(Canvas(fine, side_px * 3 / 100))
    return fine.reduce(3)


def rounded(picture: Image.Image, radius_px: int) -> Image.Image:
    """Return the picture with rounded, smooth corners."""
    mask = Image.new("L", (picture.width * 2, picture.height * 2), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, picture.width * 2 - 1, picture.height * 2 - 1), radius_px * 2, 255)
    found = picture.convert("RGBA")
    found.putalpha(mask.reduce(2))
    return found


def filled(picture: Image.Image, width_px: int, height_px: int) -> Image.Image:
    """Return a box with the whole picture in the middle; the picture's edges are stretched into the space beside it."""
    picture = picture.convert("RGB")
    scale = min(width_px / picture.width, height_px / picture.height)
    whole = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
    left, top = (width_px - whole.width) // 2, (height_px - whole.height) // 2
    box = Image.new("RGB", (width_px, height_px))
    for edge, place in _edges(whole, left, top, width_px, height_px):
        box.paste(whole.crop(edge).resize((place[2] - place[0], place[3] - place[1])), place)
    box.paste(whole, (left, top))
    box = (
        box.resize((max(1, width_px // 8), max(1, height_px // 8)))
        .filter(ImageFilter.GaussianBlur(1.5))
        .resize(box.size)
    )
    box.paste(whole, (left, top))
    return box


def _edges(whole: Image.Image, left: int, top: int, wide: int, high: int) -> list[tuple[_Box, _Box]]:
    """Return which strip of a picture goes where in the box around it."""
    right, bottom = left + whole.width, top + whole.height
    strip_x, strip_y = min(_STRIP, whole.width), min(_STRIP, whole.height)
    places = [
        ((0, 0, strip_x, whole.height), (0, top, left + 1, bottom)),
        ((whole.width - strip_x, 0, whole.width, whole.height), (right - 1, top, wide, bottom)),
        ((0, 0, whole.width, strip_y), (left, 0, right, top + 1)),
        ((0, whole.height - strip_y, whole.width, whole.height), (left, bottom - 1, right, high)),
    ]
    return [(edge, place) for edge, place in places if place[2] > place[0] and place[3] > place[1]]


def shaded(image: Image.Image, box: tuple[int, int, int, int], radius_px: int, fill: Colour = CARD) -> None:
    """Draw a rounded card with a soft shadow."""
    left, top, right, bottom = box
    reach = 24
    shade = Image.new("L", ((right - left + reach * 4) // 4, (bottom - top + reach * 4) // 4), 0)
    inner = (reach // 2, reach // 2 + 2, shade.width - reach // 2, shade.height - reach // 2 + 2)
    ImageDraw.Draw(shade).rounded_rectangle(inner, radius_px // 4, 26)
    soft = shade.filter(ImageFilter.GaussianBlur(4)).resize((right - left + reach * 4, bottom - top + reach * 4))
    image.paste(Image.new("RGB", soft.size, (90, 50, 30)), (left - reach * 2, top - reach * 2), soft)
    plain = rounded(Image.new("RGB", (right - left, bottom - top), fill[:3]), radius_px)
    image.paste(plain, (left, top), plain)
