"""A referrer and friends whose first orders count: the start of most 推三返一 tests."""

from dataclasses import dataclass
from typing import Any

from server import db
from server.services.orders import refunds
from tests.support.mall import Mall
from tests.support.shop import Shopper, join, make_sku, work

OWN_FEN = 10_000
"""The default price of the referrer's order."""
FRIEND_FEN = 20_000
"""The default price of each friend's first order."""


@dataclass(frozen=True)
class Friend:
    """A referee with a first order."""

    person: Shopper
    order_no: str

    async def receive(self) -> None:
        await self.person.receive(self.order_no)

    async def refund(self, **pieces: Any) -> dict[str, Any]:
        """Request a refund; before shipping, a whole order is refunded at once."""
        return await self.person.refund(self.order_no, **pieces)


@dataclass
class Circle:
    """A member with an order of their own, and the friends who came through their card."""

    mall: Mall
    me: Shopper
    own: str
    """The number of the referrer's own order."""
    sku: int
    """The SKU that friends buy."""
    friends: list[Friend]

    async def bring(self, count: int = 1, sku: int | None = None) -> list[Friend]:
        """Let so many friends join and buy, one after the other, and run the worker."""
        came = []
        for _ in range(count):
            person = await join(self.mall, self.me)
            came.append(Friend(person, await person.buy(sku or self.sku)))
            await work(self.mall)
        self.friends += came
        return came

    async def receive_all(self) -> None:
        """Receive the goods of all orders."""
        await self.me.receive(self.own)
        for friend in self.friends:
            await friend.receive()
        await work(self.mall)

    async def rebate(self) -> dict[str, Any]:
        """Return the referrer's newest rebate."""
        return (await self.me.rebates())[0]

    async def states(self) -> list[str]:
        """Return the states of the friends' qualifications, oldest first."""
        rows = await db.fetch("SELECT state FROM qualifications WHERE referrer_id = $1 ORDER BY id", self.me.id)
        return [row["state"] for row in rows]


async def circle(mall: Mall, *, own_fen: int = OWN_FEN, friend_fen: int = FRIEND_FEN) -> Circle:
    """Make a member with a paid order and no friends yet."""
    me = await join(mall)
    own = await me.buy(await make_sku(own_fen))
    return Circle(mall, me, own, await make_sku(friend_fen), [])


async def shop_refunds(mall: Mall, order_no: str, pieces: dict[int, int] | None = None) -> refunds.RefundView:
    """Refund an order as an operator, whole or some pieces (line id → how many), and run the worker."""
    opened = await refunds.open_for(mall.deps, order_no, pieces, "售后", "tester")
    granted = await refunds.approve(mall.deps, opened.refund_no, "tester")
    await work(mall)
    return granted


async def line_ids(shopper: Shopper, order_no: str) -> list[int]:
    """Return the ids of an order's lines, in order."""
    return [line["line_id"] for line in (await shopper.order(order_no))["lines"]]
