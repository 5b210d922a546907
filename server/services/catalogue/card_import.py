"""Card keys from a file: `catalogue.apply`, which writes them, checks every line; problems are reported by line."""

import asyncio
from dataclasses import dataclass

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
    """The problem of a line in the file. It does not contain the key itself."""

    line: int
    problem: str


class Report(msgspec.Struct, frozen=True):
    """The result of a file."""

    lines: int
    taken: int
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Stock:
    """The number of a SKU's card keys: `free` ones for sale, and ones `delivered` to buyers."""

    free: int
    delivered: int


async def stock(sku_id: int) -> Stock:
    """Count the card keys of a SKU."""
    (row,) = await db.fetch(
        "SELECT count(*) FILTER (WHERE order_line_id IS NULL) AS free, count(order_line_id) AS delivered"
        " FROM card_keys WHERE sku_id = $1",
        sku_id,
    )
    return Stock(**row)


async def take(deps: Deps, sku_id: int, body: bytes, *, skip_bad: bool, actor: str) -> Report:
    """Import the keys of a file: a `.txt` with one per line, or the first column below the header of an XLSX.

    If any line is wrong, nothing is imported; with `skip_bad` the good lines are. Raises NotFound, SheetInvalid (the
    file cannot be read), FormInvalid (the SKU has no keys).
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
        wrong = await _apply(deps, sku["slug"], sku["code"], good, actor)
        if not wrong:
            return _report(read, bad, len(good))
        bad |= wrong


def _report(read: list[tuple[int, str]], bad: dict[int, str], taken: int) -> Report:
    return Report(len(read), taken, [Problem(line, problem) for line, problem in sorted(bad.items())])


def _shape(text: str) -> str:
    if not text:
        return "空行"
    return f"超过 {_CHARS} 个字" if len(text) > _CHARS else "含有不可用的字符" if "\0" in text else ""


async def _apply(deps: Deps, product: str, code: str, good: list[tuple[int, str]], actor: str) -> dict[int, str]:
    """Import the keys; return problems by line, empty if all keys were imported."""
    entry = {"slug": product, "skus": [{"code": code, "card_keys": [text for _, text in good]}]}
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
    """Return the lines with their numbers. Raises SheetInvalid."""
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
    """Keep a report for an hour, for the page that shows it next."""
    await deps.redis.set(_key(sku_id, operator_id), msgspec.json.encode(report), ex=_REPORT_S)


async def last(deps: Deps, sku_id: int, operator_id: int) -> Report | None:
    """Return the report on the operator's last file for the SKU."""
    kept = await deps.redis.get(_key(sku_id, operator_id))
    return msgspec.json.decode(kept, type=Report) if kept else None
