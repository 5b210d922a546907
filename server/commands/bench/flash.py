"""A flash sale: how fast the gate refuses late buyers, and how fast the admitted buyers place their orders."""

import itertools
from datetime import timedelta

import orjson

from server import db
from server.commands.bench import pgbench
from server.commands.bench.benches import PER_SECOND_MOST, Length, Result, compare
from server.commands.bench.shop import MEMBERS, request
from server.commands.bench.stage import Load, Stage
from server.services.promotions import apply as activity_apply

_STOCK = 100_000
_PRICE_FEN = 990
_BUYERS = 1_000
_numbers = itertools.count(1)


async def _item(stage: Stage, stock: int) -> tuple[int, int]:
    """Add an item of a SKU of its own to a running session; return the item's id and its SKU's id."""
    number, deps = next(_numbers), stage.shop.deps
    now = deps.clock.now()
    item = {"sku": f"S{number}", "price_fen": _PRICE_FEN, "stock": stock, "per_member": 1_000}
    times = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(days=1)}
    entry = {"slug": f"bench-{number}", "name": "秒杀", "items": [item], **times}
    await activity_apply.apply(deps, {"flash_sales": [entry]}, "bench")
    row = await db.fetch_row(
        "SELECT i.id, i.sku_id FROM flash_items i JOIN flash_sales s ON s.id = i.sale_id WHERE s.slug = $1",
        entry["slug"],
    )
    assert row is not None  # noqa: S101 - it was just made
    return row["id"], row["sku_id"]


def _orders(stage: Stage, item: tuple[int, int], count: int) -> list[bytes]:
    """Return requests for one piece each; members in turn."""
    made = []
    for one in range(count):
        member = one % MEMBERS
        headers = [f"Authorization: Bearer {stage.shop.tokens[member]}", f"Idempotency-Key: flash-{item[0]}-{one}"]
        body = (
            b'{"items": [{"sku_id": %d, "quantity": 1}], "address_id": %d,'
            b' "promotion": {"kind": "flash_sale", "id": %d}}' % (item[1], member + 1, item[0])
        )
        made.append(request("POST", "/api/orders", body, headers))
    return made


async def flash(stage: Stage, length: Length) -> list[Result]:
    """First buyers who come too late, each answered by the gate; then buyers who are admitted, each with an order."""
    gone = await _item(stage, 0)
    late = _orders(stage, gone, _BUYERS)

    async def refusals(stage: Stage, seconds: int) -> Load:
        return await stage.load(stage.web, late, seconds, refused=True)

    async def script(stage: Stage, seconds: int) -> float:
        keys = [f"flash:{{{gone[0]}}}:{part}" for part in ("gate", "unclaimed", "takers")]
        now = int(stage.shop.deps.clock.now().timestamp() * 1000)
        await stage.shop.deps.redis.set(keys[1], 1)
        bodies = [orjson.dumps({"keys": keys, "values": [now, one]}) for one in range(_BUYERS)]
        asked = [request("POST", "/admit", body) for body in bodies]
        return (await stage.load(stage.bare, asked, seconds)).per_second

    async def winners(stage: Stage, seconds: int) -> Load:
        item = await _item(stage, _STOCK)
        return await stage.load(stage.web, _orders(stage, item, seconds * PER_SECOND_MOST), seconds, once=True)

    async def rows(stage: Stage, seconds: int) -> float:
        item, sku = await _item(stage, _STOCK)
        values = {"k": 0, "base": next(_numbers) * 100_000_000, "members": MEMBERS, "item": item, "sku": sku}
        return await pgbench.run("flash.sql", stage.settings.owner_url, ("-T", seconds), values)

    return [
        await compare("flash:refused", stage, length, refusals, ("bare Sanic, the bare script", script)),
        await compare("flash:won", stage, length, winners, ("pgbench, the same rows", rows)),
    ]
