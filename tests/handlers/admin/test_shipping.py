"""Shipping many orders with a file: good rows are shipped, bad rows are listed, and a second upload does nothing."""

import io
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from server import db
from server.core.errors import Busy
from server.rules.operators import Role
from server.services.files import sheets
from server.services.orders import shipments
from tests.handlers.admin.conftest import Desk, actions
from tests.support.mall import Mall
from tests.support.shop import make_sku, make_virtual_sku, shopper, work


def sheet(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in (("订单号", "快递公司", "运单号"), *rows):
        page.append(list(row))
    into = io.BytesIO()
    book.save(into)
    return into.getvalue()


async def upload(desk: Desk, body: bytes, **form: Any) -> Any:
    files = {"file": ("parcels.xlsx", body, sheets.MEDIA_TYPE)}
    return await desk.http.post("/admin/shipping", data={"csrf": await desk.csrf(), **form}, files=files)


async def test_the_list_filled_in_ships_what_is_right_and_tells_what_is_not(mall: Mall, desks: Any) -> None:
    me = await shopper(mall)
    sku = await make_sku()
    orders = [await me.buy(sku) for _ in range(6)]
    unpaid = (await me.place(sku))["order_no"]
    virtual = await me.buy(await make_virtual_sku(mall, ["K1"]))
    await work(mall)
    desk: Desk = await desks(Role.OPERATIONS)
    page = (await desk.get("/shipping")).text
    assert [order in page for order in orders] == [True] * 6
    assert "13800138000" not in page
    assert (await desk.post("/exports/shipping")).status_code == 303
    await work(mall)
    export_id = await db.fetch_value("SELECT max(id) FROM exports")
    made = await desk.get(f"/exports/{export_id}/file")
    book = load_workbook(io.BytesIO(made.content))
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert rows[0][:3] == ("订单号", "快递公司", "运单号")
    assert {row[0] for row in rows[1:]} == set(orders)
    assert rows[1][4:6] == ("收货人", "13800138000")
    assert "文三路一号" in str(rows[1][6])
    body = sheet(
        (orders[0], "顺丰", "SF10001"),
        (orders[1].lower(), "zto", 20002.0),
        (orders[2], None, None),
        (orders[3], "火箭", "X90003"),
        (orders[3], "SF", ""),
        ("T404", "SF", "SF10004"),
        (unpaid, "SF", "SF10005"),
        (virtual, "SF", "SF10006"),
        (None, "SF", "SF10007"),
        (orders[4], "SF", "??"),
        (orders[5], "自提", None),
    )
    answer = await upload(desk, body)
    assert answer.headers["location"] == "/admin/shipping"
    page = (await desk.get("/shipping")).text
    assert "发货 <b>4</b> 单" in page
    for problem in (
        "文件里有多行是这个订单",
        "没有这个订单",
        "订单还没有付款，或已关闭、已退款",
        "虚拟商品不需要发货",
        "缺少订单号",
        "不像运单号",
    ):
        assert problem in page, problem
    shipped = await db.fetch("SELECT order_no, company, tracking_no FROM orders WHERE status = 'shipped' ORDER BY id")
    assert [tuple(row) for row in shipped] == [
        (orders[0], "SF", "SF10001"),
        (orders[1], "ZTO", "20002"),
        (orders[2], None, None),
        (orders[5], None, None),
    ]
    assert (await actions()).count("order_ship") == 4
    await upload(desk, sheet((orders[0], "SF", "SF10001"), (orders[1], "ZTO", "20003"), (orders[3], "火箭", "X90003")))
    page = (await desk.get("/shipping")).text
    assert "1 单之前已按同样的运单发货" in page
    assert "已经发货，运单与文件里的不同" in page
    assert "不认识的快递公司“火箭”" in page
    assert (await actions()).count("order_ship") == 4


async def test_files_that_are_none_too_large_or_not_allowed(mall: Mall, desks: Any) -> None:
    desk: Desk = await desks(Role.OPERATIONS)
    assert (await upload(desk, b"no sheet")).status_code == 422
    assert (await desk.post("/shipping")).status_code == 422
    too_large = await upload(desk, b"0" * (3 * 1024 * 1024))
    assert too_large.status_code == 413
    assert "文件最大 2048 KB" in too_large.text
    assert (await desk.get("/shipping")).status_code == 200
    finance: Desk = await desks(Role.FINANCE)
    assert (await upload(finance, sheet())).status_code == 403
    forged = await desk.http.post("/admin/shipping", files={"file": ("x.xlsx", sheet(), sheets.MEDIA_TYPE)})
    assert forged.status_code == 403


async def test_a_database_that_cannot_serve_is_no_bad_row(
    mall: Mall, desks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: Any) -> None:
        raise Busy

    monkeypatch.setattr(shipments, "ship", busy)
    desk: Desk = await desks(Role.OPERATIONS)
    assert (await upload(desk, sheet(("T1", "SF", "SF10001")))).status_code == 503


async def test_the_order_page_ships_shows_the_receiver_and_opens_refunds(mall: Mall, desks: Any) -> None:
    me = await shopper(mall)
    order_no = await me.buy(await make_sku(), await make_sku())
    lines = (await me.order(order_no))["lines"]
    desk: Desk = await desks()
    here = f"/orders/{order_no}"
    assert "13800138000" not in (await desk.get(here)).text
    assert (await desk.post(f"{here}/receiver")).status_code == 303
    assert "13800138000" in (await desk.get(here)).text
    assert "13800138000" not in (await desk.get(here)).text
    assert (await desk.post("/orders/none/receiver")).status_code == 404
    for form in (
        {"company": "火箭", "tracking_no": "X90001"},
        {"company": "SF"},
        {"tracking_no": "SF10001"},
        {"company": "SF", "tracking_no": "?"},
        {"way": "express"},
        {"way": "own", "company": "SF", "tracking_no": "SF10001"},
        {"way": "virtual"},
        {"way": "balloon"},
    ):
        assert (await desk.post(f"{here}/ship", **form)).status_code == 400
    for form in (
        {},
        {"reason": " "},
        {"reason": "x" * 81},
        {"reason": "坏了", "line-x": "1"},
        {"reason": "坏了", "line-1": "一"},
    ):
        assert (await desk.post(f"{here}/refund", **form)).status_code == 400
    ship = '/ship"'
    assert (ship in (await desk.get(here)).text, "<summary>更正物流信息" in (await desk.get(here)).text) == (
        True,
        False,
    )
    assert (await desk.post(f"{here}/ship", company="顺丰", tracking_no="SF10001")).status_code == 303
    piece = {f"line-{lines[0]['line_id']}": "1", f"line-{lines[1]['line_id']}": "0"}
    assert (await desk.post(f"{here}/refund", reason="坏了一件", **piece)).status_code == 303
    assert (await desk.post(f"{here}/refund", reason="再来一次")).status_code == 409
    refund = await db.fetch_row("SELECT state, whole, reason FROM refunds")
    assert refund is not None
    assert tuple(refund) == ("requested", False, "坏了一件")
    assert {"order.receiver", "order_ship", "refund_open"} <= set(await actions())


async def test_the_order_page_corrects_how_an_order_was_sent(mall: Mall, desks: Any) -> None:
    me = await shopper(mall)
    order_no = await me.buy(await make_sku())
    await work(mall)
    desk: Desk = await desks(Role.OPERATIONS)
    here = f"/orders/{order_no}"
    assert (await desk.post(f"{here}/ship", way="pick_up")).status_code == 303
    page = (await desk.get(here)).text
    assert "到店自提" in page
    assert "<summary>更正物流信息" in page
    assert (await desk.post(f"{here}/shipping", way="express", company="SF")).status_code == 400
    sent = await desk.post(f"{here}/shipping", way="express", company="中通", tracking_no="ZTO10001")
    assert sent.headers["location"] == f"/admin{here}"
    page = (await desk.get(here)).text
    assert "中通快递 <code>ZTO10001</code>" in page
    assert "<summary>更正物流信息" not in page
    again = await desk.post(f"{here}/shipping", way="own")
    assert (again.status_code, "微信只允许更正一次" in again.text) == (409, True)
    assert (await actions()).count("order.shipping_correct") == 1
    finance: Desk = await desks(Role.FINANCE)
    assert (await finance.post(f"{here}/shipping", way="own")).status_code == 403


async def test_a_refund_that_wechat_could_not_make_is_helped_on_the_page(mall: Mall, desks: Any) -> None:
    me = await shopper(mall)
    sku = await make_sku()
    found = []
    for outcome in ("CLOSED", "ABNORMAL", "CLOSED"):
        order_no = await me.buy(sku)
        await mall.control("knobs", refund_outcome=outcome)
        found.append((order_no, (await me.refund(order_no))["refund_no"]))
        await work(mall)
    mall.clock.advance(120)
    await work(mall)
    await mall.control("knobs", reset=True)
    mall.clock.advance(61)  # WeChat wants a minute between two refunds of one order
    (order, closed), (other, abnormal), (_, third) = found
    service: Desk = await desks(Role.SERVICE)
    assert "换单号重新退款" not in (await service.get(f"/orders/{order}")).text
    assert (await service.post(f"/refunds/{closed}/again", reason="已充值")).status_code == 403
    desk: Desk = await desks(Role.FINANCE)
    assert "换单号重新退款" in (await desk.get(f"/orders/{order}")).text
    assert "退到会员银行卡" in (await desk.get(f"/orders/{other}")).text
    answer = await desk.post(f"/refunds/{closed}/again", reason="已充值")
    assert answer.headers["location"] == f"/admin/orders/{order}"
    page = (await desk.get(f"/orders/{order}")).text
    number = await db.fetch_value("SELECT issue_no FROM refunds WHERE refund_no = $1", closed)
    assert f"换单号重新退款 {number}（" in page
    card = {"bank_type": "ICBC_DEBIT", "account": "6222020200112233445", "real_name": "张三"}
    assert (
        await desk.post(f"/refunds/{abnormal}/card", reason="原卡已注销", **(card | {"account": "x"}))
    ).status_code == 400
    assert (await desk.post(f"/refunds/{abnormal}/card", reason="原卡已注销", **card)).status_code == 303
    assert (await desk.post(f"/refunds/{third}/hand", reason="已转账", reference="BANK20261201")).status_code == 303
    assert (await actions()).count("refund.reissue") == 3
    await work(mall)
    mall.clock.advance(120)
    await work(mall)
    assert await db.fetch_value("SELECT array_agg(DISTINCT state) FROM refunds") == ["succeeded"]


async def test_goods_are_asked_back_seen_and_for_sale_again(mall: Mall, desks: Any) -> None:
    me = await shopper(mall)
    sku = await make_sku()
    order_no = await me.buy(sku)
    await me.receive(order_no)
    refund_no = (await me.refund(order_no))["refund_no"]
    desk: Desk = await desks(Role.SERVICE)
    here = f"/orders/{order_no}"
    assert "要求退货" in (await desk.get(here)).text
    assert (await desk.post(f"/refunds/{refund_no}/return", reason="请寄回")).status_code == 400
    asked = await desk.post(f"/refunds/{refund_no}/return", reason="请寄回", return_to="仓库 0571 一号门")
    assert asked.headers["location"] == f"/admin{here}"
    again = await desk.post(f"/refunds/{refund_no}/return", reason="再请", return_to="仓库")
    assert again.status_code == 409
    page = (await desk.get(here)).text
    assert "会员须在" in page
    assert "确认收货并退款" in page
    assert "要求退货" not in page
    await me.post(f"/orders/{order_no}/refunds/{refund_no}/parcel", {"company": "顺丰", "tracking_no": "SF12345"})
    assert "会员已寄出：顺丰" in (await desk.get(here)).text
    before = await db.fetch_value("SELECT available FROM skus WHERE id = $1", sku)
    assert (await desk.post(f"/refunds/{refund_no}/approve", reason="完好", restock="true")).status_code == 303
    assert await db.fetch_value("SELECT available FROM skus WHERE id = $1", sku) == before + 1
    assert (await desk.post(f"/refunds/{refund_no}/return", reason="再来", return_to="仓库")).status_code == 409
    assert {"refund.return", "refund_approve"} <= set(await actions())
