"""Lists: newest first, in pages, with filters, for any text that people type."""

from typing import Any

import pytest

from server import db
from server.core.errors import BadRequest
from server.rules.operators import Permission
from server.services.common import audit_log, listings
from server.services.common.listings import Column, Key, Listing, Way, beginning, numbered, search, switch
from server.services.desk.lists import LISTINGS
from tests.services.common.test_audit_log import write
from tests.support.mall import Mall

LOG = audit_log.LOG


async def shown(mall: Mall, listing: Listing, cursor: str = "", limit: int = 10, **asked: Any) -> tuple[list[Any], Any]:
    found = await listings.page(mall.deps, listing, listing.asked(asked), cursor, limit)
    return found.rows, found.next


async def test_pages_follow_one_another_newest_first(mall: Mall) -> None:
    await write(5)
    first, cursor = await shown(mall, LOG, limit=2)
    second, cursor = await shown(mall, LOG, cursor, limit=2)
    third, end = await shown(mall, LOG, cursor, limit=2)
    assert [row["subject"] for row in first + second + third] == [f"thing:{n}" for n in (4, 3, 2, 1, 0)]
    assert first[0]["detail"] == {"before": 1, "after": 2, "reason": "因"}
    assert end is None
    with pytest.raises(BadRequest):
        await shown(mall, LOG, "nonsense")


async def test_filters_narrow_together(mall: Mall) -> None:
    await write(5)
    mine, _ = await shown(mall, LOG, actor="op1")
    assert [row["subject"] for row in mine] == ["thing:3", "thing:1"]
    assert [row["actor"] for row in (await shown(mall, LOG, actor="op0", q=" thing:2 "))[0]] == ["op0"]
    assert (await shown(mall, LOG, action="order_ship"))[0] == []
    day = (await db.fetch_value("SELECT max(at) FROM audit_log")).date()
    assert len((await shown(mall, LOG, since=f"{day}", until=f"{day}"))[0]) == 5
    assert (await shown(mall, LOG, until="2020-01-01"))[0] == []


@pytest.mark.parametrize(
    "asked",
    [
        {"nonsense": "1"},
        {"action": "never heard of"},
        {"since": "2026-02-31"},
        {"since": "yesterday"},
        {"until": "2099-12-99"},
        {"actor": "x" * 61},
    ],
)
async def test_what_means_nothing_is_refused(mall: Mall, asked: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        await shown(mall, LOG, **asked)


async def test_a_text_means_what_it_looks_like(mall: Mall) -> None:
    listing = Listing(
        name="numbers",
        title="数",
        permission=Permission.DASHBOARD,
        select="n.id, n.word, n.part",
        source="(SELECT id, 'w' || id AS word, jsonb_build_array(id) AS part FROM generate_series(1, 20) id) n",
        keys=(Key("n.id", int),),
        columns=(Column("编号", "id"), Column("词", "word", words={"w3": "三"}), Column("份", "part")),
        filters=(
            search("编号或词", numbered("n.id"), beginning("n.word", "w.*"), Way("n.word = {0}")),
            switch("half", "半", {"low": ("小", "n.id <= 10"), "high": ("大", "n.id > 10")}, "low"),
        ),
        opened=lambda _deps, row: row | {"part": [row["id"]]},
    )
    assert [row["id"] for row in (await shown(mall, listing, q="#3"))[0]] == [3]
    assert [row["id"] for row in (await shown(mall, listing, q="w1", half=""))[0]] == [
        19,
        18,
        17,
        16,
        15,
        14,
        13,
        12,
        11,
        10,
    ]
    assert [row["id"] for row in (await shown(mall, listing, q="w1"))[0]] == [10, 1]
    assert (await shown(mall, listing, q="其他"))[0] == []
    assert await listings.counted(mall.deps, listing, listing.asked({"half": "high"}), 100) == 10
    assert await listings.counted(mall.deps, listing, listing.asked({"half": ""}), 7) == 7
    told = listings.cells(listing, (await shown(mall, listing, q="3"))[0][0])
    assert [value for _, value in told] == [3, "三", "[3]"]
    with pytest.raises(BadRequest):
        await shown(mall, listing, half="middle")


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda one: one.name)
async def test_every_list_and_each_of_its_filters_can_be_asked(mall: Mall, listing: Listing) -> None:
    """The declared SQL is valid for each way to read a text, on the first page and after a cursor."""
    for one in listing.filters:
        samples = list(one.choices) or [
            "2026-01-01" if one.is_day else "",
            "13800138000",
            "#12",
            "12",
            "T26A",
            "x" * 22,
            "词",
        ]
        for text in samples:
            try:
                asked = listing.asked({one.name: str(text)})
                await listings.page(mall.deps, listing, asked, "", 3)
                await listings.counted(mall.deps, listing, asked, 3)
            except BadRequest as refusal:
                assert refusal.detail["field"] == one.name  # noqa: PT017 - some filters refuse some texts
    assert {column.name for column in listing.columns}
