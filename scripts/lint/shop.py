"""The mini program: pages run on any platform, show money in one way, and can be used by everyone."""

import re

from scripts.lint.source import Breaches, Source
from scripts.lint.wxml import Element, elements

_PAGES = "miniprogram/"
_BROWSER = re.compile(r"(?<![\w.$'\"/])(window|document|localStorage|sessionStorage|location|navigator)(?=\s*[.\[])")
_MONEY_ROOM = "miniprogram/lib/money.ts"
_MONEY = re.compile(
    r"[\w.]*(?:fen|price|amount|yuan|balance)\w*\)?\s*(?:/\s*100\b|\*\s*0?\.01\b)|\.toFixed\(|¥\s*(?:\{\{|\$\{)",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(r"\b(" + "TO" + r"DO|FIX" + r"ME)\b")

_TAP = re.compile(r"(?:capture-)?(?:bind|catch|mut-bind):?tap")
_PLAIN = {"view", "text", "image", "cover-view", "scroll-view"}
"""Tags that do not say what they do. Buttons, fields and links do."""
_SPEAKING = {"text", "price", "button", "rich-text", "input", "slot"}


def no_browser(source: Source) -> Breaches:
    """Pages must not depend on a browser: WeChat has no `document`."""
    if not source.within(_PAGES):
        return
    for number, line in enumerate(source.lines, 1):
        if match := _BROWSER.search(line):
            yield number, f"`{match[1]}` is there in browsers only: ask wx"


def money_in_words(source: Source) -> Breaches:
    """Only `lib/money` (and the component `price`, which calls it) turns fen into yuan."""
    if not source.within(_PAGES) or source.within(_MONEY_ROOM):
        return
    for number, line in enumerate(source.lines, 1):
        if match := _MONEY.search(line):
            yield number, f"`{match[0]}` turns fen into yuan: leave it to lib/money or <price>"


def tappable(source: Source) -> Breaches:
    """An element that can be tapped has a role, and a label if it shows no text."""
    if not source.within(_PAGES):
        return
    for element in elements(source.text):
        if element.tag not in _PLAIN or not any(map(_TAP.fullmatch, element.attributes)):
            continue
        if "aria-role" not in element.attributes:
            yield element.line, f'<{element.tag}> can be tapped: give it aria-role="button" (acts) or "link" (leads)'
        elif "aria-label" not in element.attributes and not any(map(_speaks, element.within())):
            yield element.line, f"<{element.tag}> can be tapped and shows no words: give it an aria-label"


def _speaks(element: Element) -> bool:
    return bool(element.text) or element.tag in _SPEAKING


def nothing_unfinished(source: Source) -> Breaches:
    """Unfinished work is not marked in the code: finish it, or open an issue."""
    for number, line in enumerate(source.lines, 1):
        if match := _UNFINISHED.search(line):
            yield number, f"{match[1]}: do it now, or open an issue"
