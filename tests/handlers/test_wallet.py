"""The wallet and its statement always agree."""

import io
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from server import db
from server.core.clock import SHANGHAI
from server.db import Connection
from server.ledger import book
from server.ledger.chart import REBATE_COST, WITHDRAWABLE
from server.ledger.entries import Entry, Line, moved
from server.services.files.sheets import MEDIA_TYPE, SheetWriter
from server.services.members import statement_file
from tests.support.circle import circle, shop_refunds
from tests.support.mall import Mall
from tests.support.shop import DAY_S, Shopper, make_sku, pass_days, publish, shopper, work

EMPTY = {
    "available_fen": 0,
    "withdrawable_fen": 0,
    "frozen_fen": 0,
    "in_flight_fen": 0,
    "debt_fen": 0,
    "points": 0,
}


async def all_lines(me: Shopper, limit: int) -> list[dict[str, Any]]:
    """Return the statement, read page by page."""
    lines, cursor = [], ""
    while True:
        page = await me.get(f"/wallet/statement?limit={limit}{cursor}")
        lines += page["items"]
        if page["next_cursor"] is None:
            return lines
        cursor = f"&cursor={page['next_cursor']}"


async def test_a_new_member_has_nothing(mall: Mall) -> None:
    me = await shopper(mall)
    assert await me.wallet() == EMPTY
    assert await me.get("/wallet/statement") == {"items": [], "next_cursor": None}
    assert (await mall.http.get("/api/wallet")).status_code == 401


async def test_the_statement_sums_to_the_wallet_on_every_page_size(mall: Mall) -> None:
    await publish(mall, observe_days=0)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    spent = await a.me.buy(await make_sku(9_900), use_balance_fen=9_900)
    await shop_refunds(mall, a.friends[0].order_no)
    assert await a.me.wallet() == EMPTY | {"debt_fen": 9_900}
    await a.me.refund(spent)
    await work(mall)
    assert await a.me.wallet() == EMPTY

    lines = await all_lines(a.me, 100)
    assert [line["kind"] for line in lines] == [
        "refund",
        "rebate_take_back",
        "order_hold",
        "rebate_release",
        "rebate_stage",
    ]
    for limit in (1, 2):
        assert await all_lines(a.me, limit) == lines
    for name in ("available_delta_fen", "frozen_delta_fen", "debt_delta_fen"):
        assert sum(line[name] for line in lines) == 0
    assert [line["debt_delta_fen"] for line in lines] == [-9_900, 9_900, 0, 0, 0]
    assert [line["available_after_fen"] for line in lines] == [0, 0, 100, 10_000, 0]
    assert all(line["label"] and line["why"] and line["link"] for line in lines)


async def test_the_statement_is_filtered_by_kind_and_by_month_in_shanghai(mall: Mall) -> None:
    await publish(mall)
    a = await circle(mall)
    await a.bring(3)
    month = mall.clock.now().astimezone(SHANGHAI)
    following = month + timedelta(days=31)
    await a.receive_all()
    mall.clock.advance(24 * DAY_S)
    await pass_days(mall, 5)
    later = mall.clock.now().astimezone(SHANGHAI)

    async def kinds(query: str) -> list[str]:
        return [line["kind"] for line in (await a.me.get(f"/wallet/statement?{query}"))["items"]]

    assert await kinds("kind=rebate_stage") == ["rebate_stage"]
    assert await kinds("kind=unheard_of") == []
    assert await kinds("kind=rebate") == ["rebate_release", "rebate_stage"]
    assert await kinds("kind=withdrawal") == []
    assert "rebate_stage" in await kinds(f"month={month:%Y-%m}")
    assert "rebate_stage" not in await kinds(f"month={following:%Y-%m}")
    assert await kinds("month=2020-12") == []
    released = await kinds(f"month={later:%Y-%m}")
    assert released == (["rebate_release"] if later.month != month.month else ["rebate_release", "rebate_stage"])


async def test_each_month_has_its_sums(mall: Mall) -> None:
    await publish(mall, observe_days=0)
    a = await circle(mall)
    assert await a.me.get("/wallet/months") == {"items": []}
    await a.bring(3)
    await a.receive_all()
    await a.me.buy(await make_sku(9_900), use_balance_fen=4_000)
    month = f"{mall.clock.now().astimezone(SHANGHAI):%Y-%m}"
    assert await a.me.get("/wallet/months") == {
        "items": [
            {
                "month": month,
                "entries": 3,
                "in_fen": 10_000,
                "out_fen": 4_000,
                "frozen_delta_fen": 0,
                "debt_delta_fen": 0,
            }
        ]
    }


def read(file: bytes) -> list[tuple[Any, ...]]:
    return list(load_workbook(io.BytesIO(file)).worksheets[0].iter_rows(values_only=True))


async def test_the_statement_as_a_file(mall: Mall) -> None:
    await publish(mall, observe_days=0)
    a = await circle(mall)
    await a.bring(3)
    await a.receive_all()
    lines = await all_lines(a.me, 100)
    month = f"{mall.clock.now().astimezone(SHANGHAI):%Y-%m}"
    for query in ("", f"?month={month}"):
        answer = await a.me.ask("GET", f"/wallet/statement.xlsx{query}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert answer.headers["cache-control"] == "private, no-store"
        header, *rows = read(answer.content)
        assert header[:3] == ("时间", "类型", "说明")
        assert [row[1:3] for row in rows] == [(line["label"], line["why"]) for line in lines]
        assert [row[3:7] for row in rows] == [(100, -100, 0, 100), (0, 100, 0, 0)]
    assert len(read((await a.me.ask("GET", "/wallet/statement.xlsx?month=2020-01")).content)) == 1
    assert await a.me.refused("GET", "/wallet/statement.xlsx?month=2020") == "400 bad_request"


async def test_a_file_is_bounded_and_a_reason_is_never_a_formula(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    me = await shopper(mall)
    for n in range(5):
        async with db.transaction() as tx:
            lines = moved(Line(0, REBATE_COST, -1), Line(me.id, WITHDRAWABLE, 1))
            await book.post(tx, Entry(f"t:{n}", "rebate_release", "=1+1", f"member:{me.id}", lines), mall.clock.now())
    monkeypatch.setattr(statement_file, "_AT_A_TIME", 2)
    assert len(read(await statement_file.statement_file(me.id, None))) == 6
    monkeypatch.setattr(statement_file, "MOST", 4)
    file = await statement_file.statement_file(me.id, None)
    rows = read(file)
    assert len(rows) == 6
    assert rows[-1][2] == "只含最近 4 条，更早的请按月份导出"
    cell = load_workbook(io.BytesIO(file)).worksheets[0]["C2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


_POSTED = """
WITH posted AS (
  INSERT INTO ledger_entries (key, kind, input_hash, why, link, effective_at, posted_at)
  SELECT 't:' || n, 'rebate_release', '', '返一', 'member:' || $1::bigint, $4, $4 FROM generate_series($2::int, $3) n
  RETURNING id)
INSERT INTO ledger_lines (entry_id, account_id, member_id, code, currency, amount, kind, month, available_after)
  SELECT id, 0, m, code, 'CNY', fen, kind, month, after FROM posted CROSS JOIN (VALUES
    ($1, 'withdrawable', 1, 'rebate_release', 202611, 1), (0, 'rebate_cost', -1, NULL, NULL, NULL))
    AS line (m, code, fen, kind, month, after)
"""


class _Rows(SheetWriter):
    """A file whose rows are only remembered: writing ten thousand takes seconds."""

    last: list[Sequence[object]]

    def append(self, rows: Iterable[Sequence[object]]) -> None:
        type(self).last = [*type(self).last, *rows]


async def test_a_full_file_says_that_there_is_more_only_if_there_is(
    mall: Mall, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_file, "SheetWriter", _Rows)
    me, now, posted = await shopper(mall), mall.clock.now(), 0
    for entries, ends in ((9_999, "返一"), (10_000, "返一"), (10_001, "只含最近 10000 条，更早的请按月份导出")):
        await owner.execute(_POSTED, me.id, posted + 1, entries, now)
        posted, _Rows.last = entries, []
        await statement_file.statement_file(me.id, None)
        assert len([row for row in _Rows.last if row[0]]) == min(entries, statement_file.MOST)
        assert _Rows.last[-1][2] == ends


async def test_the_statement_refuses_what_it_does_not_understand(mall: Mall) -> None:
    me = await shopper(mall)
    for query in ("month=2026-13", "month=26-01", "cursor=nonsense", "limit=0", "limit=101"):
        assert await me.refused("GET", f"/wallet/statement?{query}") == "400 bad_request"
