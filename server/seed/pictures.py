"""Product pictures of the demo shop: drawings, the same every time, so each is drawn only once."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image

from server.drawing.canvas import INK, WHITE, Canvas, Palette, colour, faded, lighter, mixed
from server.seed import goods, vessels
from server.seed.motifs import MOTIFS, Motif

SIDE = 800
_FINE = 2
"""Pictures are drawn this many times larger, then reduced, which smooths the edges."""

VIEWS = 2
"""The number of pictures per product: the thing alone, and two of it together."""

Kind = Callable[[Canvas, Palette, Motif], None]

KINDS: dict[str, Kind] = {
    "pump": vessels.pump,
    "dropper": vessels.dropper,
    "jar": vessels.jar,
    "tube": vessels.tube,
    "tall": vessels.tall,
    "preserve": vessels.preserve,
    "can": vessels.can,
    "pouch": vessels.pouch,
    "carton": vessels.carton,
    "gift": vessels.gift,
    "lipstick": goods.lipstick,
    "compact": goods.compact,
    "brush": goods.brush,
    "baby_bottle": goods.baby_bottle,
    "diapers": goods.diapers,
    "onesie": goods.onesie,
    "blocks": goods.blocks,
    "fruit": goods.fruit,
    "bowl": goods.bowl,
    "towels": goods.towels,
    "pillow": goods.pillow,
    "mug": goods.mug,
    "pot": goods.pot,
    "candle": goods.candle,
    "lamp": goods.lamp,
    "basket": goods.basket,
    "umbrella": goods.umbrella,
    "card": goods.card,
}
"""The kinds of things, by the names in the shop's data."""


def _palette(*tints: str) -> Palette:
    return Palette(*(colour(tint) for tint in tints))


PALETTES: dict[str, Palette] = {
    "peach": _palette("#fff1e6", "#ffd3bd", "#f4937a", "#fff6ee", "#c8553d"),
    "rose": _palette("#fff0f1", "#fbc9cd", "#d9667b", "#f7e3da", "#a83a52"),
    "honey": _palette("#fff7e0", "#fbdc98", "#e9a13b", "#8a5a3c", "#b5651d"),
    "mint": _palette("#f1faf3", "#c3e5d0", "#6fb58f", "#fbf3e4", "#2f7d5b"),
    "sky": _palette("#eef8fd", "#bfe0f2", "#6ba9d2", "#fff3e2", "#2d6d9e"),
    "cream": _palette("#fffaf1", "#f3dfc4", "#dcb68b", "#fffdf8", "#a8733f"),
    "berry": _palette("#fbf0fa", "#e3c3e6", "#9a63a8", "#f9e2c7", "#6d3a7c"),
    "brick": _palette("#fdf0e8", "#f3c4ab", "#c4563b", "#f5dfb8", "#8c3020"),
    "olive": _palette("#f8f7e6", "#dcdcae", "#98a052", "#f6ecd2", "#636b26"),
    "lemon": _palette("#fffce6", "#fbeb9c", "#efc53d", "#fff8df", "#b8860b"),
    "cocoa": _palette("#faf1ea", "#e2c6b2", "#8d5b45", "#efd9c3", "#5e3526"),
    "orange": _palette("#fff6e8", "#fddcae", "#f39a2d", "#f7b14f", "#5b8c3a"),
    "scarlet": _palette("#fff0ea", "#ffb9a3", "#d63a2f", "#f6cf7a", "#ffe3a6"),
}
"""The palettes: warm colours that go together."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, by its names in KINDS, PALETTES and MOTIFS."""

    kind: str
    palette: str
    motif: str


def draw(picture: Picture, view: int) -> Image.Image:
    """Draw view 0 (the thing) or 1 (two of it). The same input gives the same pixels. Raises KeyError."""
    palette, kind, motif = PALETTES[picture.palette], KINDS[picture.kind], MOTIFS[picture.motif]
    fine = SIDE * _FINE
    image = _backdrop(palette, fine).copy()
    whole = Canvas(image, fine / 100)
    digest = hashlib.sha256(f"{picture.kind} {picture.palette} {picture.motif} {view}".encode()).digest()
    _scatter(whole, palette, motif, digest)
    alone = [(palette, 0.88, 6.0, 7.0)]
    together = [(_behind(palette), 0.62, 0.0, 24.0), (palette, 0.74, 28.0, 20.0)]
    for tints, scale, left, top in alone if view == 0 else together:
        _shadow(whole, (left + scale * 50, top + scale * 84.5, scale * 34))
        kind(whole.part(scale, left, top), tints, motif)
    return image.reduce(_FINE)


def _behind(palette: Palette) -> Palette:
    """Return paler colours for the thing behind, so that the one in front stands out."""
    haze = mixed(palette.sky, palette.ground, 70)
    main, second, accent = (mixed(tint, haze, 45) for tint in (palette.main, palette.second, palette.accent))
    return Palette(palette.sky, palette.ground, main, second, accent)


@lru_cache(maxsize=4)
def _backdrop(palette: Palette, side: int) -> Image.Image:
    """Draw a wall that gets lighter upwards, a disc of light, and a table."""
    fade = Image.linear_gradient("L").resize((side, side))
    image = Image.composite(
        Image.new("RGB", (side, side), palette.ground[:3]), Image.new("RGB", (side, side), palette.sky[:3]), fade
    )
    canvas = Canvas(image, side / 100)
    canvas.oval((17, 10, 83, 76), faded(lighter(palette.sky, 60), 75))
    canvas.oval((-30, 66, 130, 150), mixed(palette.ground, WHITE, 28))
    canvas.oval((-30, 68, 130, 152), mixed(palette.ground, WHITE, 12))
    return image


def _scatter(canvas: Canvas, palette: Palette, motif: Motif, digest: bytes) -> None:
    """Draw a few faint signs on the wall, away from the middle."""
    faint = mixed(palette.main, mixed(palette.sky, palette.ground, 40), 76)
    for i, (x, y) in enumerate(((7, 10), (82, 8), (5, 42), (86, 38), (20, 3), (68, 2))):
        size = 6 + digest[i] % 6
        shift = digest[i + 8] % 7 - 3
        if digest[i + 16] % 4:
            motif(canvas.part(size / 100, x + shift, y + shift), faint)


def _shadow(canvas: Canvas, at: tuple[float, float, float]) -> None:
    """Draw a soft shadow under a thing; `at` is its middle and half its width."""
    x, y, half = at
    for i in range(6):
        grown = half * (1.06 - i * 0.07)
        canvas.oval((x - grown, y - grown * 0.13, x + grown, y + grown * 0.15), faded(INK, 5))


def file_name(picture: Picture, view: int) -> str:
    """Return the name of a picture's file, made from what it shows."""
    return f"{picture.kind}-{picture.palette}-{picture.motif}-{view + 1}.webp"


def keep(folder: Path, picture: Picture, view: int) -> str:
    """Draw a picture into `folder` if it is not there yet; return the file's name."""
    name = file_name(picture, view)
    write_once(folder / name, lambda: draw(picture, view))
    return name


def write_once(path: Path, make: Callable[[], Image.Image]) -> None:
    """Draw a picture to `path` if it is not there yet; no reader sees half of it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        make().save(unfinished, "WEBP", quality=86, method=2)
        unfinished.replace(path)
