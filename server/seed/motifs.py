"""Small signs for labels that show what a thing is made of. Each fills a square of 100 units."""

import math
from collections.abc import Callable

from server.drawing.canvas import WHITE, Canvas, Colour, darker, faded, lighter

Motif = Callable[[Canvas, Colour], None]


def leaf(c: Canvas, tint: Colour) -> None:
    """Draw two leaves on a stem."""
    for side in (-1, 1):
        c.shape([(50 + side * x, y) for x, y in ((0, 70), (8, 40), (30, 22), (44, 20), (40, 44), (24, 64))], tint)
    c.path([(50, 90), (50, 52)], darker(tint, 20), 5)


def drop(c: Canvas, tint: Colour) -> None:
    """Draw a drop with a light in it."""
    c.shape([(50, 10), (30, 46), (70, 46)], tint)
    c.oval((25, 34, 75, 86), tint)
    c.oval((36, 50, 48, 70), faded(WHITE, 60))


def flower(c: Canvas, tint: Colour) -> None:
    """Draw six petals."""
    for i in range(6):
        x, y = 50 + 24 * math.cos(i * math.tau / 6), 50 + 24 * math.sin(i * math.tau / 6)
        c.oval((x - 17, y - 17, x + 17, y + 17), tint)
    c.oval((36, 36, 64, 64), lighter(tint, 65))


def heart(c: Canvas, tint: Colour) -> None:
    """Draw a heart."""
    c.oval((16, 22, 54, 60), tint)
    c.oval((46, 22, 84, 60), tint)
    c.shape([(19, 50), (50, 88), (81, 50), (50, 40)], tint)


def star(c: Canvas, tint: Colour) -> None:
    """Draw a star of five points."""
    turns = [(i * math.tau / 10 - math.pi / 2, 42 if i % 2 == 0 else 19) for i in range(10)]
    c.shape([(50 + r * math.cos(t), 52 + r * math.sin(t)) for t, r in turns], tint)


def bear(c: Canvas, tint: Colour) -> None:
    """Draw a bear's face."""
    for x in (26, 74):
        c.oval((x - 15, 14, x + 15, 44), tint)
        c.oval((x - 8, 21, x + 8, 37), lighter(tint, 55))
    c.oval((16, 22, 84, 88), tint)
    c.oval((34, 52, 66, 80), lighter(tint, 70))
    for x in (36, 64):
        c.oval((x - 4, 44, x + 4, 52), darker(tint, 75))
    c.oval((44, 56, 56, 65), darker(tint, 75))


def grain(c: Canvas, tint: Colour) -> None:
    """Draw an ear of grain."""
    c.path([(50, 92), (50, 20)], darker(tint, 15), 4)
    for i, y in enumerate((70, 54, 38)):
        for side in (-1, 1):
            c.oval((50 + side * 20 - 10, y - 14 - i, 50 + side * 20 + 10, y + 10 - i), tint)
    c.oval((41, 8, 59, 34), tint)


def berry(c: Canvas, tint: Colour) -> None:
    """Draw three berries."""
    for x, y in ((34, 56), (66, 56), (50, 34)):
        c.oval((x - 18, y - 18, x + 18, y + 18), tint)
        c.oval((x - 10, y - 12, x - 2, y - 4), faded(WHITE, 60))


def wave(c: Canvas, tint: Colour) -> None:
    """Draw three waves."""
    for y in (34, 52, 70):
        c.path([(12 + i, y + 6 * math.sin(i / 76 * math.tau * 2)) for i in range(0, 77, 2)], tint, 6)


def sun(c: Canvas, tint: Colour) -> None:
    """Draw a sun with rays."""
    for i in range(10):
        x, y = math.cos(i * math.tau / 10), math.sin(i * math.tau / 10)
        c.path([(50 + 32 * x, 50 + 32 * y), (50 + 43 * x, 50 + 43 * y)], tint, 5)
    c.oval((26, 26, 74, 74), tint)


MOTIFS: dict[str, Motif] = {
    "leaf": leaf,
    "drop": drop,
    "flower": flower,
    "heart": heart,
    "star": star,
    "bear": bear,
    "grain": grain,
    "berry": berry,
    "wave": wave,
    "sun": sun,
}
"""The signs, by the names in the shop's data."""
