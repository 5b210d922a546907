"""A stocked shop, members who use it over HTTP, and background work on demand, for stories and handler tests."""

import asyncio
import itertools
import json
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import orjson

from server import db, outbox
from server.jobs import ticks
from server.jobs.registry import JOBS
from server.rules.commissions import CommissionTerms
from server.rules.rebates import parse_terms
from server.services.catalogue import apply as catalogue_apply
from server.services.orders import fulfilment
from server.services.terms import commission_policies, rebate_rules
from tests.support.mall import Mall
from tests.support.waived import FREE

DAY_S = 86_400
CATEGORIES = [
    {"slug": "beauty", "name": "美妆个护"},
    {"slug": "face", "name": "面部护理", "parent": "beauty"},
    {"slug": "baby", "name": "母婴"},
]
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_serial = itertools.count(1)


async def publish(mall: Mall, **terms: Any) -> int:
    """Publish a rule version with these terms, and let a second pass: from then on it is in force.

    Unless the terms say it, it has no payout cap and both waivers.
    """
    ready = parse_terms(orjson.dumps(FREE | terms))
    published = await rebate_rules.publish(mall.deps, ready, "test", "tester")
    mall.clock.advance(1)
    return published.version


async def publish_commission(mall: Mall, **terms: Any) -> int:
    """Publish a version of the commission policies with these terms, and let a second pass, as `publish` does."""
    ready = msgspec.convert(terms, CommissionTerms)
    published = await commission_policies.apply(mall.deps, ready, "test", "tester")
    mall.clock.advance(1)
    return published.version


def product(slug: str, title: str, price_fen: int = 5900, **more: Any) -> dict[str, Any]:
    """Return a product with one SKU of 100 pieces; `more` overrides fields."""
    sku = {"code": f"{slug}-1", "price_fen": price_fen, "stock_add": 100, "alert_at": 10}
    return {"slug": slug, "category": "face", "title": title, "images": [f"/media/{slug}.webp"], "skus": [sku], **more}


async def stock(mall: Mall, *products: dict[str, Any], categories: list[dict[str, Any]] | None = None) -> None:
    """Apply products, together with the test's categories."""
    document = {"categories": CATEGORIES if categories is None else categories, "products": [*products]}
    await catalogue_apply.apply(mall.deps, document, "cli")


async def make_sku(price_fen: int = 10_000, stock: int = 1000, *, category: str = "care", alert_at: int = 0) -> int:
    """Make a physical product with one SKU; return the SKU's id."""
    n = next(_serial)
    async with db.connection() as connection:
        category_id = await connection.fetchval(
            "INSERT INTO categories (slug, name, icon, position) VALUES ($1, $1, '', 0)"
            " ON CONFLICT (slug) DO UPDATE SET name = $1 RETURNING id",
            category,
        )
        product_id = await connection.fetchval(
            "INSERT INTO products (slug, category_id, kind, title, subtitle, images, detail, on_sale, min_price_fen,"
            " max_price_fen, sold_count, words, created_at, updated_at)"
            " VALUES ($1, $2, 'physical', $3, '', '[\"/media/x.webp\"]', '', true, $4, $4, 0, '', $5, $5) RETURNING id",
            f"p{n}-{secrets.token_hex(3)}",
            category_id,
            f"商品{n}",
            price_fen,
            _NOW,
        )
        sku_id: int = await connection.fetchval(
            "INSERT INTO skus (product_id, code, spec, price_fen, stocked_in, available, reserved, sold, alert_at,"
            " alerted, on_sale, position) VALUES ($1, $2, '{}', $3, $4, $4, 0, 0, $5, false, true, 0) RETURNING id",
            product_id,
            f"S{n}-{secrets.token_hex(3)}",
            price_fen,
            stock,
            alert_at,
        )
        return sku_id


async def make_virtual_sku(mall: Mall, cards: Iterable[str], price_fen: int = 10_000) -> int:
    """Make a virtual product with these card keys as its stock; return the SKU's id."""
    slug = f"card-{secrets.token_hex(4)}"
    sku = {"code": slug, "price_fen": price_fen, "card_keys": list(cards)}
    await stock(mall, product(slug, "储值卡", kind="virtual", skus=[sku]))
    found: int = await db.fetch_value("SELECT id FROM skus WHERE code = $1", slug)
    return found


async def make_coupon_sku(mall: Mall, template: str, pieces: int = 100, price_fen: int = 300) -> int:
    """Make a virtual product whose pieces are coupons of this template; return the SKU's id."""
    slug = f"coupon-{secrets.token_hex(4)}"
    sku = {"code": slug, "price_fen": price_fen, "stock_add": pieces}
    await stock(mall, product(slug, "礼券", kind="virtual", coupon=template, skus=[sku]))
    found: int = await db.fetch_value("SELECT id FROM skus WHERE code = $1", slug)
    return found


async def work(mall: Mall) -> None:
    """Do all the worker's present work: due jobs until none is left, with the ticks in between."""
    for _ in range(30):
        ran = await run_jobs(mall)
        for tick in ticks.TICKS:
            if tick.name != "audit_quick":  # stories prove their books themselves
                await tick.run(mall.deps)
        if not ran and not await outbox.is_due(mall.deps.clock.now()):
            return
    raise AssertionError("background work does not come to an end")


async def run_jobs(mall: Mall) -> int:
    """Run due outbox rows, once each; return how many ran. An error of a job is raised."""
    at = mall.deps.clock.now()
    async with db.transaction() as tx:
        rows = await outbox.claim(tx, at, 200)
    for row in rows:
        await JOBS[row.job](mall.deps, row.args)
        async with db.transaction() as tx:
            await outbox.done(tx, row.id, at)
    return len(rows)


async def until(happened: Callable[[], Awaitable[object]]) -> None:
    """Wait at most ten seconds for something that WeChat does by itself."""
    for _ in range(200):
        if await happened():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen")


async def pass_days(mall: Mall, days: float) -> None:
    """Move the clock forward and let the worker do what has become due."""
    mall.clock.advance(days * DAY_S)
    await work(mall)


@dataclass
class Shopper:
    """A member with a token; requests go to the mall's `/api`."""

    mall: Mall
    openid: str
    token: str
    member: dict[str, Any]
    binding: dict[str, Any] = field(default_factory=dict)
    address_id: int | None = None

    @property
    def id(self) -> int:
        return int(self.member["id"])

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Send a request; return the raw answer."""
        content = None if body is None else json.dumps(body)
        return await self.mall.http.request(method, f"/api{path}", content=content, headers=self.headers | headers)

    async def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        """Send a request under an idempotency key; return the raw answer."""
        return await self.ask(method, path, body, **({"Idempotency-Key": key} if key else {}))

    async def do(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Make a call that acts, and return its result."""
        answer = await self.ask(method, path, body, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def get(self, path: str) -> Any:
        """Make a call that reads, and return its result."""
        return await self.do("GET", path)

    async def post(self, path: str, body: Any = None) -> Any:
        """Make a call that acts, under a new key, and return its result."""
        return await self.do("POST", path, body or {}, **{"Idempotency-Key": secrets.token_hex(8)})

    async def refused(self, method: str, path: str, body: Any = None, **headers: str) -> str:
        """Make a call that must be refused; return status and code, as `422 stock_insufficient`."""
        answer = await self.ask(method, path, body, **headers)
        return f"{answer.status_code} {answer.json()['error']['code']}"

    async def refused_post(self, path: str, body: Any = None) -> str:
        """The same for a POST under a new key."""
        return await self.refused("POST", path, body or {}, **{"Idempotency-Key": secrets.token_hex(8)})

    async def address(self) -> int:
        """Return the id of the member's address, created at the first call."""
        if self.address_id is None:
            made = await self.post(
                "/addresses",
                {
                    "name": "收货人",
                    "phone": "13800138000",
                    "province": "浙江省",
                    "city": "杭州市",
                    "district": "西湖区",
                    "detail": "文三路一号",
                },
            )
            self.address_id = made["id"]
        return self.address_id

    async def basket(self, *skus: int, **more: Any) -> dict[str, Any]:
        """Return the body of an order: one piece of each SKU to the member's address."""
        items = [{"sku_id": sku, "quantity": 1} for sku in skus]
        return {"items": items, "address_id": await self.address()} | more

    async def place(self, *skus: int, **more: Any) -> dict[str, Any]:
        placed: dict[str, Any] = await self.post("/orders", await self.basket(*skus, **more))
        return placed

    async def pay(self, order_no: str) -> None:
        answer = await self.post(f"/orders/{order_no}/pay")
        if not answer.get("paid"):
            await self.mall.control("pay", out_trade_no=order_no)

    async def buy(self, *skus: int, **more: Any) -> str:
        """Place and pay an order; return its number."""
        placed = await self.place(*skus, **more)
        order_no: str = placed["order_no"]
        await self.pay(order_no)
        return order_no

    async def receive(self, order_no: str) -> None:
        """Ship a paid order as the shop, and receive it as the member."""
        await fulfilment.ship(self.mall.deps, order_no, "SF", "SF1234567890", "tester")
        await self.post(f"/orders/{order_no}/receive")

    async def refund(self, order_no: str, **pieces: Any) -> dict[str, Any]:
        """Request a refund of everything, or of some `lines`."""
        asked: dict[str, Any] = await self.post(f"/orders/{order_no}/refunds", {"reason": "不想要了"} | pieces)
        return asked

    async def order(self, order_no: str) -> dict[str, Any]:
        return dict(await self.get(f"/orders/{order_no}"))

    async def wallet(self) -> dict[str, int]:
        return dict(await self.get("/wallet"))

    async def rebates(self) -> list[dict[str, Any]]:
        """Return the member's rebates, newest first."""
        return list((await self.get("/rebates"))["items"])

    async def progress(self) -> dict[str, int]:
        return dict((await self.get("/me/referral"))["progress"])

    async def log_in_again(self) -> None:
        """Log in again after the token has expired."""
        self.token = (await join(self.mall, openid=self.openid)).token

    async def share_code(self) -> str:
        return str((await self.get("/me/referral"))["share_code"])


async def join(mall: Mall, referrer: Shopper | None = None, openid: str | None = None) -> Shopper:
    """Make a member who logs in, through the referrer's card if there is one."""
    openid = openid or f"o{secrets.token_hex(8)}"
    code = (await mall.control("code", openid=openid))["code"]
    body = {"code": code} | ({"share_code": await referrer.share_code()} if referrer else {})
    answer = await mall.http.post("/api/login", json=body)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    return Shopper(mall, openid, said["token"], said["member"], said["binding"])


async def shopper(mall: Mall, openid: str = "o-first") -> Shopper:
    """Log in without a referrer; the first login makes the member."""
    return await join(mall, openid=openid)


async def receive(mall: Mall, shopper: Shopper, order_no: str) -> None:
    """Ship an order and let its member receive it."""
    assert shopper.mall is mall
    await shopper.receive(order_no)


async def earn_rebate(mall: Mall, me: Shopper, sku: int, days: float = 7) -> list[str]:
    """Let a member and three friends buy and receive, and wait: the member's order comes back.

    Returns the numbers of all four orders, the member's own first.
    """
    bought = [(me, await me.buy(sku))]
    for _ in range(3):
        friend = await join(mall, me)
        bought.append((friend, await friend.buy(sku)))
    await work(mall)
    for person, order_no in bought:
        await person.receive(order_no)
    await work(mall)
    await pass_days(mall, days)
    return [order_no for _, order_no in bought]
