"""Chinese text on pictures: Noto Sans SC, bold by a stroke, with line breaks where Chinese allows them."""

import re
from collections.abc import Sequence
from functools import lru_cache

import pylopdf_fonts_zh_cn
from PIL import Image, ImageDraw, ImageFont

from server.drawing.canvas import Colour

_PIECES = re.compile(r"[0-9A-Za-z.,%+/×-]+|.", re.DOTALL)
"""The pieces between which a line may break; numbers and Latin words stay whole."""
_NEVER_FIRST = frozenset("，。、；：！？）》」』】”’…%～·")
_MORE = "…"
_LONELY = 2
_BOLD = 0.028
"""The stroke for bold text, by size: about the weight of headings."""


@lru_cache(maxsize=32)
def font(size_px: int) -> ImageFont.FreeTypeFont:
    """Return the shop's typeface in a size."""
    return ImageFont.truetype(pylopdf_fonts_zh_cn.sans_path(), size_px, layout_engine=ImageFont.Layout.BASIC)


def width(text: str, size_px: int) -> float:
    """Return the width of a line, in pixels."""
    return font(size_px).getlength(text)


def lines_of(text: str, size_px: int, width_px: float, most: int) -> list[str]:
    """Break the text into at most `most` lines no wider than `width_px`; text that is cut off ends in `…`.

    If only a character or two would be left for the last line, the lines above become shorter.
    """
    lines = _filled(text, size_px, width_px, most)
    if lines[1:] and len(lines[-1]) <= _LONELY:
        narrower = _filled(text, size_px, width_px * 0.8, most)
        lines = narrower if not narrower[-1].endswith(_MORE) else lines
    return lines


def fitting_size(text: str, sizes_px: Sequence[int], width_px: float) -> int:
    """Return the first size at which the text fits in one line, else the last size."""
    return next((size for size in sizes_px if width(text, size) <= width_px), sizes_px[-1])


def _filled(text: str, size_px: int, width_px: float, most: int) -> list[str]:
    lines: list[str] = []
    line = ""
    pieces = [piece for word in _PIECES.findall(" ".join(text.split())) for piece in _fitting(word, size_px, width_px)]
    for position, piece in enumerate(pieces):
        if width(line + piece, size_px) <= width_px or (piece in _NEVER_FIRST and line):
            line += piece
            continue
        if len(lines) == most - 1:
            return [*lines, _cut(line + "".join(pieces[position:]), size_px, width_px)]
        lines.append(line.rstrip())
        line = piece.lstrip()
    return [*lines, line] if line else lines


def _fitting(word: str, size_px: int, width_px: float) -> list[str]:
    """Split a word that is wider than a line, anywhere."""
    return [word] if width(word, size_px) <= width_px else list(word)


def _cut(text: str, size_px: int, width_px: float) -> str:
    while text and width(text + _MORE, size_px) > width_px:
        text = text[:-1]
    return text.rstrip() + _MORE


def write(
    image: Image.Image,
    at: tuple[float, float],
    text: str,
    size_px: int,
    fill: Colour,
    *,
    bold: bool = False,
    anchor: str = "ls",
) -> float:
    """Write one line and return its width. `at` is the point of Pillow's `anchor`: by default left on the base line."""
    stroke = size_px * _BOLD if bold else 0
    ImageDraw.Draw(image).text(
        at, text, fill[:3], font(size_px), anchor=anchor, stroke_width=stroke, stroke_fill=fill[:3]
    )
    return width(text, size_px)


def write_lines(
    image: Image.Image, at: tuple[float, float], lines: list[str], size_px: int, fill: Colour, *, bold: bool = False
) -> float:
    """Write lines below each other, the first at its top left `at`; return the y where the next would begin."""
    x, y = at
    for line in lines:
        write(image, (x, y), line, size_px, fill, bold=bold, anchor="la")
        y += size_px * 1.42
    return y


def initial(name: str) -> str:
    """Return the first character of a name if the typeface has it, else `友`."""
    first = name[:1]
    return first if first and _drawn(first) != _drawn("\U0010ffff") else "友"


def _drawn(character: str) -> bytes:
    return bytes(font(32).getmask(character))
