"""WXML as a tree, as far as the rules need it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Element:
    """A tag with its attributes (names in lower case), its first line, its child elements and its own text."""

    tag: str
    attributes: dict[str, str]
    line: int
    children: list["Element"] = field(default_factory=list)
    text: str = ""

    def within(self) -> Iterator["Element"]:
        """Yield this element and all elements in it."""
        yield self
        for child in self.children:
            yield from child.within()


class _Reader(HTMLParser):
    """Collects the elements of a document under a nameless root."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {}, 0)
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        self._open.append(self._open[-1].children[-1])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.getpos()[0])
        self._open[-1].children.append(element)

    def handle_endtag(self, tag: str) -> None:
        if len(self._open) > 1 and self._open[-1].tag == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].text += data.strip()


def elements(text: str) -> list[Element]:
    """Return every element of a document, outer ones first."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return [element for child in reader.root.children for element in child.within()]
