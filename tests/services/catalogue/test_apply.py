import asyncio
import json
from typing import Any

import pytest

from server import db
from server.commands.apply import of_document
from server.core.errors import FileInvalid, StockInsufficient
from server.db import Connection
from server.rules.approvals import PriceChange
from server.services.catalogue import apply as catalogue_apply
from server.services.common import audit_log
from server.services.files import sayings
from server.services.files.apply_file import ApplyFile
from tests.support.mall import Mall
from tests.support.shop import CATEGORIES, product, stock


async def apply(mall: Mall, *products: dict[str, Any]) -> catalogue_apply.Applied:
    return await catalogue_apply.apply(mall.deps, {"products": [*products]}, "cli")


async def problems(mall: Mall, content: Any) -> list[str]:
    text = content if isinstance(content, str) else json.dumps(content)
    with pytest.raises(FileInvalid) as refused:
        await of_document(PriceChange)(mall.deps, text, "cli")
    return [f"{one['line']} {one['path']} {one['problem']}" for one in refused.value.detail["problems"]]


async def sku(code: str) -> dict[str, Any]:
    row = await db.fetch_row("SELECT * FROM skus WHERE code = $1", code)
    assert row is not None
    return dict(row)


async def move(code: str, pieces: int, from_: str, to: str, mall: Mall) -> None:
    lines = json.dumps([{"sku": (await sku(code))["id"], "n": pieces}])
    async with db.transaction() as tx:
        await tx.execute("SELECT stock_move($1, $2, $3, $4)", lines, from_, to, mall.clock.now())


async def test_a_file_makes_a_product_and_a_second_one_changes_only_what_it_names(mall: Mall) -> None:
    await stock(mall, product("mask", "补水面膜", 5900, subtitle="熬夜急救"))
    change = {"slug": "mask", "title": "夜间面膜", "skus": [{"code": "mask-1", "stock_add": -40}, {"code": "mask-2"}]}
    assert await problems(mall, {"products": [change]}) == ["1 $.products[0].skus[1] 新 SKU 缺少字段 price_fen"]
    change["skus"][1]["price_fen"] = 9900  # type: ignore[index]
    done = await apply(mall, change)
    assert (done.products, done.products_new, done.skus, done.skus_new, done.pieces) == (1, 0, 2, 1, -40)
    row = await db.fetch_row("SELECT * FROM products")
    assert row is not None
    assert (row["title"], row["subtitle"], row["min_price_fen"], row["max_price_fen"]) == (
        "夜间面膜",
        "熬夜急救",
        5900,
        5900,  # the new SKU has no pieces yet
    )
    assert "夜间" in row["words"].split()
    first = await sku("mask-1")
    assert (first["price_fen"], first["stocked_in"], first["available"], first["alert_at"]) == (5900, 60, 60, 10)


async def test_stock_never_falls_below_what_is_reserved_or_sold(mall: Mall) -> None:
    await stock(mall, product("mask", "补水面膜"))
    await move("mask-1", 70, "available", "reserved", mall)
    await move("mask-1", 20, "reserved", "sold", mall)
    change = {"slug": "mask", "skus": [{"code": "mask-1", "stock_add": -31}]}
    assert await problems(mall, {"products": [change]}) == [
        "1 $.products[0].skus[0].stock_add 可用库存只有 30，不能减少 31"
    ]
    await apply(mall, {"slug": "mask", "skus": [{"code": "mask-1", "stock_add": -30}]})
    row = await sku("mask-1")
    assert (row["stocked_in"], row["available"], row["reserved"], row["sold"]) == (70, 0, 50, 20)


async def test_stock_in_above_the_threshold_arms_the_alarm_again(mall: Mall) -> None:
    await stock(mall, product("mask", "补水面膜"))
    await move("mask-1", 95, "available", "reserved", mall)
    assert (await sku("mask-1"))["alerted"]
    await apply(mall, {"slug": "mask", "skus": [{"code": "mask-1", "stock_add": 5}]})
    assert (await sku("mask-1"))["alerted"]
    await apply(mall, {"slug": "mask", "skus": [{"code": "mask-1", "stock_add": 1}]})
    assert not (await sku("mask-1"))["alerted"]


async def test_stock_in_and_orders_at_once_lose_nothing(mall: Mall) -> None:
    await stock(mall, product("mask", "补水面膜"))
    more = {"slug": "mask", "skus": [{"code": "mask-1", "stock_add": 10}]}
    less = {"slug": "mask", "skus": [{"code": "mask-1", "stock_add": -90}]}
    orders = [move("mask-1", 10, "available", "reserved", mall) for _ in range(8)]
    outcomes = await asyncio.gather(*orders, apply(mall, more), apply(mall, less), return_exceptions=True)
    assert {type(one) for one in outcomes if isinstance(one, BaseException)} <= {FileInvalid, StockInsufficient}
    row = await sku("mask-1")
    assert row["stocked_in"] == row["available"] + row["reserved"]
    reserved = 10 * sum(one is None for one in outcomes[:8])
    assert row["reserved"] == reserved
    assert row["stocked_in"] == 100 + sum(
        one.pieces for one in outcomes[8:] if not isinstance(one, BaseException | None)
    )


async def test_card_keys_are_the_stock_of_virtual_goods_and_sealed_at_rest(mall: Mall) -> None:
    card = {"slug": "card", "category": "baby", "kind": "virtual", "title": "体检卡", "skus": []}
    keys = [{"code": "card-1", "price_fen": 100, "card_keys": ["AAAA-1111", "BBBB-2222"]}]
    await stock(mall, {**card, "skus": keys})
    assert (await sku("card-1"))["available"] == 2
    rows = await db.fetch("SELECT * FROM card_keys ORDER BY id")
    assert [mall.deps.cipher.open(row["sealed"], "card_keys.sealed") for row in rows] == ["AAAA-1111", "BBBB-2222"]
    assert "AAAA" not in str([dict(row) for row in rows])
    again = {"slug": "card", "skus": [{"code": "card-1", "card_keys": ["CCCC", "BBBB-2222", "CCCC"], "stock_add": 1}]}
    assert await problems(mall, {"products": [again]}) == [
        "1 $.products[0].skus[0].card_keys[1] 该卡密已入库",
        "1 $.products[0].skus[0].card_keys[2] 重复",
        "1 $.products[0].skus[0].stock_add 虚拟商品的库存就是卡密的数量，请用 card_keys",
    ]
    assert (await sku("card-1"))["available"] == 2
    assert "CCCC" not in str(await db.fetch("SELECT detail FROM audit_log"))


FILE = """{
  "categories": [
    {"slug": "Face", "name": "面部"},
    {"slug": "lips", "parent": "nowhere"}
  ],
  "products": [
    {"slug": "mask", "category": "face", "title": 5,
     "skus": [{"code": "a", "price_fen": 0},
              {"code": "b", "price_fen": 1.5},
              {"code": "c", "prize_fen": 100}]},
    {"slug": "milk", "category": "face", "title": "乳液", "skus": 3}
  ],
  "product": []
}"""


async def test_every_mistake_is_told_with_its_line(mall: Mall) -> None:
    assert await problems(mall, FILE) == [
        "3 $.categories[0].slug 以小写字母开头，只含小写字母、数字和 -",
        "4 $.categories[1] 新分类缺少字段 name",
        "4 $.categories[1].parent 没有分类 nowhere，上级须先于下级",
        "7 $.products[0].category 没有分类 face",
        "7 $.products[0].title 应为文字，实为整数",
        "8 $.products[0].skus[0].price_fen 不能小于 1",
        "9 $.products[0].skus[1].price_fen 应为整数，实为数字",
        "10 $.products[0].skus[2] 没有名为 prize_fen 的字段",
        "10 $.products[0].skus[2] 新 SKU 缺少字段 price_fen",
        "11 $.products[1].category 没有分类 face",
        "11 $.products[1].skus 应为列表，实为整数",
        "13 $.product 没有名为 product 的字段",
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", ["1 $ 不是 JSON：Expecting property name enclosed in double quotes"]),
        ("[]", ["1 $ 应为一个对象"]),
        ("[" * 100_000, ["1 $ 嵌套过深"]),
        ({"products": {}}, ["1 $.products 应为一个列表"]),
        (
            {"categories": [{"slug": "x"}, {"slug": "x", "parent": "y"}]},
            [
                "1 $.categories[0] 新分类缺少字段 name",
                "1 $.categories[1] 新分类缺少字段 name",
                "1 $.categories[1].parent 没有分类 y，上级须先于下级",
                "1 $.categories[1].slug 重复",
            ],
        ),
        ({"categories": [{"slug": "beauty", "parent": "face"}]}, ["1 $.categories[0].parent 分类不能在自己的下级之下"]),
        (
            {"categories": [{"slug": "beauty", "parent": "beauty"}]},
            ["1 $.categories[0].parent 分类不能在自己的下级之下"],
        ),
        (
            {
                "categories": [
                    {"slug": "beauty", "parent": "face"},
                    {"slug": "face", "parent": "beauty"},
                    {"slug": "baby", "parent": "face"},
                ]
            },
            [f"1 $.categories[{i}].parent 分类不能在自己的下级之下" for i in range(3)],
        ),
        (
            {"products": [{"slug": "mask", "skus": [{"code": "mask-1", "price_fen": 10**30}]}]},
            ["1 $.products[0].skus[0].price_fen 不能大于 1000000000"],
        ),
        (
            {"products": [{"slug": "new", "category": "nowhere"}]},
            [
                "1 $.products[0] 新商品缺少字段 title",
                "1 $.products[0] 新商品至少要有一个 SKU",
                "1 $.products[0].category 没有分类 nowhere",
            ],
        ),
        (
            {"products": [{"slug": "mask", "kind": "virtual", "skus": [{"code": "milk-1", "card_keys": ["x"]}]}]},
            [
                "1 $.products[0].kind 已有商品不能改变类型",
                "1 $.products[0].skus[0].card_keys 实物商品没有卡密",
                "1 $.products[0].skus[0].code SKU milk-1 属于商品 milk",
            ],
        ),
    ],
)
async def test_what_does_not_fit_together_is_refused_whole(mall: Mall, content: Any, expected: list[str]) -> None:
    await stock(mall, product("mask", "补水面膜"), product("milk", "乳液"))
    before = await db.fetch_value("SELECT count(*) FROM audit_log")
    assert await problems(mall, content) == expected
    assert await db.fetch_value("SELECT count(*) FROM audit_log") == before


def test_a_mistake_in_what_is_not_there_is_told_where_it_should_be() -> None:
    file = ApplyFile('{\n"a": [\n{}]}')
    file.note("$.a[0].b.c", "缺少")
    file.note("$.d[3]", "缺少")
    with pytest.raises(FileInvalid) as refused:
        file.check()
    problems = refused.value.detail["problems"]
    assert [(one["path"], one["line"]) for one in problems] == [("$.d[3]", 1), ("$.a[0].b.c", 3)]


def test_no_saying_shows_the_parser() -> None:
    assert sayings.in_words("Something new") == "格式不对"
    assert sayings.in_words("Expected `int | null`, got `str` - at `$.a`") == "应为整数，实为文字"
    assert sayings.in_words("Expected `str` matching regex '^x$'") == "格式不对"


async def test_a_renamed_category_is_found_in_all_its_products(mall: Mall) -> None:
    await stock(mall, product("mask", "补水面膜"))
    await stock(mall, categories=[{**CATEGORIES[0], "name": "彩妆香氛"}])
    assert "香氛" in (await db.fetch_value("SELECT words FROM products")).split()
    await stock(mall, categories=[{"slug": "face", "parent": None}])
    assert "香氛" not in (await db.fetch_value("SELECT words FROM products")).split()


async def test_each_file_leaves_one_record_in_an_unbroken_chain(mall: Mall, owner: Connection) -> None:
    await asyncio.gather(*(stock(mall, product(f"mask-{i}", "面膜")) for i in range(5)))
    async with db.snapshot() as reader:
        assert await audit_log.verify(reader) == (5, [])
    await owner.execute("ALTER TABLE audit_log DISABLE TRIGGER USER")
    await owner.execute("""UPDATE audit_log SET detail = jsonb_set(detail, '{skus}', '{}') WHERE id = 2""")
    await owner.execute("DELETE FROM audit_log WHERE id = 4")
    async with db.snapshot() as reader:
        broken = [{"audit_log_id": 2}, {"audit_log_id": 5}, {"records": 4, "anchored": 5, "sealed": True}]
        assert await audit_log.verify(reader) == (4, broken)
