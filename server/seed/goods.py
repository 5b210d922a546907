"""Goods that are drawn without a package: cloth, tableware, toys, fruit, cards. Each stands on y = 84, of 100 units."""

import math

from server.drawing.canvas import INK, WHITE, Canvas, Palette, colour, darker, faded, lighter, mixed
from server.seed.motifs import Motif


def lipstick(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a lipstick and its cap."""
    c.rect((30, 50, 48, 84), p.second, 2)
    c.rect((32, 40, 46, 51), lighter(p.second, 45), 1)
    c.shape([(34, 41), (34, 22), (44, 14), (44, 41)], p.main)
    c.shape([(34, 22), (44, 14), (44, 20), (37, 26)], lighter(p.main, 35))
    c.sheen((30, 52, 48, 83), 1)
    c.rect((55, 44, 75, 84), darker(p.second, 6), 2)
    c.rect((55, 74, 75, 77), p.accent)
    motif(c.part(0.12, 59, 54), p.accent)
    c.sheen((55, 46, 75, 83), 1)


def compact(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a cushion compact, open."""
    c.oval((27, 12, 73, 56), p.second)
    c.oval((32, 17, 68, 51), mixed(p.sky, WHITE, 55))
    c.shape([(40, 22), (47, 20), (38, 44), (35, 40)], faded(WHITE, 70))
    c.oval((22, 48, 78, 84), darker(p.second, 12))
    c.oval((22, 45, 78, 80), p.second)
    c.oval((29, 49, 71, 75), p.main)
    c.oval((34, 52, 66, 72), lighter(p.main, 30))
    motif(c.part(0.14, 43, 55), faded(p.accent, 70))


def brush(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw an electric toothbrush on its stand."""
    c.rect((36, 78, 64, 84), darker(p.second, 10), 2)
    c.rect((41, 38, 59, 80), p.main, 7)
    c.shape([(45, 40), (55, 40), (52.5, 24), (47.5, 24)], lighter(p.main, 30))
    c.rect((47.5, 10, 52.5, 27), lighter(p.main, 45), 1.5)
    for y in range(10, 19, 2):
        c.rect((42, y, 48, y + 1.3), p.accent, 0.5)
    c.oval((45.5, 50, 54.5, 59), lighter(p.main, 70))
    motif(c.part(0.07, 46.5, 51), p.accent)
    c.sheen((41, 44, 59, 76), 2)


def baby_bottle(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a feeding bottle with milk in it."""
    c.oval((44, 8, 56, 22), lighter(p.accent, 45))
    c.shape([(40, 30), (60, 30), (56, 17), (44, 17)], lighter(p.accent, 45))
    c.rect((35, 27, 65, 37), p.second, 2)
    for x in range(38, 64, 4):
        c.rect((x, 29, x + 1, 36), faded(INK, 12))
    c.rect((32, 36, 68, 84), faded(lighter(p.main, 60), 88), 10)
    c.rect((35, 50, 65, 81), WHITE, 7)
    motif(c.part(0.2, 40, 58), p.main)
    for y in (48, 56, 64, 72):
        c.rect((60, y, 66, y + 1), faded(p.main, 80))
    c.sheen((32, 42, 68, 80), 3)


def diapers(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a plump pack with a handle."""
    c.arc((38, 14, 62, 38), 180, 360, darker(p.main, 18), 3)
    c.rect((21, 26, 79, 84), p.main, 8)
    c.shape([(21, 60), (79, 48), (79, 76), (71, 84), (29, 84), (21, 76)], p.second)
    c.oval((33, 34, 67, 68), lighter(p.main, 88))
    motif(c.part(0.25, 37.5, 38.5), p.accent)
    for x in (34, 46, 58):
        c.rect((x, 74, x + 8, 76), faded(WHITE, 75), 1)
    c.sheen((21, 31, 79, 80), 4)


def onesie(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a romper for a baby."""
    body = [(36, 18), (64, 18), (84, 34), (75, 48), (67, 42), (67, 66), (58, 82), (42, 82), (33, 66)]
    c.shape([*body, (33, 42), (25, 48), (16, 34)], p.main)
    c.oval((39, 10, 61, 26), p.sky)
    c.arc((38, 9, 62, 27), 10, 170, p.second, 2.4)
    c.path([(42, 82), (58, 82)], p.second, 2.4)
    for side in (-1, 1):
        c.path([(50 + side * 25, 48), (50 + side * 34, 34)], p.second, 2.4)
    for x in (46, 50, 54):
        c.oval((x - 1, 77, x + 1, 79), WHITE)
    motif(c.part(0.26, 37, 37), p.accent)


def blocks(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw building blocks with a ball."""
    for left, top, tint in ((22, 56, p.main), (52, 56, p.second), (37, 28, p.accent)):
        c.rect((left, top, left + 28, top + 28), tint, 3)
        c.rect((left + 4, top + 4, left + 24, top + 24), lighter(tint, 55), 2)
        motif(c.part(0.15, left + 6.5, top + 6.5), darker(tint, 8))
    c.oval((70, 36, 86, 52), lighter(p.main, 25))
    c.oval((73, 39, 78, 44), faded(WHITE, 70))


def fruit(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw three round fruits; the motif is their leaf."""
    for x, y, size, tint in ((34, 66, 18, darker(p.main, 8)), (66, 66, 18, p.second), (50, 54, 22, p.main)):
        c.oval((x - size, y - size, x + size, y + size * 0.98), tint)
        c.oval((x - size * 0.62, y - size * 0.7, x - size * 0.16, y - size * 0.28), faded(WHITE, 55))
    c.path([(50, 34), (53, 22)], darker(colour("#8a5a3c"), 0), 2)
    motif(c.part(0.26, 50, 10), p.accent)


def bowl(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a bowl heaped with food."""
    for i in range(11):
        x, y = 50 + 26 * math.cos(i * 2.4) * (i / 11), 46 + 9 * math.sin(i * 2.4) - (11 - i) * 0.6
        c.oval((x - 9, y - 8, x + 9, y + 8), p.accent if i % 3 else lighter(p.accent, 35))
    c.pie((20, 16, 80, 88), 0, 180, p.main)
    c.rect((18, 50, 82, 55), lighter(p.main, 35), 2)
    c.rect((40, 82, 60, 87), darker(p.main, 15), 1)
    motif(c.part(0.2, 40, 59), lighter(p.main, 75))
    c.pie((20, 16, 80, 88), 0, 42, faded(INK, 8))


def towels(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw folded cloth, in a stack."""
    for i, (top, tint) in enumerate(((66, p.main), (49, p.second), (32, p.accent))):
        left = 20 + i * 2
        c.rect((left, top, 100 - left, top + 18), tint, 8)
        c.rect((left + 16, top + 2.5, 100 - left - 2, top + 6), lighter(tint, 35), 1.5)
        c.rect((left + 16, top + 11, 100 - left - 2, top + 13), darker(tint, 10), 1)
        c.oval((left + 3, top + 4, left + 13, top + 14), darker(tint, 14))
        c.oval((left + 5.5, top + 6.5, left + 10.5, top + 11.5), lighter(tint, 20))
    motif(c.part(0.16, 64, 16), lighter(p.accent, 25))


def pillow(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw two cushions."""
    for shift, tint in ((8, p.second), (0, p.main)):
        x, y = shift * 1.2, -shift * 1.6
        c.rect((18 + x, 40 + y, 76 + x, 84 + y), tint, 12)
        for cx, cy in ((20, 42), (74, 42), (20, 82), (74, 82)):
            c.oval((cx - 4 + x, cy - 4 + y, cx + 4 + x, cy + 4 + y), tint)
        c.path([(24 + x, 47 + y), (70 + x, 47 + y)], lighter(tint, 40), 1)
    motif(c.part(0.26, 34, 50), p.accent)
    c.sheen((18, 46, 76, 80), 5)


def mug(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a cup, steaming."""
    c.ring((60, 46, 84, 74), darker(p.main, 12), 4.5)
    c.rect((24, 38, 70, 84), p.main, 7)
    c.oval((24, 32, 70, 45), lighter(p.main, 45))
    c.oval((28, 34, 66, 43), p.second)
    for x in (38, 47, 56):
        c.path([(x + 2 * math.sin(i / 3), 28 - i) for i in range(0, 17, 2)], faded(WHITE, 70), 2)
    motif(c.part(0.24, 35, 52), p.accent)
    c.sheen((24, 44, 70, 80), 3)


def pot(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a cooking pot with a lid."""
    for left, right in ((10, 24), (76, 90)):
        c.rect((left, 50, right, 56), darker(p.second, 12), 3)
    c.rect((20, 44, 80, 84), p.main, 9)
    c.rect((18, 41, 82, 48), darker(p.main, 14), 3)
    c.pie((22, 22, 78, 62), 180, 360, p.second)
    c.oval((45, 15, 55, 25), p.accent)
    motif(c.part(0.2, 40, 54), lighter(p.main, 65))
    c.sheen((20, 50, 80, 80), 4)


def candle(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a scented candle in a glass."""
    c.oval((36, 8, 64, 44), faded(colour("#ffe3a0"), 45))
    c.shape([(50, 14), (44, 30), (56, 30)], colour("#ffb347"))
    c.oval((44, 23, 56, 36), colour("#ffb347"))
    c.oval((47, 27, 53, 35), colour("#fff0c2"))
    c.path([(50, 34), (50, 46)], INK, 1.4)
    c.rect((29, 40, 71, 84), faded(lighter(p.main, 40), 85), 5)
    c.rect((32, 46, 68, 81), p.second, 3)
    label(c, p, motif)
    c.sheen((29, 44, 71, 81), 2)


def label(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a round label low on the body."""
    c.oval((37, 51, 63, 77), lighter(p.main, 88))
    motif(c.part(0.18, 41, 55), p.accent)


def lamp(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a bedside lamp, lit."""
    c.oval((8, 6, 92, 90), faded(colour("#fff2c9"), 40))
    c.shape([(36, 16), (64, 16), (76, 48), (24, 48)], p.main)
    c.rect((24, 45, 76, 50), lighter(p.main, 45), 2)
    c.rect((47.5, 50, 52.5, 76), p.second, 1)
    c.rect((34, 76, 66, 84), darker(p.second, 8), 4)
    motif(c.part(0.18, 41, 24), lighter(p.main, 70))
    c.path([(60, 50), (60, 62)], p.accent, 1)
    c.oval((58, 61, 62, 65), p.accent)


def basket(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a woven basket with cloth in it."""
    c.oval((26, 28, 74, 60), p.second)
    c.oval((38, 22, 70, 52), lighter(p.second, 35))
    c.shape([(18, 44), (82, 44), (75, 84), (25, 84)], p.main)
    for row in range(5):
        for column in range(9):
            x, y = 21 + column * 6.7 + (row % 2) * 2, 51 + row * 6.6
            c.rect((x, y, x + 4.6, y + 3.4), darker(p.main, 14) if (row + column) % 2 else lighter(p.main, 22), 1.4)
    c.rect((16, 41, 84, 49), darker(p.main, 10), 3)
    c.oval((40, 55, 60, 75), lighter(p.main, 85))
    motif(c.part(0.14, 43, 58), p.accent)


def umbrella(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw an open umbrella."""
    c.path([(50, 46), (50, 80)], darker(p.second, 20), 2.4)
    c.arc((50, 72, 62, 88), 0, 180, darker(p.second, 20), 2.4)
    c.pie((14, 12, 86, 84), 180, 360, p.main)
    c.pie((34, 12, 66, 84), 180, 360, p.second)
    for x in (14, 34, 50, 66):
        wide = 20 if x in {14, 66} else 16
        c.oval((x, 43, x + wide, 53), mixed(p.sky, p.ground, 40))
    motif(c.part(0.16, 42, 20), p.accent)


def card(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a gift card before its envelope."""
    c.rect((28, 18, 90, 58), p.second, 4)
    c.rect((34, 26, 56, 29), faded(WHITE, 60), 1)
    c.rect((12, 36, 82, 82), p.main, 5)
    c.oval((48, 22, 102, 76), faded(WHITE, 0))
    c.shape([(12, 66), (82, 50), (82, 77), (77, 82), (17, 82), (12, 77)], darker(p.main, 12))
    c.rect((19, 44, 32, 54), colour("#f3d58a"), 2)
    c.rect((19, 48.4, 32, 49.4), darker(colour("#f3d58a"), 30))
    motif(c.part(0.24, 53, 41), p.accent)
    for i in range(4):
        c.rect((19 + i * 10, 71, 26 + i * 10, 74), faded(WHITE, 75), 1)
    c.shape([(16, 36), (30, 36), (20, 60), (12, 74), (12, 40)], faded(WHITE, 16))
