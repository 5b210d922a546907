"""Payments that become known late: WeChat takes the money, its notice is lost, and nobody asks."""

from typing import Any

from server import db
from server.gateways.ports import PaymentNotice
from server.rules.payments import Outcome
from server.services.checkout import payments
from tests.support.mall import Mall
from tests.support.shop import Shopper, work


async def opened(person: Shopper, *skus: int, **more: Any) -> str:
    """Place an order and open its payment; return its number."""
    order_no: str = (await person.place(*skus, **more))["order_no"]
    await person.post(f"/orders/{order_no}/pay")
    return order_no


async def taken(person: Shopper, order_no: str) -> PaymentNotice:
    """Let WeChat take the money now and return what it would tell; its notice is lost, and the shop does not ask.

    Two seconds pass before and after.
    """
    mall = person.mall
    mall.clock.advance(2)
    await mall.control("knobs", drop=True)
    await mall.control("pay", out_trade_no=order_no)
    await mall.control("knobs", drop=None)
    async with db.transaction() as tx:
        await tx.execute("UPDATE orders SET check_at = NULL WHERE order_no = $1", order_no)
    said = await mall.deps.pay.query(order_no)
    assert said is not None
    mall.clock.advance(2)
    return said


async def bought_unheard(person: Shopper, *skus: int) -> PaymentNotice:
    """Buy; nobody hears of it until `heard`."""
    return await taken(person, await opened(person, *skus))


async def settled(mall: Mall, said: PaymentNotice) -> None:
    assert await payments.settle(mall.deps, said, "notify") is Outcome.SETTLE


async def heard(mall: Mall, said: PaymentNotice) -> None:
    """Let the notice come, and do the work that follows."""
    await settled(mall, said)
    await work(mall)


async def order_of(said: PaymentNotice) -> dict[str, Any]:
    row = await db.fetch_row("SELECT * FROM orders WHERE order_no = $1", said.out_trade_no)
    assert row is not None
    return dict(row)


async def standing(referee: Shopper) -> list[tuple[int, str, str | None]]:
    """Return the referee's qualifications: for whom, in which state, and why void."""
    rows = await db.fetch(
        "SELECT referrer_id, state, void_for FROM qualifications WHERE referee_id = $1 ORDER BY id", referee.id
    )
    return [(row["referrer_id"], row["state"], row["void_for"]) for row in rows]


async def notices_of_friends(member: Shopper) -> int:
    """Count the notices to a member that a friend counts."""
    found: int = await db.fetch_value(
        "SELECT count(*) FROM outbox WHERE job = 'send_notice' AND args ->> 'template' = 'qualified'"
        " AND (args ->> 'member_id')::bigint = $1",
        member.id,
    )
    return found


async def waiting_bindings() -> int:
    found: int = await db.fetch_value("SELECT count(*) FROM pending_bindings")
    return found
