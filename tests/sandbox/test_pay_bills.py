import gzip
import hashlib
import json
from typing import Any

import pytest

from server.sandbox.pay_bills import yuan
from tests.sandbox.test_pay_orders import signed
from tests.sandbox.test_pay_transfers import send
from tests.sandbox.world import World

TODAY = "2026-05-29"


async def fetch(world: World, answer: tuple[int, str]) -> list[str]:
    told = json.loads(answer[1])
    assert answer[0] == 200, told
    status, content = await world.pay.download_bill(told["download_url"])
    text = gzip.decompress(content)
    assert (status, told["hash_value"]) == (200, hashlib.sha1(text).hexdigest())  # noqa: S324
    return text.decode().split("\r\n")[:-1]


def table(lines: list[str]) -> tuple[list[dict[str, str]], dict[str, str]]:
    names, *rows, summary_names, summary = lines
    cells = [dict(zip(names.split(","), row.removeprefix("`").split(",`"), strict=True)) for row in rows]
    return cells, dict(zip(summary_names.split(","), summary.removeprefix("`").split(",`"), strict=True))


async def test_trade_bill(world: World) -> None:
    await world.prepay(attach="甲,乙")
    transaction_id = (await world.control("pay", {"out_trade_no": "ORDER0001"}))["transaction_id"]
    await world.paid("ORDER0002", 25_000)
    world.clock.advance(10)
    amount = {"refund": 40, "total": 100, "currency": "CNY"}
    await world.pay.refund("BACK1", amount, out_trade_no="ORDER0001")
    rows, summary = table(await fetch(world, await world.pay.trade_bill(TODAY)))
    assert [(row["商户订单号"], row["交易状态"], row["订单金额"], row["退款金额"]) for row in rows] == [
        ("ORDER0001", "SUCCESS", "1.00", "0.00"),
        ("ORDER0002", "SUCCESS", "250.00", "0.00"),
        ("ORDER0001", "REFUND", "0.00", "0.40"),
    ]
    assert (rows[0]["微信订单号"], rows[0]["商户数据包"], rows[1]["手续费"]) == (transaction_id, "甲\\,乙", "1.50")
    assert (summary["总交易单数"], summary["订单总金额"], summary["退款总金额"]) == ("3", "251.00", "0.40")
    paid_only, _ = table(await fetch(world, await world.pay.trade_bill(TODAY, "SUCCESS")))
    assert (len(paid_only), "退款金额" in paid_only[0]) == (2, False)
    [back], _ = table(await fetch(world, await world.pay.trade_bill(TODAY, "REFUND")))
    assert (back["商户退款单号"], back["退款状态"], back["退款成功时间"]) == ("BACK1", "PROCESSING", "")
    world.clock.advance(1)
    await world.pay.query_refund("BACK1")
    [back], _ = table(await fetch(world, await world.pay.trade_bill(TODAY, "REFUND")))
    assert (back["退款状态"], back["退款成功时间"]) == ("SUCCESS", "2026-05-29 04:26:51")


async def test_refund_of_yesterday_s_order(world: World) -> None:
    await world.paid()
    world.clock.advance(86400)
    await world.pay.refund("BACK1", {"refund": 1, "total": 100, "currency": "CNY"}, out_trade_no="ORDER0001")
    [row], summary = table(await fetch(world, await world.pay.trade_bill("2026-05-30")))
    assert (row["交易状态"], summary["退款总金额"]) == ("REFUND", "0.01")


async def test_fund_bill(world: World) -> None:
    await world.paid("ORDER0001", 10_000)
    amount = {"refund": 5_000, "total": 10_000, "currency": "CNY"}
    await world.pay.refund("BACK1", amount, out_trade_no="ORDER0001")
    await send(world)
    await world.control("transfer_confirm", {"out_bill_no": "W001"})
    rows, summary = table(await fetch(world, await world.pay.fundflow_bill(TODAY)))
    assert [(row["业务名称"], row["收支类型"], row["收支金额(元)"], row["账户结余(元)"]) for row in rows] == [
        ("交易", "收入", "100.00", "1000100.00"),
        ("扣除交易手续费", "支出", "0.60", "1000099.40"),
        ("退款", "支出", "49.70", "1000049.70"),
        ("商家转账", "支出", "5.00", "1000044.70"),
    ]
    assert (summary["收入金额"], summary["支出笔数"], summary["支出金额"]) == ("100.00", "3", "55.30")
    world.clock.advance(86400)
    await send(world, "W002")
    await world.control("knobs", {"refund_outcome": "CLOSED", "refund_delay_s": 0})
    await world.pay.refund("BACK2", {**amount, "refund": 1}, out_trade_no="ORDER0001")
    await world.pay.query_refund("BACK2")
    for day, account in (("2026-05-30", "BASIC"), (TODAY, "FEES")):
        status, body = await world.pay.fundflow_bill(day, account)
        assert (status, json.loads(body)["code"]) == (400, "NO_STATEMENT_EXIST")


async def test_real_hours(world: World) -> None:
    await world.paid()
    await world.control("knobs", {"bills_today": False})

    async def code() -> Any:
        status, body = await world.pay.trade_bill(TODAY)
        return status if status == 200 else json.loads(body)["code"]

    assert await code() == "INVALID_REQUEST"
    world.clock.advance(86400)  # to 04:26 the next morning
    assert await code() == "STATEMENT_CREATING"
    world.clock.advance(6 * 3600)
    assert await code() == 200
    await world.control("knobs", {"statement_creating": 1})
    assert [await code(), await code()] == ["STATEMENT_CREATING", 200]
    world.clock.advance(93 * 86400)
    assert await code() == "INVALID_REQUEST"


@pytest.mark.parametrize(
    "query",
    [
        "tradebill?bill_date=yesterday",
        "tradebill",
        f"tradebill?bill_date={TODAY}&bill_type=SOME",
        f"tradebill?bill_date={TODAY}&tar_type=ZIP",
        f"fundflowbill?bill_date={TODAY}&account_type=MINE",
    ],
)
async def test_bad_questions(world: World, query: str) -> None:
    assert (await signed(world, "GET", f"/v3/bill/{query}", b"")).json()["code"] == "PARAM_ERROR"


async def test_links_expire_and_need_no_gzip(world: World) -> None:
    await world.paid()
    told = (await signed(world, "GET", f"/v3/bill/tradebill?bill_date={TODAY}", b"")).json()
    path = told["download_url"].removeprefix(world.base)
    answer = await signed(world, "GET", path, b"")
    assert answer.text.startswith("交易时间,公众账号ID")
    assert "wechatpay-signature" not in answer.headers
    assert (await world.http.get(path)).status_code == 401
    world.clock.advance(300)
    assert (await signed(world, "GET", path, b"")).status_code == 400


@pytest.mark.parametrize(("fen", "text"), [(0, "0.00"), (5, "0.05"), (-1234, "-12.34"), (100_000, "1000.00")])
def test_yuan(fen: int, text: str) -> None:
    assert yuan(fen) == text
