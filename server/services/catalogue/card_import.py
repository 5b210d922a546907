"""Card keys out of a file: every line is checked by the one who writes them, and what is wrong is told by line."""

import asyncio
from dataclasses import dataclass
from typing import Any

import msgspec

from server import db
from server.core.errors import FileInvalid, FormInvalid, SheetInvalid
from server.gateways.ports import Deps
from server.services.catalogue import apply as catalogue_apply
from server.services.catalogue import goods
from server.services.files.sheets import read_rows

MOST_BYTES = 4 * 1024 * 1024
MOST_LINES = 10_000
_CHARS = 200
_REPORT_S = 3600
_ZIP = b"PK"


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a line of the file; the key itself is not told."""

    line: int
    problem: str


class Report(msgspec.Struct, frozen=True):
    """What came of a file."""

    lines: int
    taken: int
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Stock:
    """The card keys of a SKU: `free` to be sold, `delivered` to buyers."""

    free: int
    delivered: int


async def stock(sku_id: int) -> Stock:
    """How many there are."""
    (row,) = await db.fetch(
        "SELECT count(*) FILTER (WHERE order_line_id IS NULL) AS free, count(order_line_id) AS delivered"
        " FROM card_keys WHERE sku_id = $1",
        sku_id,
    )
    return Stock(**row)


async def take(deps: Deps, sku_id: int, body: bytes, *, skip_bad: bool, actor: str) -> Report:
    """Take in a file's keys: `.txt` with one per line, or the first column below the header of an XLSX.

    With any wrong line nothing is taken, or with `skip_bad` the good ones are. Raises NotFound, SheetInvalid (it cannot
    be read), FormInvalid (a SKU that has no keys).
    """
    sku = await goods.sku(sku_id)
    read = await asyncio.to_thread(_read, body)
    if not read:
        raise SheetInvalid(problem="文件里没有卡密")
    bad = {line: problem for line, text in read if (problem := _shape(text))}
    while True:
        good = [(line, text) for line, text in read if line not in bad]
        if not good or (bad and not skip_bad):
            return _report(read, bad, 0)
        wrong = await _apply(deps, sku, good, actor)
        if not wrong:
            return _report(read, bad, len(good))
        bad |= wrong


def _report(read: list[tuple[int, str]], bad: dict[int, str], taken: int) -> Report:
    return Report(len(read), taken, [Problem(line, problem) for line, problem in sorted(bad.items())])


def _shape(text: str) -> str:
    if not text:
        return "空行"
    return f"超过 {_CHARS} 个字" if len(text) > _CHARS else "含有不可用的字符" if "\0" in text else ""


async def _apply(deps: Deps, sku: dict[str, Any], good: list[tuple[int, str]], actor: str) -> dict[int, str]:
    """Nothing when they are in, or what is wrong with some of them by line."""
    entry = {"slug": sku["slug"], "skus": [{"code": sku["code"], "card_keys": [text for _, text in good]}]}
    try:
        await catalogue_apply.apply(deps, {"products": [entry]}, actor, "导入卡密")
    except FileInvalid as refused:
        lines = {f"$.products[0].skus[0].card_keys[{place}]": line for place, (line, _) in enumerate(good)}
        found = {}
        for one in refused.detail["problems"]:
            if (line := lines.get(one["path"])) is None:
                problem = {"field": "file", "label": "", "problem": one["problem"]}
                raise FormInvalid(problems=[problem]) from refused
            found[line] = one["problem"]
        return found
    return {}


def _read(body: bytes) -> list[tuple[int, str]]:
    """Lines with their numbers. Raises SheetInvalid."""
    if body.startswith(_ZIP):
        return [(line, texts[0]) for line, texts in read_rows(body, 1, MOST_LINES)]
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SheetInvalid(problem="文本文件应为 UTF-8 编码") from error
    lines = [line.strip() for line in text.rstrip().splitlines()]
    if len(lines) > MOST_LINES:
        raise SheetInvalid(problem=f"一次最多 {MOST_LINES} 行")
    return list(enumerate(lines, 1))


def _key(sku_id: int, operator_id: int) -> str:
    return f"card_report:{sku_id}:{operator_id}"


async def remember(deps: Deps, sku_id: int, operator_id: int, report: Report) -> None:
    """Keep a report for the page that follows, an hour long."""
    await deps.redis.set(_key(sku_id, operator_id), msgspec.json.encode(report), ex=_REPORT_S)


async def last(deps: Deps, sku_id: int, operator_id: int) -> Report | None:
    """What came of the operator's last file for the SKU."""
    kept = await deps.redis.get(_key(sku_id, operator_id))
    return msgspec.json.decode(kept, type=Report) if kept else None
