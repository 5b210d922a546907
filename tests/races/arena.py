"""Members who call the services concurrently, each call on its own connection, with made-up notifications of WeChat."""

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from server import db
from server.core.errors import Refusal
from server.gateways.ports import PaymentNotice
from server.rules.payments import Outcome
from server.services.checkout import payments, placing
from server.services.checkout.facts import Wanted
from server.services.common.idempotency import Keyed
from server.services.members import addresses
from server.services.members.addresses import Place
from server.services.orders import refunds
from server.services.referrals import bindings
from tests.support.locks import held, waiting
from tests.support.mall import Mall
from tests.support.people import make_members

T = TypeVar("T")
_HOME = Place("收货人", "13800138000", "浙江省", "杭州市", "西湖区", "文三路一号")
_transactions = itertools.count(10**9)


@dataclass
class Arena:
    """The mall and its members' addresses."""

    mall: Mall
    homes: dict[int, int] = field(default_factory=dict)

    async def members(self, count: int, referrer_id: int | None = None, *, met: bool = False) -> list[int]:
        """Make new members, bound to the referrer; with `met`, WeChat's sandbox knows them too."""
        found = await make_members(self.mall, count)
        for member_id in found:
            if met:
                openid = await db.fetch_value("SELECT openid FROM members WHERE id = $1", member_id)
                await self.mall.control("code", openid=openid)
            self.homes[member_id] = (await addresses.add(self.mall.deps, member_id, _HOME, is_default=True)).id
            if referrer_id is not None:
                await bindings.bind_late(self.mall.deps, member_id, f"S{referrer_id}")
        return found

    async def place(self, member_id: int, sku: int, quantity: int = 1, *, key: str = "", **more: Any) -> str:
        """Place an order; return the number of the pending order."""
        return await self._place(member_id, ((sku, quantity),), key, more)

    async def place_basket(self, member_id: int, skus: Sequence[int]) -> str:
        """Place an order of one piece of each SKU; return its number."""
        return await self._place(member_id, tuple((sku, 1) for sku in skus), "", {})

    async def _place(self, member_id: int, items: tuple[tuple[int, int], ...], key: str, more: dict[str, Any]) -> str:
        wanted = Wanted(items, address_id=self.homes[member_id], **more)
        text = await placing.place(self.mall.deps, member_id, wanted, keyed(key))
        return str(orjson.loads(text)["order_no"])

    async def notice(self, order_no: str, transaction_id: str | None = None) -> PaymentNotice:
        """Make the notification that WeChat would send if this order were paid now."""
        row = await db.fetch_row(
            "SELECT o.cash_due_fen, m.openid FROM orders o JOIN members m ON m.id = o.member_id WHERE o.order_no = $1",
            order_no,
        )
        assert row is not None
        deps = self.mall.deps
        return PaymentNotice(
            appid=deps.appid,
            mchid=deps.mchid,
            out_trade_no=order_no,
            transaction_id=transaction_id or f"42{next(_transactions)}",
            trade_state="SUCCESS",
            amount_fen=row["cash_due_fen"],
            currency="CNY",
            payer_openid=row["openid"],
            success_time=deps.clock.now(),
        )

    async def settle(self, said: PaymentNotice) -> Outcome:
        return await payments.settle(self.mall.deps, said, "notify")

    async def buy(self, member_id: int, sku: int, quantity: int = 1, **more: Any) -> str:
        """Place and pay an order; return its number."""
        order_no = await self.place(member_id, sku, quantity, **more)
        await self.settle(await self.notice(order_no))
        return order_no

    async def refund(self, member_id: int, order_no: str, wanted: dict[int, int] | None = None) -> dict[str, Any]:
        """Request a refund as the member."""
        text = await refunds.request(self.mall.deps, member_id, order_no, wanted, "不要了", keyed())
        return dict(orjson.loads(text))


def keyed(key: str = "") -> Keyed:
    """Return this idempotency key, or a new one."""
    return Keyed("/test", key or secrets.token_hex(8), "same")


async def outcomes(*calls: Awaitable[T]) -> list[T | str]:
    """Run all calls at once; return each result, or the code of its refusal."""
    found: Sequence[T | BaseException] = await asyncio.gather(*calls, return_exceptions=True)
    return [one.code if isinstance(one, Refusal) else _raised(one) for one in found]


async def in_one_moment(lock: str, row_id: int, *calls: Awaitable[T]) -> list[T | str]:
    """Run all calls so that each waits, for this lock or for another call, before any goes on. As `outcomes`."""
    async with held(lock, row_id):
        found = asyncio.ensure_future(outcomes(*calls))
        await waiting(len(calls))
    return await found


def _raised(one: T | BaseException) -> T:
    if isinstance(one, BaseException):
        raise one
    return one
