"""What operators may change in a flash sale, and when."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from server import db
from server.core.errors import FileInvalid
from server.services.promotions import apply as activity_apply
from tests.races import proofs
from tests.races.arena import Arena
from tests.support.flash import apply_sale, make_sale, pieces, problems, promotion, stock_of
from tests.support.mall import Mall
from tests.support.shop import make_sku, until

HOUR = timedelta(hours=1)


@pytest.fixture
async def arena(mall: Mall) -> AsyncIterator[Arena]:
    yield Arena(mall)
    await proofs.check(mall)


async def test_what_may_be_changed_before_and_after_the_start(arena: Arena) -> None:
    mall, now = arena.mall, arena.mall.clock.now()
    sku = await make_sku(stock=10)
    code = await db.fetch_value("SELECT code FROM skus WHERE id = $1", sku)
    item = await make_sale(mall, sku, 4, starts_at=now + HOUR, ends_at=now + 2 * HOUR)
    cheaper = {"sku": code, "price_fen": 500}
    await apply_sale(mall, slug="sale", name="早场", starts_at=now + HOUR / 2, items=[cheaper | {"stock": 5}])
    assert await stock_of(sku) == (5, 5, 0)
    mall.clock.advance(1_900)
    assert await problems(mall, slug="sale", starts_at=now, items=[{"sku": code, "price_fen": 400}]) == {
        ".starts_at": "开始后不能改开始时间",
        ".items[0].price_fen": "开始后不能改价",
    }
    (one,) = await arena.members(1)
    await arena.place(one, sku, promotion=promotion(item))
    assert await problems(mall, slug="sale", items=[{"sku": code, "stock": 0}]) == {
        ".items[0].stock": "已被下单 1 件，不能少于它"
    }
    assert await problems(mall, slug="sale", items=[{"sku": code, "stock": 11}]) == {
        ".items[0].stock": "商品可售库存只剩 5 件，最多 10 件"
    }
    await apply_sale(mall, slug="sale", ends_at=now + 3 * HOUR, items=[{"sku": code, "stock": 10}])
    await apply_sale(mall, slug="sale", items=[{"sku": code, "stock": 1, "per_member": 3}])
    assert await stock_of(sku) == (9, 1, 0)
    assert await pieces(item) == (0, 1, 0)
    log = [row["action"] for row in await db.fetch("SELECT action FROM audit_log ORDER BY id")]
    assert log == ["activity.apply"] * 4


async def test_a_buyer_who_is_faster_than_the_operator(arena: Arena) -> None:
    """The operator's change waits for the buyer who is claiming a piece; then the stock it assumed is wrong."""
    mall = arena.mall
    sku = await make_sku(stock=10)
    code = await db.fetch_value("SELECT code FROM skus WHERE id = $1", sku)
    item = await make_sale(mall, sku, 1)
    await apply_sale(mall, slug="sale", items=[{"sku": code, "per_member": 2}])

    async def waits() -> object:
        return await db.fetch_value(
            "SELECT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database())"
        )

    async with db.connection() as buyer:
        claiming = buyer.transaction()
        await claiming.start()
        await buyer.execute("UPDATE flash_units SET order_id = 1 WHERE item_id = $1", item)
        lowering = asyncio.ensure_future(problems(mall, slug="sale", items=[{"sku": code, "stock": 0}]))
        await until(waits)
        await claiming.commit()
    assert await lowering == {".items[0].stock": "刚刚又有人下单，请刷新后重填"}
    async with db.transaction() as tx:
        await tx.execute("UPDATE flash_units SET order_id = NULL")
    assert await stock_of(sku) == (9, 1, 0)


async def test_every_mistake_of_a_file_is_told(arena: Arena) -> None:
    mall, now = arena.mall, arena.mall.clock.now()
    sku = await make_sku(stock=10, price_fen=1_000)
    code = await db.fetch_value("SELECT code FROM skus WHERE id = $1", sku)
    times = {"starts_at": now, "ends_at": now + HOUR}
    assert await problems(mall, slug="sale") == {"": "新场次缺少字段 ends_at"}
    both = [{"sku": code, "price_fen": 1_001, "stock": 1}, {"sku": code, "price_fen": 1, "stock": 1}, {"sku": "none"}]
    assert await problems(mall, slug="sale", name="场", **times, items=both) == {
        ".items[0].price_fen": "不能高于商品售价",
        ".items[1].sku": "重复",
        ".items[2].sku": "没有在售的 SKU 用这个编码",
    }
    assert await problems(mall, slug="sale", name="场", **times, items=[{"sku": code}]) == {
        ".items[0]": "新商品缺少字段 stock"
    }
    assert await problems(mall, slug="sale", name="场", starts_at=now, ends_at=now) == {
        ".ends_at": "结束时间须在开始之后，最长 31 天"
    }
    assert await problems(mall, slug="sale", name="场", starts_at=now - 2 * HOUR, ends_at=now - HOUR) == {
        ".ends_at": "结束时间须在现在之后"
    }
    assert await problems(mall, slug="sale", name="场", starts_at="2026-01-01T00:00:00", ends_at="x") == {
        ".starts_at": "应为带时区的时间，例如 2026-01-01T20:00:00+08:00",
        ".ends_at": "应为带时区的时间，例如 2026-01-01T20:00:00+08:00",
    }
    await make_sale(mall, sku, 1)
    assert await problems(mall, slug="sale", new=True) == {".slug": "已有这个场次"}
    assert await problems(mall, slug="sale", ends_at="x") == {
        ".ends_at": "应为带时区的时间，例如 2026-01-01T20:00:00+08:00"
    }
    with pytest.raises(FileInvalid) as twice:
        await activity_apply.apply(mall.deps, {"flash_sales": [{"slug": "sale"}, {"slug": "sale"}], "x": 1}, "t")
    assert [one["path"] for one in twice.value.detail["problems"]] == ["$.flash_sales[1].slug", "$.x"]
