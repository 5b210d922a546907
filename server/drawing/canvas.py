"""A small kit for flat illustrations on Pillow: a square of 100 × 100 units, colours that lighten, darken and fade."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from PIL import Image, ImageDraw

Colour: TypeAlias = tuple[int, int, int, int]
Points: TypeAlias = Sequence[tuple[float, float]]
Box: TypeAlias = tuple[float, float, float, float]

WHITE: Colour = (255, 255, 255, 255)
INK: Colour = (74, 52, 44, 255)


def colour(text: str) -> Colour:
    """Return the opaque colour of `#rrggbb`."""
    red, green, blue = bytes.fromhex(text.lstrip("#"))
    return red, green, blue, 255


def mixed(one: Colour, other: Colour, percent: int) -> Colour:
    """Return the colour that is `percent` of the way from one colour to the other."""
    red, green, blue, alpha = (a + (b - a) * percent // 100 for a, b in zip(one, other, strict=True))
    return red, green, blue, alpha


def lighter(base: Colour, percent: int) -> Colour:
    """Mix a colour with white."""
    return mixed(base, (255, 255, 255, base[3]), percent)


def darker(base: Colour, percent: int) -> Colour:
    """Mix a colour with a warm dark one."""
    return mixed(base, (*INK[:3], base[3]), percent)


def faded(base: Colour, percent: int) -> Colour:
    """Return the colour with `percent` of its opacity."""
    return (*base[:3], base[3] * percent // 100)


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one picture: background above and below, the goods, their second colour, a small accent."""

    sky: Colour
    ground: Colour
    main: Colour
    second: Colour
    accent: Colour


class Canvas:
    """Draws in units of a square, which has any place and size on the image."""

    def __init__(self, image: Image.Image, unit: float, left: float = 0, top: float = 0) -> None:
        """`unit` is the size of a unit, `left` and `top` the corner of the square, all in pixels."""
        self.image = image
        self._draw = ImageDraw.Draw(image, "RGBA")
        self._unit, self._left, self._top = unit, left, top

    def part(self, scale: float, left: float, top: float) -> "Canvas":
        """Return a smaller square on the same image; `left` and `top` are in this square's units."""
        return Canvas(self.image, self._unit * scale, self._left + left * self._unit, self._top + top * self._unit)

    def rect(self, box: Box, fill: Colour, radius: float = 0) -> None:
        """Draw a rectangle with rounded corners."""
        self._draw.rounded_rectangle(self._box(box), radius * self._unit, fill)

    def oval(self, box: Box, fill: Colour) -> None:
        """Draw an ellipse inside the box."""
        self._draw.ellipse(self._box(box), fill)

    def ring(self, box: Box, fill: Colour, width: float) -> None:
        """Draw the outline of an ellipse."""
        self._draw.ellipse(self._box(box), None, fill, max(1, int(width * self._unit)))

    def arc(self, box: Box, start: float, end: float, fill: Colour, width: float) -> None:
        """Draw a part of an ellipse's outline; degrees clockwise from the right."""
        self._draw.arc(self._box(box), start, end, fill, max(1, int(width * self._unit)))

    def pie(self, box: Box, start: float, end: float, fill: Colour) -> None:
        """Draw a slice of an ellipse; degrees clockwise from the right."""
        self._draw.pieslice(self._box(box), start, end, fill)

    def shape(self, points: Points, fill: Colour) -> None:
        """Draw a polygon."""
        self._draw.polygon(self._points(points), fill)

    def path(self, points: Points, fill: Colour, width: float) -> None:
        """Draw a line with round ends and joints."""
        placed = self._points(points)
        thick = width * self._unit
        self._draw.line(placed, fill, max(1, int(thick)), joint="curve")
        if fill[3] == WHITE[3]:
            for x, y in (placed[0], placed[-1]):
                self._draw.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill)

    def sheen(self, box: Box, radius: float = 1) -> None:
        """Draw light from the left and shade on the right, so that a flat body looks round."""
        left, top, right, bottom = box
        wide = right - left
        self.rect((left + wide * 0.08, top, left + wide * 0.2, bottom), faded(WHITE, 38), radius)
        self.rect((right - wide * 0.16, top, right, bottom), faded(INK, 10), radius)

    def _points(self, points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(self._left + x * self._unit, self._top + y * self._unit) for x, y in points]

    def _box(self, box: Box) -> tuple[float, float, float, float]:
        (left, top), (right, bottom) = self._points([box[:2], box[2:]])
        return left, top, right, bottom
