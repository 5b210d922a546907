"""The benches: what each one measures, and the limit it is compared with."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx
import msgspec

from server import db
from server.commands.bench import group as seats
from server.commands.bench import pgbench, procs
from server.commands.bench.shop import CATEGORIES, MEMBERS, PRODUCTS, SKUS, request
from server.commands.bench.stage import Load, Stage
from server.core.clock import stopwatch
from server.embedded import EngineError
from server.services.members import sessions as member_sessions

PER_SECOND_MOST = 1_500
"""Prepared requests per second, for work that can be done only once. A faster mall ends its round earlier."""
_SETTLED_PER_SECOND = 500
_SETTLED_LIMIT_PER_SECOND = 1_500
_SEATS_LIMIT_PER_SECOND = 8_000
"""Enough seats for bare SQL, however fast it is."""
_REST_S = 0.3
_LOOK_S = 0.005
_REBATE_MOST_S = 10.0


class Result(msgspec.Struct):
    """One line of the report: rates per second, `client_cpu` as a share of one core, `rss_mb` of the largest API."""

    name: str
    per_second: float | None
    p50_ms: float
    p95_ms: float
    p99_ms: float
    limit: str | None
    limit_per_second: float | None
    ratio: float | None
    cpu_ms_per_op: float | None
    client_cpu: float | None
    rss_mb: float


@dataclass(frozen=True, slots=True)
class Length:
    """How many rounds a bench has, and how long each is."""

    rounds: int
    seconds: int


Subject = Callable[[Stage, int], Awaitable[Load]]
Limit = Callable[[Stage, int], Awaitable[float]]
"""Takes the seconds of a round and returns the rate of the limit."""


async def compare(name: str, stage: Stage, length: Length, subject: Subject, limit: tuple[str, Limit] | None) -> Result:
    """Measure subject and limit in turn; return medians over the rounds."""
    loads, rates = [], []
    for _ in range(length.rounds):
        loads.append(await subject(stage, length.seconds))
        if limit is not None:
            rates.append(await limit[1](stage, length.seconds))

    def middle(of: Callable[[Load], float]) -> float:
        return round(statistics.median(map(of, loads)), 3)

    ratios = [load.per_second / rate for load, rate in zip(loads, rates, strict=False)]
    return Result(
        name=name,
        per_second=middle(lambda load: load.per_second),
        p50_ms=middle(lambda load: load.p50_ms),
        p95_ms=middle(lambda load: load.p95_ms),
        p99_ms=middle(lambda load: load.p99_ms),
        limit=limit and limit[0],
        limit_per_second=round(statistics.median(rates), 1) if rates else None,
        ratio=round(statistics.median(ratios), 3) if ratios else None,
        cpu_ms_per_op=middle(lambda load: load.cpu_ms_per_op),
        client_cpu=middle(lambda load: load.client_cpu),
        rss_mb=_rss_mb(stage),
    )


def _rss_mb(stage: Stage) -> float:
    return round(max(map(procs.peak_rss_mb, stage.api)), 1)


def _logins(name: str, count: int) -> list[bytes]:
    return [request("POST", "/api/login", b'{"code": "%s%d"}' % (name.encode(), one)) for one in range(1, count + 1)]


async def _hello(stage: Stage, seconds: int) -> float:
    return (await stage.load(stage.bare, [request("GET", "/hello")], seconds)).per_second


_BARE = ("bare Sanic, JSON", _hello)


async def login(stage: Stage, length: Length) -> list[Result]:
    """Log in returning members, then new ones. The API process itself answers for WeChat."""
    known = _logins("bench-", MEMBERS)
    fresh = iter(range(length.rounds))

    async def returning(stage: Stage, seconds: int) -> Load:
        return await stage.load(stage.login, known, seconds)

    async def select_and_set(stage: Stage, seconds: int) -> float:
        bare = [one.replace(b"/api/login", b"/login") for one in known]
        return (await stage.load(stage.bare, bare, seconds)).per_second

    async def new(stage: Stage, seconds: int) -> Load:
        codes = _logins(f"n{next(fresh)}-", seconds * PER_SECOND_MOST)
        return await stage.load(stage.login, codes, seconds, once=True)

    limit = ("bare Sanic, one SELECT and one SET", select_and_set)
    return [
        await compare("login", stage, length, returning, limit),
        await compare("login_new", stage, length, new, None),
    ]


async def list_products(stage: Stage, length: Length) -> list[Result]:
    """Read lists of 20 products: the newest, and each category in each order."""
    orders = ("newest", "price_asc", "price_desc", "sales")
    paths = ["/api/products"]
    paths += [f"/api/products?category={one}&sort={order}" for one in range(1, CATEGORIES + 1) for order in orders]
    asked = [request("GET", path) for path in paths]

    async def subject(stage: Stage, seconds: int) -> Load:
        return await stage.load(stage.web, asked, seconds)

    return [await compare("list", stage, length, subject, _BARE)]


async def detail(stage: Stage, length: Length) -> list[Result]:
    """Read the page of each product in turn."""
    asked = [request("GET", f"/api/products/{one}") for one in range(1, PRODUCTS + 1)]

    async def subject(stage: Stage, seconds: int) -> Load:
        return await stage.load(stage.web, asked, seconds)

    return [await compare("detail", stage, length, subject, _BARE)]


async def place(stage: Stage, length: Length) -> list[Result]:
    """Place orders of one line; members and SKUs in turn. At first nobody holds an unpaid order, as in most shops."""
    numbers = iter(range(2 * length.rounds))

    async def subject(stage: Stage, seconds: int) -> Load:
        await stage.shop.close_unpaid()
        return await stage.load(stage.web, _orders(stage, next(numbers), seconds), seconds, once=True)

    async def rows(stage: Stage, seconds: int) -> float:
        values = {"k": 0, "base": next(numbers) * 100_000_000, "members": MEMBERS, "skus": SKUS}
        return await pgbench.run("place.sql", stage.settings.owner_url, ("-T", seconds), values)

    return [await compare("place", stage, length, subject, ("pgbench, the same rows", rows))]


def _orders(stage: Stage, number: int, seconds: int) -> list[bytes]:
    made = []
    for one in range(seconds * PER_SECOND_MOST):
        member, sku = one % MEMBERS, 1 + (one * 7) % SKUS
        headers = [f"Authorization: Bearer {stage.shop.tokens[member]}", f"Idempotency-Key: bench-{number}-{one}"]
        body = b'{"items": [{"sku_id": %d, "quantity": 1}], "address_id": %d}' % (sku, member + 1)
        made.append(request("POST", "/api/orders", body, headers))
    return made


async def group(stage: Stage, length: Length) -> list[Result]:
    """Take seats in teams of fifty; teams, members and products in turn."""
    numbers = iter(range(2 * length.rounds))

    async def subject(stage: Stage, seconds: int) -> Load:
        count = seconds * PER_SECOND_MOST
        teams = await seats.open_teams(stage.shop, count // seats.SEATS + 1, f"S{next(numbers)}")
        return await stage.load(stage.web, await seats.joins(stage.shop, teams, count), seconds, once=True)

    async def rows(stage: Stage, seconds: int) -> float:
        number = next(numbers)
        each = seconds * _SEATS_LIMIT_PER_SECOND // pgbench.CLIENTS // seats.SEATS + 1
        teams = await seats.open_teams(stage.shop, each * pgbench.CLIENTS, f"L{number}")
        values = seats.values(teams, (50 + number) * 100_000_000, each)
        return await pgbench.run("group.sql", stage.settings.owner_url, ("-T", seconds), values)

    return [await compare("group", stage, length, subject, ("pgbench, the same rows", rows))]


async def settle(stage: Stage, length: Length) -> list[Result]:
    """Settle signed notices for first orders of referred members, until the transaction is committed."""

    async def subject(stage: Stage, seconds: int) -> Load:
        waiting = await stage.shop.place(seconds * _SETTLED_PER_SECOND)
        return await stage.load(stage.web, stage.shop.notices(waiting), 60, once=True)

    async def rows(stage: Stage, seconds: int) -> float:
        each = seconds * _SETTLED_LIMIT_PER_SECOND // pgbench.CLIENTS
        waiting = await stage.shop.place(each * pgbench.CLIENTS)
        accounts = dict(
            await db.fetch(
                "SELECT code, id FROM ledger_accounts WHERE member_id = 0 AND code IN ('wechat_cash', 'sales')"
            )
        )
        values = {"k": 0, "first_order": waiting.first, "each": each, "to_member": waiting.to_member}
        values |= {"referrers": MEMBERS, "skus": SKUS, "cash": accounts["wechat_cash"], "sales": accounts["sales"]}
        return await pgbench.run("settle.sql", stage.settings.owner_url, ("-t", each), values)

    return [await compare("settle", stage, length, subject, ("pgbench, the same rows", rows))]


async def rebate(stage: Stage, length: Length) -> list[Result]:
    """Measure from the third referred member's payment until the referrer sees the frozen rebate; no other load."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{stage.web}", trust_env=False) as http:
        waits = sorted([await _third_payment(stage, http) for _ in range(length.rounds * length.seconds)])
    p50, p95, p99 = (round(waits[min(len(waits) - 1, len(waits) * rank // 100)] * 1000, 1) for rank in (50, 95, 99))
    return [Result("rebate", None, p50, p95, p99, None, None, None, None, None, _rss_mb(stage))]


async def _third_payment(stage: Stage, http: httpx.AsyncClient) -> float:
    """Return the seconds since the third notice was sent."""
    shop = stage.shop
    own = await shop.place(1, "NULL")
    referrer_id = own.first + own.to_member
    referred = await shop.place(3, str(referrer_id))
    notices = shop.notices(own) + shop.notices(referred)
    token = await member_sessions.start(shop.deps, referrer_id, "")
    headers = {"Authorization": f"Bearer {token}"}
    for notice in notices[:3]:
        await _send(stage, notice)
    await asyncio.sleep(_REST_S)
    if (await http.get("/api/rebates", headers=headers)).json()["items"]:
        raise EngineError("there is a rebate before the third payment")
    began = stopwatch()
    await _send(stage, notices[3])
    while True:
        items = (await http.get("/api/rebates", headers=headers)).json()["items"]
        if items:
            return stopwatch() - began
        if stopwatch() - began > _REBATE_MOST_S:
            raise EngineError(f"no rebate within {_REBATE_MOST_S} s")
        await asyncio.sleep(_LOOK_S)


async def _send(stage: Stage, notice: bytes) -> None:
    """Send one request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.web)
    writer.write(notice)
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    if not answer.startswith(b"HTTP/1.1 2"):
        raise EngineError(f"a notice was refused: {answer.decode()}")


BENCHES: dict[str, Callable[[Stage, Length], Awaitable[list[Result]]]] = {
    "login": login,
    "list": list_products,
    "detail": detail,
    "place": place,
    "group": group,
    "settle": settle,
    "rebate": rebate,
}
