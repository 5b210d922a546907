"""Every list of the panel on a large shop: each filter, each kind of search, the first page and a page deep down."""

import itertools
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from server import db
from server.commands.bench.benches import Result
from server.core.clock import shanghai_day, stopwatch
from server.core.columns import PHONE_COLUMN
from server.core.errors import BadRequest, Busy
from server.embedded import EngineError
from server.gateways.ports import Deps
from server.services.common import cursors, listings
from server.services.common.listings import Filter, Listing
from server.services.desk import dashboard, members, orders
from server.services.desk.lists import LISTINGS

MOST_MS = 200.0
BIG_ROWS = 100_000
"""A table of this size or larger must never be read from end to end."""
_PAGE = 50
_DEEP = 50_000
_TIMES = 7
"""PostgreSQL plans a statement for its values five times, and then perhaps once for all values: both must be fast."""
_HOPELESS_MS = 2_000
"""A page that takes longer is not measured again."""
_TOLD = 40
_DEEP_TIMEOUT_S = 600

_TEXTS = """
SELECT unnest(ARRAY[order_no, left(order_no, 9), left(order_no, 5), 'order:' || order_no, 'order-paid:' || order_no,
    '#' || member_id]) FROM (SELECT * FROM orders WHERE paid_at IS NOT NULL AND id % 97 = 0 ORDER BY id LIMIT 1) o
UNION ALL SELECT refund_no FROM (SELECT refund_no FROM refunds ORDER BY id LIMIT 1) r
UNION ALL SELECT withdrawal_no FROM (SELECT withdrawal_no FROM withdrawals ORDER BY id LIMIT 1) w
UNION ALL SELECT unnest(ARRAY[nickname, left(nickname, 2), left(nickname, 1), share_code, openid])
  FROM (SELECT * FROM members ORDER BY id LIMIT 1) m
UNION ALL SELECT unnest(ARRAY[split_part(title, ' ', 1), left(title, 2), slug])
  FROM (SELECT * FROM products ORDER BY id LIMIT 1) p
UNION ALL SELECT code FROM (SELECT code FROM skus ORDER BY id LIMIT 1) s
UNION ALL SELECT unnest(ARRAY[actor, action, subject]) FROM (SELECT * FROM audit_log ORDER BY id LIMIT 1) a
UNION ALL SELECT unnest(ARRAY['#1', '#999999999', '13900000000', 'T999999999999ZZZZZZZZ', '没有这个', 'nothing',
  'close_cycle'])
"""
"""Search texts: some exist in the shop, some do not."""


class TooSlow(EngineError):  # noqa: N818 - what happened
    """A page took too long, or its plan read a large table from end to end."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One page as it was measured; `scanned` names the large tables that were read from end to end."""

    what: str
    ms: float
    scanned: tuple[str, ...] = ()

    @property
    def bad(self) -> bool:
        """Whether the page breaks the limits."""
        return self.ms > MOST_MS or bool(self.scanned)


async def measure(deps: Deps) -> AsyncIterator[tuple[Result, list[Seen]]]:
    """Yield a line for each list, and one for the screens that count; each with the pages that were measured."""
    texts = [row[0] for row in await db.fetch(_TEXTS)] + [await _phone(deps)]
    big = {row["relname"] for row in await db.fetch("SELECT relname FROM pg_class WHERE reltuples > $1", BIG_ROWS)}
    for listing in LISTINGS:
        seen = []
        for asked in _cases(deps, listing, texts):
            for where, cursor in (("first", ""), ("deep", await _deep(deps, listing, asked))):
                if where == "first" or cursor:
                    seen.append(await _page(deps, listing, asked, where, cursor, big))
        yield _result(f"list:{listing.name}", seen), seen
    screens = [await _timed(what, read) for what, read in await _screens(deps)]
    yield _result("screens", screens), screens


async def _phone(deps: Deps) -> str:
    """Return some member's phone number."""
    sealed = await db.fetch_value("SELECT phone_sealed FROM members WHERE phone_sealed IS NOT NULL ORDER BY id LIMIT 1")
    return deps.cipher.open(sealed, PHONE_COLUMN)


def _cases(deps: Deps, listing: Listing, texts: list[str]) -> Iterator[dict[str, str]]:
    """Yield each value of each filter alone, and pairs of filters: with each choice, but only two texts or days."""
    today = shanghai_day(deps.clock.now())
    days = [str(today - timedelta(days=back)) for back in (1, 180, 30, 400)]
    none = dict.fromkeys((one.name for one in listing.filters), "")
    options: dict[str, list[str]] = {}
    few: dict[str, list[str]] = {}
    for one in listing.filters:
        options[one.name] = days if one.is_day else list(one.choices) or [text for text in texts if _means(one, text)]
        few[one.name] = options[one.name] if one.choices else options[one.name][:2]
    yield listing.asked({})
    yield listing.asked(none)
    for name, values in options.items():
        yield from (listing.asked(none | {name: value}) for value in values)
    for first, second in itertools.combinations(few, 2):
        for value, other in itertools.product(few[first], few[second]):
            yield listing.asked(none | {first: value, second: other})


def _means(one: Filter, text: str) -> bool:
    try:
        one.way(text)
    except BadRequest:
        return False
    return True


async def _deep(deps: Deps, listing: Listing, asked: dict[str, str]) -> str:
    """Return the cursor of a row deep down in the list, or near its end; empty if the list has one page."""
    sql, values = listings.statement(deps, listing, asked, "", _DEEP)
    keys = ", ".join(f"key_{n}" for n in range(len(listing.keys)))
    last = f"SELECT {keys} FROM (SELECT {keys}, count(*) OVER () AS rows FROM ({sql}) l) f WHERE rows > {_PAGE}"  # noqa: S608 - declared SQL
    async with db.connection() as reader, reader.transaction():
        await reader.execute("SET LOCAL statement_timeout = 0")
        row = await reader.fetchrow(f"{last} ORDER BY {keys} LIMIT 1", *values, timeout=_DEEP_TIMEOUT_S)
    return cursors.pack(tuple(row)) if row else ""


async def _page(deps: Deps, listing: Listing, asked: dict[str, str], where: str, cursor: str, big: set[str]) -> Seen:
    given = " ".join(f"{name}={text}" for name, text in asked.items() if text)
    seen = await _timed(f"{listing.name} {where} {given}", lambda: listings.page(deps, listing, asked, cursor, _PAGE))
    sql, values = listings.statement(deps, listing, asked, cursor, _PAGE + 1)
    plan = orjson.loads(await db.fetch_value(f"EXPLAIN (FORMAT JSON) {sql}", *values))
    return Seen(seen.what, seen.ms, tuple(sorted(set(_scanned(plan)) & big)))


def _scanned(node: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield the tables that a plan reads from end to end."""
    if isinstance(node, list):
        for one in node:
            yield from _scanned(one)
    elif isinstance(node, dict):
        if node.get("Node Type") == "Seq Scan":
            yield node["Relation Name"]
        for one in node.values():
            yield from _scanned(one)


async def _timed(what: str, read: Callable[[], Awaitable[object]]) -> Seen:
    """Measure after one warm-up call; return the slower of two medians: of the first calls and of the last three."""
    times = []
    for _ in range(1 + _TIMES):
        began = stopwatch()
        try:
            await read()
        except Busy:  # the statement timed out
            return Seen(what, round((stopwatch() - began) * 1000, 1))
        times.append((stopwatch() - began) * 1000)
        if times[-1] > _HOPELESS_MS:
            break
    return Seen(what, round(max(statistics.median(times[1:4] or times), statistics.median(times[-3:])), 1))


async def _screens(deps: Deps) -> list[tuple[str, Callable[[], Awaitable[object]]]]:
    """Return the screens that are not lists: the overview, an order, and the member with the most referred members."""
    order_no = await db.fetch_value("SELECT order_no FROM orders WHERE id = (SELECT max(id) / 2 FROM orders)")
    star = 1
    return [
        ("dashboard", lambda: dashboard.current(deps)),
        ("order", lambda: orders.detail(deps, order_no)),
        ("member", lambda: members.detail(deps, star)),
        *((f"chain level {level}", lambda level=level: members.chain(star, level, "", _PAGE)) for level in (1, 2, 3)),
    ]


def _result(name: str, seen: list[Seen]) -> Result:
    times = sorted(one.ms for one in seen)
    p50, p95, p99 = (times[min(len(times) - 1, len(times) * rank // 100)] for rank in (50, 95, 99))
    return Result(name, None, p50, p95, p99, f"≤ {MOST_MS:g} ms, slowest {times[-1]:g}", None, None, None, None, 0.0)


def refuse(seen: list[Seen]) -> None:
    """Raise TooSlow with the pages that broke the limits, the slowest first."""
    bad = sorted((one for one in seen if one.bad), key=lambda one: -one.ms)
    if bad:
        told = "\n".join(f"  {one.ms:8.1f} ms  {one.what}  {' '.join(one.scanned)}".rstrip() for one in bad[:_TOLD])
        raise TooSlow(f"{len(bad)} of {len(seen)} pages are slow, or read a large table:\n{told}")
