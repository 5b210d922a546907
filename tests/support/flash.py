"""Flash sales for tests, and the program of one of several buying processes.

Run as `python -m tests.support.flash FOLDER DATABASE_URL REDIS_URL ITEM FIRST LAST AT_ONCE`: members FIRST to LAST each
try to buy one piece of ITEM. It waits for a start signal. It prints one line per answer: member, then order or refusal.
"""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from server import db, wiring
from server.core.errors import FileInvalid, PromotionQueued, Refusal
from server.gateways.ports import Deps
from server.rules.promotions import Promotion
from server.services.checkout import placing
from server.services.checkout.facts import Wanted
from server.services.common.idempotency import Keyed
from server.services.promotions import apply as activity_apply
from tests.support.mall import Mall, settings_for
from tests.support.shop import Shopper, make_sku

_QUEUED_AGAIN = 3


async def make_sale(
    mall: Mall, sku_id: int, stock: int, *, price_fen: int = 990, per_member: int = 1, slug: str = "sale", **more: Any
) -> int:
    """Make a session of one item, from a minute ago to an hour from now; `more` overrides. Return the item's id."""
    now = mall.clock.now()
    times = {"starts_at": now - timedelta(minutes=1), "ends_at": now + timedelta(hours=1)}
    code = await db.fetch_value("SELECT code FROM skus WHERE id = $1", sku_id)
    item = {"sku": code, "price_fen": price_fen, "stock": stock, "per_member": per_member}
    await apply_sale(mall, **{"slug": slug, "name": "整点秒杀", "items": [item]} | times | more)
    found: int = await db.fetch_value(
        "SELECT i.id FROM flash_items i JOIN flash_sales s ON s.id = i.sale_id WHERE s.slug = $1 AND i.sku_id = $2",
        slug,
        sku_id,
    )
    return found


async def apply_sale(mall: Mall, **sale: Any) -> activity_apply.Applied:
    """Apply one session, as from a file."""
    return await activity_apply.apply(mall.deps, {"flash_sales": [sale]}, "tester")


def promotion(item_id: int) -> Promotion:
    """Return the `promotion` field of an order of this item."""
    return Promotion("flash_sale", item_id)


async def problems(mall: Mall, **sale: Any) -> dict[str, str]:
    """Return the mistakes of a session that cannot be applied, by their path within the session."""
    with pytest.raises(FileInvalid) as refused:
        await apply_sale(mall, **sale)
    return {one["path"].removeprefix("$.flash_sales[0]"): one["problem"] for one in refused.value.detail["problems"]}


async def stock_of(sku: int) -> tuple[int, int, int]:
    """Return a SKU's pieces: available, reserved and sold."""
    row = await db.fetch_row("SELECT available, reserved, sold FROM skus WHERE id = $1", sku)
    assert row is not None
    return row["available"], row["reserved"], row["sold"]


async def pieces(item_id: int) -> tuple[int, int, int]:
    """Return an item's pieces: free, held and sold."""
    row = await db.fetch_row(
        "SELECT count(*) FILTER (WHERE order_id IS NULL) AS free,"
        " count(*) FILTER (WHERE order_id IS NOT NULL AND NOT sold) AS held, count(*) FILTER (WHERE sold) AS sold"
        " FROM flash_units WHERE item_id = $1",
        item_id,
    )
    assert row is not None
    return row["free"], row["held"], row["sold"]


async def buy(deps: Deps, member_id: int, address_id: int, item_id: int, sku_id: int, key: str = "") -> str:
    """Buy a piece; return the order's number or the reason of the refusal. A queued buyer retries a few times."""
    wanted = Wanted(((sku_id, 1),), address_id=address_id, promotion=promotion(item_id))
    for again in range(_QUEUED_AGAIN, -1, -1):
        try:
            keyed = Keyed("/api/orders", key or f"flash-{item_id}-{member_id}", "same")
            return str(orjson.loads(await placing.place(deps, member_id, wanted, keyed))["order_no"])
        except PromotionQueued as queued:
            if not again:
                return queued.code
            await asyncio.sleep(0.2)
        except Refusal as refusal:
            return str(refusal.detail.get("reason", refusal.code))
    raise AssertionError


async def rush(mall: Mall, anna: Shopper) -> None:
    """Make pieces of a flash sale that are free, held, sold and given back."""
    sku = await make_sku(9_900)
    item = await make_sale(mall, sku, 5, per_member=5)
    named = {"promotion": {"kind": "flash_sale", "id": item}}
    await anna.buy(sku, **named)
    late = await anna.place(sku, **named)
    await anna.post(f"/orders/{late['order_no']}/cancel")
    await anna.place(sku, **named)


async def _main(folder: str, database_url: str, redis_url: str, *numbers: str) -> None:
    item_id, first, last, at_once = map(int, numbers)
    async with wiring.build_deps(settings_for(Path(folder), database_url, redis_url, 9, "http://127.0.0.1:9")) as deps:
        sku_id = await db.fetch_value("SELECT sku_id FROM flash_items WHERE id = $1", item_id)
        addresses = {
            row["member_id"]: row["id"]
            for row in await db.fetch(
                "SELECT member_id, id FROM addresses WHERE member_id BETWEEN $1 AND $2", first, last
            )
        }
        waiting = list(addresses.items())
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)

        async def stand() -> None:
            while waiting:
                member_id, address_id = waiting.pop()
                answer = await buy(deps, member_id, address_id, item_id, sku_id)
                sys.stdout.write(f"{member_id} {answer}\n")
                sys.stdout.flush()

        await asyncio.gather(*(stand() for _ in range(at_once)))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
