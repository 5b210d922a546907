"""The shop to measure: products, members with tokens and addresses, and orders that wait for payment."""

import asyncio
import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg

from server import db
from server.gateways.ports import Deps
from server.rules.rebates import RuleTerms
from server.sandbox.config import SandboxConfig
from server.sandbox.context import Sandbox, open_sandbox, rfc3339
from server.sandbox.identity import make_identity
from server.sandbox.notify import pay_attempt
from server.services.members import sessions as member_sessions
from server.services.terms import rebate_rules

PRODUCTS = 1_000
SKUS = 2 * PRODUCTS
MEMBERS = 5_000
CATEGORIES = 10
_AT_ONCE = 50
_SOON = timedelta(hours=2)
"""Longer than the outbox waits before it hands out a job again."""
_LOOK_S = 0.1

_SHOP = """
INSERT INTO categories (slug, name, icon, position) SELECT 'c' || i, '分类' || i, '', i FROM generate_series(1, {categories}) i;
INSERT INTO products (slug, category_id, kind, title, subtitle, images, detail, on_sale, min_price_fen, max_price_fen,
    sold_count, words, created_at, updated_at)
  SELECT 'p' || i, 1 + i % {categories}, 'physical', '推三返一精选商品第' || i || '号', '好物值得推荐给朋友',
    '["/media/bench-1.webp", "/media/bench-2.webp", "/media/bench-3.webp"]', repeat('商品详情', 50), true,
    10000 + 2 * i - 1, 10000 + 2 * i, i % 700, '推 三 返 一 精选 商品', {at}, {at} FROM generate_series(1, {products}) i;
INSERT INTO skus (product_id, code, spec, price_fen, market_price_fen, stocked_in, available, reserved, sold, alert_at,
    alerted, on_sale, position)
  SELECT (i + 1) / 2, 'S' || i, json_build_object('规格', (ARRAY['大', '小'])[1 + i % 2]), 10000 + i, 15000, 1000000,
    1000000, 0, 0, 0, false, true, i % 2 FROM generate_series(1, {products} * 2) i;
"""  # noqa: E501 - SQL reads better in long lines
_TERMS = '{"max_unpaid_orders": 10000, "max_unpaid_pieces": 100000}'
"""The bench's members place orders by the hundred and pay none of them."""
_PEOPLE = """
WITH born AS (
  INSERT INTO members (openid, nickname, avatar_url, share_code, state, referrer_id, created_at, seen_at)
    SELECT $3::varchar || i, '', '', $3::varchar || i, 'active', {referrer}, $2, $2
      FROM generate_series(1, $1::bigint) i RETURNING id, referrer_id),
bound AS (
  INSERT INTO bindings (member_id, referrer_id, how, valid_from)
    SELECT id, referrer_id, 'login', $2 FROM born WHERE referrer_id IS NOT NULL)
SELECT min(id) AS first, max(id) AS last FROM born
"""
_ADDRESSES = """
INSERT INTO addresses (member_id, sealed, phone_blind, place_blind, province, city, district, is_default, created_at)
  SELECT i, $1, $2, $2, '浙江省', '杭州市', '西湖区', true, $3 FROM generate_series(1, $4) i
"""
_ORDERS = """
WITH placed AS (
  INSERT INTO orders (order_no, member_id, kind, status, virtual, items_fen, discounts, freight_fen, freight_cash_fen,
      balance_fen, withdrawable_fen, cash_due_fen, address_sealed, region, remark, created_at, expires_at, checks,
      refunded_cash_fen, refunded_balance_fen, refunded_freight_fen)
    SELECT 'B' || m, m, 'normal', 'pending', false, 1, '[]', 0, 0, 0, 0, 1, $2, '浙江省 杭州市 西湖区', '', $1,
      $1::timestamptz + interval '1 day', 0, 0, 0, 0 FROM generate_series($3::bigint, $4::bigint) m
      ORDER BY m RETURNING id)
SELECT min(id) AS first, max(id) AS last FROM placed
"""
_PRICED = """
UPDATE orders SET items_fen = 10001 + id % {skus}, cash_due_fen = 10001 + id % {skus} WHERE id BETWEEN $1 AND $2
"""
_LINES = """
INSERT INTO order_lines (order_id, position, sku_id, product_id, category_id, title, image, spec, virtual, quantity,
    unit_price_fen, amount_fen, discount_fen, coupon_fen, points_fen, balance_fen, withdrawable_fen, cash_fen,
    refunded_quantity, refunded_cash_fen, refunded_balance_fen, refunded_withdrawable_fen)
  SELECT id, 1, 1 + id % {skus}, (2 + id % {skus}) / 2, 1, '商品', '/media/bench-1.webp', '{{}}', false, 1,
    cash_due_fen, cash_due_fen, 0, 0, 0, 0, 0, cash_due_fen, 0, 0, 0, 0 FROM orders WHERE id BETWEEN $1 AND $2
"""
_RESERVED = """
UPDATE skus SET available = available - n, reserved = reserved + n FROM (
  SELECT sku_id, count(*) AS n FROM order_lines WHERE order_id BETWEEN $1 AND $2 GROUP BY sku_id) placed
  WHERE skus.id = placed.sku_id
"""


_CLOSED = """
UPDATE orders SET status = 'closed', close_reason = 'timeout', closed_at = $1 WHERE status = 'pending'
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Orders with consecutive ids, each of a new member: the member's id is the order's id + `to_member`.

    The order number is `B` and the member's id. Each order is one piece of SKU 1 + id % SKUS, for 10000 fen + that id.
    """

    first: int
    count: int
    to_member: int
    name: str
    """The members' openids are this name followed by a number from 1."""


class Shop:
    """The shop in the database, and the notices that WeChat would sign."""

    def __init__(self, deps: Deps, data: Path, owner_url: str) -> None:
        self.deps = deps
        self._owner_url = owner_url
        self.tokens: list[str] = []
        """The tokens of members 1 … MEMBERS. Each member has the address with the same id."""
        self._wechat: Sandbox = open_sandbox(SandboxConfig.of(make_identity(data), data / "sandbox.sqlite"))
        self._born = itertools.count(1)
        self._sealed = deps.cipher.seal(
            '{"name": "收货人", "phone": "13800138000", "detail": "文三路1号"}', "addresses.sealed"
        )

    async def fill(self) -> None:
        """Add products, members and the rule."""
        at = self.deps.clock.now()
        async with db.transaction() as tx:
            await tx.execute(
                _SHOP.format(categories=CATEGORIES, products=PRODUCTS, at=f"'{at.isoformat()}'::timestamptz")
            )
            await tx.execute(
                "INSERT INTO shop_policy (id, terms, updated_at) VALUES (1, $2, $1) ON CONFLICT DO NOTHING", at, _TERMS
            )
            await tx.fetchrow(_PEOPLE.format(referrer="NULL"), MEMBERS, at, "bench-")
            await tx.execute(_ADDRESSES, self._sealed, "0" * 64, at, MEMBERS)
        await rebate_rules.publish(self.deps, RuleTerms(), "bench", "bench")
        for first in range(1, MEMBERS + 1, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, MEMBERS + 1))
            self.tokens += await asyncio.gather(*(member_sessions.start(self.deps, number, "") for number in numbers))

    async def people(self, count: int) -> None:
        """Add `count` more members without referrers. They do nothing."""
        async with db.transaction() as tx:
            await tx.fetchrow(_PEOPLE.format(referrer="NULL"), count, self.deps.clock.now(), f"i{next(self._born)}-")

    async def place(self, count: int, referrer: str = f"1 + i % {MEMBERS}") -> Waiting:
        """Place orders that wait for payment, each of a new member; `referrer` is SQL for the referrer of number i."""
        at, name = self.deps.clock.now(), f"r{next(self._born)}-"
        async with db.transaction() as tx:
            people = await tx.fetchrow(_PEOPLE.format(referrer=referrer), count, at, name)
            orders = await tx.fetchrow(_ORDERS, at, self._sealed, people["first"], people["last"])
            span = orders["first"], orders["last"]
            for statement in (_PRICED, _LINES, _RESERVED):
                await tx.execute(statement.format(skus=SKUS), *span)
        owner = await asyncpg.connect(self._owner_url)  # PostgreSQL lets nobody else analyse a table
        try:
            await owner.execute("ANALYZE orders, order_lines, members")
        finally:
            await owner.close()
        return Waiting(orders["first"], count, people["first"] - orders["first"], name)

    async def close_unpaid(self) -> None:
        """Let the unpaid orders end; their stock stays reserved."""
        async with db.transaction() as tx:
            await tx.execute(_CLOSED, self.deps.clock.now())

    async def rest(self) -> None:
        """Wait until the worker has done all due jobs; those that the SQL limit wrote are due in a day."""
        undone = "SELECT EXISTS (SELECT FROM outbox WHERE done_at IS NULL AND due_at < $1)"
        while await db.fetch_value(undone, self.deps.clock.now() + _SOON):  # noqa: ASYNC110 - other processes do it
            await asyncio.sleep(_LOOK_S)

    def notices(self, waiting: Waiting) -> list[bytes]:
        """Return requests with WeChat's signed notices of the payments; they are valid for five minutes."""
        return [self.notice(waiting, number) for number in range(waiting.count)]

    def notice(self, waiting: Waiting, number: int) -> bytes:
        """Return the signed notice of one order; orders count from 0."""
        order = waiting.first + number
        amount_fen, config, at = 10_001 + order % SKUS, self._wechat.config, rfc3339(self._wechat.now())
        paid = {
            "appid": config.appid,
            "mchid": config.mchid,
            "out_trade_no": f"B{order + waiting.to_member}",
            "transaction_id": f"42000000000000{order}",
            "trade_type": "JSAPI",
            "trade_state": "SUCCESS",
            "trade_state_desc": "支付成功",
            "bank_type": "OTHERS",
            "attach": "",
            "success_time": at,
            "payer": {"openid": f"{waiting.name}{number + 1}"},
            "amount": {"total": amount_fen, "payer_total": amount_fen, "currency": "CNY", "payer_currency": "CNY"},
        }
        told = {
            "id": str(uuid.uuid4()),
            "kind": "pay_notify",
            "url": "/wechat/pay/notify",
            "envelope": {
                "create_time": at,
                "resource_type": "encrypt-resource",
                "event_type": "TRANSACTION.SUCCESS",
                "summary": "支付成功",
            },
            "original_type": "transaction",
            "resource": paid,
        }
        signed = pay_attempt(self._wechat, told, probe=False)
        headers = [f"{name}: {value}" for name, value in signed.headers.items() if name != "Content-Type"]
        return request("POST", signed.url, signed.body, headers)


def request(method: str, path: str, body: bytes = b"", headers: Sequence[str] = ()) -> bytes:
    """Return an HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", *headers]
    if method != "GET":
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body
