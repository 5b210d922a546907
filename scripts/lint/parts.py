"""References between files of the mini program: routes, components, classes."""

import json
import re
from collections.abc import Iterator, Mapping
from posixpath import dirname, join, normpath
from typing import Any

from scripts.lint.source import Found, Source, Sources
from scripts.lint.wxml import elements

_ROOT = "miniprogram/"
_APP = "miniprogram/app.json"
_CLASS = re.compile(r"\.([a-zA-Z][\w-]*)")
_SELECTORS = re.compile(r"([^{};]*)\{")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_WORD = re.compile(r"[a-zA-Z][\w-]*(?:\{\{)?")
_BUILT_IN = set(
    """block slot template import include wxs view text image button input textarea label form navigator rich-text icon
    scroll-view swiper swiper-item picker picker-view picker-view-column switch radio radio-group checkbox
    checkbox-group slider progress canvas video cover-view cover-image page-meta navigation-bar page-container
    root-portal web-view""".split()  # noqa: SIM905 - names read best as words
)
_SHARED = ("miniprogram/app.wxss", "miniprogram/theme/")
"""Every page may use their classes."""


def routes(sources: Sources) -> Found:
    """Every page of app.json exists, and every page that exists is in app.json."""
    if _APP not in sources:
        return
    listed = set(pages(json.loads(sources[_APP].text)))
    there = {
        path.removeprefix(_ROOT).removesuffix(".json")
        for path in sources
        if path.startswith(_ROOT) and "/pages/" in path and _is_page(sources, path)
    }
    for route in sorted(listed - there):
        yield _APP, 1, f"{route} is listed and not there: a page is .ts, .json, .wxml and perhaps .wxss"
    for route in sorted(there - listed):
        yield f"{_ROOT}{route}.json", 1, "this page is not in app.json: list it, or take it away"


def pages(app: Mapping[str, Any]) -> Iterator[str]:
    """Yield the routes of an app.json."""
    yield from app["pages"]
    for package in app.get("subPackages", []):
        for page in package["pages"]:
            yield f"{package['root']}/{page}"


def _is_page(sources: Sources, path: str) -> bool:
    stem = path.removesuffix(".json")
    return (
        path.endswith(".json")
        and {f"{stem}.ts", f"{stem}.wxml"} <= sources.keys()
        and not json.loads(sources[path].text).get("component")
    )


def components(sources: Sources) -> Found:
    """A page or component declares exactly the components that it uses; those of the project exist."""
    for path, source in _settings(sources):
        declared = json.loads(source.text).get("usingComponents", {})
        template = f"{path.removesuffix('.json')}.wxml"
        used = {element.tag: element.line for element in reversed(elements(sources[template].text))}
        for name, place in declared.items():
            if name.lower() not in used:
                yield path, 1, f"`{name}` is declared and not used"
            if not place.startswith("tdesign-miniprogram/"):
                file = join(_ROOT, place[1:]) if place.startswith("/") else normpath(join(dirname(path), place))
                if f"{file}.json" not in sources:
                    yield path, 1, f"`{name}`: there is no component {place}"
        for tag, line in used.items():
            if tag not in _BUILT_IN and tag not in declared:
                yield template, line, f"<{tag}> is used and not declared in {path.rpartition('/')[2]}"


def _settings(sources: Sources) -> Iterator[tuple[str, Source]]:
    """Yield the JSON files beside templates."""
    for path, source in sources.items():
        if path.startswith(_ROOT) and path.endswith(".json") and f"{path.removesuffix('.json')}.wxml" in sources:
            yield path, source


def classes(sources: Sources) -> Found:
    """Every class in a style is used by a template or script beside it; a class of a theme is used anywhere."""
    for path, source in sources.items():
        if not path.startswith(_ROOT) or not path.endswith(".wxss"):
            continue
        beside = _ROOT if path.startswith(_SHARED) else f"{dirname(path)}/"
        words = {
            word
            for name, other in sources.items()
            if name.startswith(beside) and name.endswith((".wxml", ".ts", ".json"))
            for word in _WORD.findall(other.text)
        }
        started = tuple(word.removesuffix("{{") for word in words if word.endswith(("{{", "-")))
        for line, name in _selected(source.text):
            if name not in words and not name.startswith(("t-", *started)):
                yield path, line, f"nothing has the class `{name}`"


def _selected(wxss: str) -> Iterator[tuple[int, str]]:
    """Yield the classes in selectors, with the line of their first use."""
    text = _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), wxss)
    seen = set()
    for selectors in _SELECTORS.finditer(text):
        for match in _CLASS.finditer(selectors[1]):
            if match[1] not in seen:
                seen.add(match[1])
                yield text.count("\n", 0, selectors.start() + match.start()) + 1, match[1]
