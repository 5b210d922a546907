"""The benches of a large shop, run on a small one: they cover everything, and they can fail."""

import dataclasses

import asyncpg
import orjson
import pytest

from server import db
from server.commands.bench import lists, statements
from server.commands.bench.lists import Seen, TooSlow
from server.seed.plant import plant
from server.seed.scale import fill
from server.seed.scale.plan import Plan
from server.services.desk.lists import LISTINGS
from tests.support.mall import Mall, pool_of_owner


async def test_each_list_is_walked(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = dataclasses.replace(mall.deps, media_dir=None)
    async with pool_of_owner(mall):
        await plant(bare, "cli")
        await fill.fill(bare, Plan(200, 600), lambda _title, _done, _of: None)
    monkeypatch.setattr(lists, "_TIMES", 3)
    monkeypatch.setattr(lists, "BIG_ROWS", 500)
    texts = await db.fetch(lists._TEXTS)
    assert len({row[0] for row in texts}) > 20
    pages = [page async for _, seen in lists.measure(bare) for page in seen]
    for listing in LISTINGS:
        mine = [page.what for page in pages if page.what.startswith(f"{listing.name} ")]
        for one in listing.filters:
            if one.name != "q" or listing.name != "alarms":
                assert any(f" {one.name}=" in f"{what} " for what in mine), (listing.name, one.name)
    found = [page.what for page in pages]
    assert any(what.startswith("orders deep") for what in found)
    assert [what for what in found if what[-1:] == "1" and what.startswith("chain")] == ["chain level 1"]
    ratios = [result.ratio async for result, _ in statements.measure(bare)]
    assert len(ratios) == 4
    assert min(ratio or 0 for ratio in ratios) > 0


async def test_a_large_table_read_from_end_to_end_is_seen(own_database_url: str) -> None:
    """The tables are empty, and PostgreSQL has no statistics of them."""
    connection = await asyncpg.connect(own_database_url)
    plan = await connection.fetchval(
        "EXPLAIN (FORMAT JSON) SELECT * FROM members m JOIN orders o ON o.remark = m.nickname"
    )
    await connection.close()
    assert set(lists._scanned(orjson.loads(plan))) == {"members", "orders"}


def test_the_bar() -> None:
    lists.refuse([Seen("orders first", lists.MOST_MS)])
    with pytest.raises(
        TooSlow, match=r"2 of 3 pages are slow.*\n +250.0 ms  orders deep\n +1.0 ms  members first  members"
    ):
        lists.refuse([Seen("members first", 1.0, ("members",)), Seen("orders deep", 250.0), Seen("orders first", 1.0)])
