"""Packages of goods: bottles, jars, tubes, bags, boxes. Each stands on y = 84 in a square of 100 units."""

from server.drawing.canvas import INK, WHITE, Canvas, Colour, Palette, darker, faded, lighter
from server.seed.motifs import Motif


def label(c: Canvas, box: tuple[float, float, float, float], paper: Colour, tint: Colour, motif: Motif) -> None:
    """Draw a label with a sign, and three lines in place of print."""
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    c.rect(box, paper, 1.4)
    size = min(wide * 0.62, high * 0.56)
    motif(c.part(size / 100, (left + right - size) / 2, top + high * 0.08), tint)
    for share, y in ((0.6, 0.74), (0.42, 0.83), (0.3, 0.91)):
        half = wide * share / 2
        middle = (left + right) / 2
        c.rect((middle - half, top + high * y, middle + half, top + high * y + high * 0.035), faded(INK, 45), 0.5)


def pump(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a bottle with a pump: lotion, shampoo, hand wash."""
    c.path([(50, 30), (50, 16), (37, 16), (37, 20)], darker(p.second, 12), 4)
    c.rect((45, 22, 55, 28), darker(p.second, 22), 1)
    c.rect((41, 27, 59, 34), darker(p.second, 12), 1.4)
    c.rect((31, 33, 69, 84), p.main, 7)
    label(c, (36, 45, 64, 76), lighter(p.main, 85), p.accent, motif)
    c.sheen((31, 38, 69, 80), 3)


def dropper(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a serum bottle with a dropper."""
    c.oval((45, 12, 55, 28), darker(p.second, 25))
    c.rect((44, 22, 56, 34), darker(p.second, 10), 1.6)
    c.rect((42, 33, 58, 39), p.second, 1)
    c.rect((33, 38, 67, 84), faded(p.main, 92), 6)
    c.rect((36, 52, 64, 81), darker(p.main, 14), 4)
    label(c, (36, 48, 64, 76), WHITE, p.accent, motif)
    c.sheen((33, 43, 67, 80), 3)


def jar(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a cream jar, wide and low."""
    c.rect((25, 38, 75, 52), p.second, 3)
    c.rect((25, 47, 75, 50), darker(p.second, 12))
    c.rect((22, 51, 78, 84), p.main, 6)
    label(c, (35, 55, 65, 81), lighter(p.main, 85), p.accent, motif)
    c.sheen((22, 55, 78, 81), 3)
    c.sheen((25, 39, 75, 50), 1)


def tube(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a tube standing on its cap."""
    c.shape([(31, 14), (69, 14), (63, 72), (37, 72)], p.main)
    c.rect((29, 11, 71, 17), darker(p.main, 12), 1)
    c.rect((38, 71, 62, 84), p.second, 2)
    label(c, (39, 26, 61, 62), lighter(p.main, 85), p.accent, motif)
    c.shape([(34, 18), (38, 18), (41, 70), (39, 70)], faded(WHITE, 40))
    c.shape([(63, 18), (68, 18), (62, 70), (59, 70)], faded(INK, 9))
    for x in (42, 46, 50, 54, 58):
        c.rect((x - 0.5, 74, x + 0.5, 82), faded(INK, 18), 0.4)


def tall(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a tall bottle with a neck: oil, juice, wine, detergent."""
    c.rect((44, 10, 56, 20), p.second, 1.6)
    c.rect((45, 19, 55, 34), darker(p.main, 8))
    c.shape([(45, 26), (55, 26), (66, 44), (34, 44)], p.main)
    c.rect((34, 40, 66, 84), p.main, 4)
    label(c, (36, 49, 64, 77), lighter(p.second, 88), p.accent, motif)
    c.sheen((34, 42, 66, 82), 2)


def preserve(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a glass with a screw lid: honey, jam, nuts."""
    c.rect((31, 24, 69, 36), p.second, 2)
    for x in range(34, 68, 4):
        c.rect((x, 26, x + 1, 35), faded(INK, 12))
    c.rect((27, 35, 73, 84), lighter(p.main, 45), 8)
    c.rect((30, 43, 70, 81), p.main, 6)
    label(c, (34, 50, 66, 77), lighter(p.main, 90), p.accent, motif)
    c.sheen((27, 40, 73, 80), 3)


def can(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a tin: milk powder, tea, protein."""
    c.rect((27, 22, 73, 84), p.main, 4)
    c.oval((27, 15, 73, 29), p.second)
    c.oval((31, 17, 69, 26), lighter(p.second, 35))
    c.rect((27, 74, 73, 78), darker(p.main, 14))
    label(c, (33, 36, 67, 70), lighter(p.main, 88), p.accent, motif)
    c.sheen((27, 30, 73, 80), 2)


def pouch(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a bag that stands: nuts, rice, tissues, masks."""
    c.shape([(28, 16), (72, 16), (75, 80), (70, 84), (30, 84), (25, 80)], p.main)
    c.rect((28, 12, 72, 20), darker(p.main, 14), 1)
    for x in range(30, 72, 3):
        c.rect((x, 13, x + 0.8, 19), faded(WHITE, 30))
    label(c, (34, 30, 66, 70), lighter(p.main, 88), p.accent, motif)
    c.shape([(29, 22), (34, 22), (32, 80), (27, 80)], faded(WHITE, 35))
    c.shape([(69, 22), (71.5, 22), (74, 80), (68, 82)], faded(INK, 10))


def carton(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a box seen from the side: tea bags, capsules, gifts."""
    c.shape([(24, 32), (62, 32), (62, 84), (24, 84)], p.main)
    c.shape([(62, 32), (78, 24), (78, 75), (62, 84)], darker(p.main, 22))
    c.shape([(24, 32), (40, 24), (78, 24), (62, 32)], lighter(p.main, 35))
    label(c, (29, 40, 57, 76), lighter(p.main, 88), p.accent, motif)
    c.rect((24, 32, 27, 84), faded(WHITE, 28))


def gift(c: Canvas, p: Palette, motif: Motif) -> None:
    """Draw a present with a ribbon."""
    c.rect((23, 46, 77, 84), p.main, 2)
    c.rect((20, 36, 80, 48), darker(p.main, 10), 2)
    c.rect((45, 36, 55, 84), p.second)
    for side in (-1, 1):
        c.shape([(50, 36), (50 + side * 22, 20), (50 + side * 26, 32)], p.second)
        c.shape([(50, 36), (50 + side * 16, 25), (50 + side * 19, 31)], darker(p.second, 22))
    c.oval((45, 30, 55, 40), lighter(p.second, 25))
    motif(c.part(0.15, 27, 56), p.accent)
    motif(c.part(0.15, 58, 64), p.accent)
    c.sheen((23, 49, 77, 82), 1)
