"""Members who act over HTTP, a small catalogue, and background work done on demand, for stories and races."""

import itertools
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from server import db, outbox
from server.jobs import ticks
from server.jobs.registry import JOBS
from server.services import fulfilment, rules
from tests.support.mall import Mall

DAY_S = 86_400
_serial = itertools.count(1)


async def publish(mall: Mall, **terms: Any) -> int:
    """A rule version with these terms."""
    return (await rules.publish(mall.deps, orjson.dumps(terms), "test", "tester")).version


async def make_sku(price_fen: int = 10_000, stock: int = 1000, *, virtual: bool = False, category: str = "care") -> int:
    """A product of one SKU; its SKU id."""
    n = next(_serial)
    kind = "virtual" if virtual else "physical"
    async with db.connection() as connection:
        category_id = await connection.fetchval(
            "INSERT INTO categories (slug, name, icon, position) VALUES ($1, $1, '', 0)"
            " ON CONFLICT (slug) DO UPDATE SET name = $1 RETURNING id",
            category,
        )
        product_id = await connection.fetchval(
            "INSERT INTO products (slug, category_id, kind, title, subtitle, images, detail, on_sale, min_price_fen,"
            " max_price_fen, sold_count, words, created_at, updated_at)"
            " VALUES ($1, $2, $3, $4, '', '[\"/media/x.webp\"]', '', true, $5, $5, 0, '', $6, $6) RETURNING id",
            f"p{n}-{secrets.token_hex(3)}",
            category_id,
            kind,
            f"商品{n}",
            price_fen,
            _NOW,
        )
        sku_id: int = await connection.fetchval(
            "INSERT INTO skus (product_id, code, spec, price_fen, stocked_in, available, reserved, sold, alert_at,"
            " alerted, on_sale, position) VALUES ($1, $2, '{}', $3, $4, $4, 0, 0, 0, false, true, 0) RETURNING id",
            product_id,
            f"S{n}-{secrets.token_hex(3)}",
            price_fen,
            stock,
        )
        return sku_id


_NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def work(mall: Mall) -> None:
    """Everything the worker would do now: due jobs until none is left, with the ticks in between."""
    for _ in range(30):
        ran = await run_jobs(mall)
        for tick in ticks.TICKS:
            await tick.run(mall.deps)
        if not ran:
            return
    raise AssertionError("background work does not come to an end")


async def run_jobs(mall: Mall) -> int:
    """Due outbox rows, once each; returns how many ran."""
    at = mall.deps.clock.now()
    async with db.transaction() as tx:
        rows = await outbox.claim(tx, at, 200)
    for row in rows:
        await JOBS[row.job](mall.deps, row.args)
        async with db.transaction() as tx:
            await outbox.done(tx, row.id, at)
    return len(rows)


@dataclass
class Shopper:
    """A member with a token."""

    mall: Mall
    openid: str
    token: str = ""
    id: int = 0
    binding: dict[str, Any] = field(default_factory=dict)
    address_id: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        return await self.mall.http.request(method, f"/api{path}", json=body, headers=headers)

    async def get(self, path: str) -> Any:
        answer = await self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None) -> Any:
        answer = await self.call("POST", path, body if body is not None else {}, key=secrets.token_hex(8))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def address(self) -> int:
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

    async def place(self, *skus: int, **more: Any) -> dict[str, Any]:
        items = [{"sku_id": sku, "quantity": 1} for sku in skus]
        body = {"items": items, "address_id": await self.address()} | more
        placed: dict[str, Any] = await self.post("/orders", body)
        return placed

    async def pay(self, order_no: str) -> None:
        answer = await self.post(f"/orders/{order_no}/pay")
        if not answer.get("paid"):
            await self.mall.control("pay", out_trade_no=order_no)

    async def buy(self, *skus: int, **more: Any) -> str:
        placed = await self.place(*skus, **more)
        order_no: str = placed["order_no"]
        await self.pay(order_no)
        return order_no

    async def order(self, order_no: str) -> dict[str, Any]:
        return dict(await self.get(f"/orders/{order_no}"))

    async def wallet(self) -> dict[str, int]:
        return dict(await self.get("/wallet"))

    async def rebates(self) -> list[dict[str, Any]]:
        return list((await self.get("/rebates"))["items"])

    async def share_code(self) -> str:
        return str((await self.get("/me/referral"))["share_code"])


async def join(mall: Mall, referrer: Shopper | None = None, openid: str | None = None) -> Shopper:
    """A member who logs in, through the referrer's card if there is one."""
    openid = openid or f"o{secrets.token_hex(8)}"
    code = (await mall.control("code", openid=openid))["code"]
    body = {"code": code} | ({"share_code": await referrer.share_code()} if referrer else {})
    answer = await mall.http.post("/api/login", json=body)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    return Shopper(mall, openid, said["token"], said["member"]["id"], said["binding"])


async def receive(mall: Mall, shopper: Shopper, order_no: str) -> None:
    """Ship an order and let its member receive it."""
    await fulfilment.ship(mall.deps, order_no, "SF", "SF1234567890", "tester")
    await shopper.post(f"/orders/{order_no}/receive")
