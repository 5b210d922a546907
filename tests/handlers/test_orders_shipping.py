"""Shipping: the operator's step, the upload to WeChat, and receipt."""

from typing import Any

import httpx
import orjson
import pytest

from server import db
from server.core.errors import NotFound, ShippingFinal, StateConflict
from server.gateways.ports import OutcomeUnknown
from server.rules.shipping import Shipment, Way
from server.seed.plant import _NOTICES
from server.services.orders import fulfilment, shipments
from tests.support.mall import Mall
from tests.support.purse import rich
from tests.support.shop import make_sku, make_virtual_sku, shopper, work


async def test_shipping_reaches_wechat_and_the_member_receives(mall: Mall) -> None:
    me = await shopper(mall)
    order_no = await me.buy(await make_sku())
    await work(mall)
    with pytest.raises(httpx.HTTPStatusError):
        await mall.control("confirm_receive", out_trade_no=order_no)
    await fulfilment.ship(mall.deps, order_no, "SF", "SF1234567890", "tester")
    assert (await me.order(order_no))["allowed_actions"] == ["receive", "refund"]
    await work(mall)
    confirmed = await mall.control("confirm_receive", out_trade_no=order_no)
    assert confirmed["transaction_id"]
    with pytest.raises(StateConflict):
        await fulfilment.ship(mall.deps, order_no, "SF", "SF1234567890", "tester")
    with pytest.raises(NotFound):
        await fulfilment.ship(mall.deps, "T0", "SF", "SF1234567890", "tester")


async def test_virtual_delivery_reaches_wechat_too(mall: Mall) -> None:
    me = await shopper(mall)
    order_no = await me.buy(await make_virtual_sku(mall, ["ONE"]))
    with pytest.raises(StateConflict):
        await fulfilment.ship(mall.deps, order_no, "SF", "SF1234567890", "tester")
    await work(mall)
    assert await told_wechat(mall, order_no) == (3, 1, [("", "")])
    assert (await mall.control("confirm_receive", out_trade_no=order_no))["transaction_id"]


async def test_the_report_reads_its_order_once(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    order_no = await (await shopper(mall)).buy(await make_sku())
    await fulfilment.ship(mall.deps, order_no, "SF", "SF1234567890", "tester")
    order_id = await db.fetch_value("SELECT id FROM orders")
    fetch_row, reads = db.fetch_row, []

    async def counted(*args: Any) -> Any:
        reads.append(args)
        return await fetch_row(*args)

    monkeypatch.setattr(db, "fetch_row", counted)
    await shipments.upload(mall.deps, order_id)
    assert len(reads) == 1
    monkeypatch.undo()
    assert await told_wechat(mall, order_no) == (1, 1, [("SF", "SF1234567890")])


async def test_a_payment_that_wechat_does_not_know_yet_is_reported_again(mall: Mall) -> None:
    me = await shopper(mall)
    order_no = await me.buy(await make_sku())
    await work(mall)
    await mall.control("knobs", shipping_not_found=True)
    await fulfilment.ship(mall.deps, order_no, "SF", "SF1234567890", "tester")
    with pytest.raises(OutcomeUnknown):
        await work(mall)
    await mall.control("knobs", reset=True)
    mall.clock.advance(120)
    await work(mall)
    assert (await mall.control("confirm_receive", out_trade_no=order_no))["transaction_id"]


async def told_wechat(mall: Mall, order_no: str) -> Any:
    """Return the shipping record that WeChat has of an order: its type, how often it was finished, its parcels."""
    answer = await mall.http.get(f"{mall.sandbox_url}/control/state?out_trade_no={order_no}")
    (record,) = answer.json()["shipping"]
    parcels = [(row["express_company"], row["tracking_no"]) for row in record.get("shipping_list", ())]
    return record.get("logistics_type"), record.get("finish_shipping_count"), parcels


async def notices() -> list[tuple[str, str]]:
    rows = await db.fetch("SELECT args FROM outbox WHERE job = 'send_notice' ORDER BY id")
    sent = [orjson.loads(row["args"]) for row in rows]
    return [(one["values"]["company"], one["values"]["tracking_no"]) for one in sent if one["template"] == "shipped"]


SF = Shipment(Way.EXPRESS, "SF", "SF1234567890")
ZTO = Shipment(Way.EXPRESS, "ZTO", "ZTO7654321")


@pytest.mark.parametrize(
    ("sent", "logistics_type", "shown", "parcel", "notice"),
    [
        (SF, 1, ("express", "顺丰速运", "SF", "SF1234567890"), ("SF", "SF1234567890"), ("顺丰速运", "SF1234567890")),
        (Shipment(Way.OWN), 2, ("own", "商家配送", None, None), ("", ""), ("商家配送", "-")),
        (Shipment(Way.PICK_UP), 4, ("pick_up", "到店自提", None, None), ("", ""), ("到店自提", "-")),
    ],
)
async def test_each_way_is_told_to_wechat_as_what_it_is(
    mall: Mall,
    sent: Shipment,
    logistics_type: int,
    shown: tuple[str | None, ...],
    parcel: tuple[str, str],
    notice: tuple[str, str],
) -> None:
    me = await shopper(mall)
    order_no = await me.buy(await make_sku())
    await work(mall)
    before = await me.order(order_no)
    assert (before["shipped_by"], before["shipped_by_label"]) == (None, None)
    await shipments.ship(mall.deps, order_no, sent, "tester")
    await work(mall)
    assert await told_wechat(mall, order_no) == (logistics_type, 1, [parcel])
    order = await me.order(order_no)
    assert (order["shipped_by"], order["shipped_by_label"], order["company"], order["tracking_no"]) == shown
    assert await notices() == [notice]
    assert (await mall.control("confirm_receive", out_trade_no=order_no))["transaction_id"]


async def test_the_sandbox_desk_ships_as_the_shop_itself_would(mall: Mall) -> None:
    me = await shopper(mall)
    order_no = await me.buy(await make_sku())
    await work(mall)
    assert (await mall.http.post("/sandbox/ship", json={"order_no": order_no})).status_code == 200
    await work(mall)
    assert await told_wechat(mall, order_no) == (2, 1, [("", "")])


async def test_a_notice_without_a_number_reaches_the_member(mall: Mall) -> None:
    me = await shopper(mall)
    template = next(one for one in _NOTICES if one["key"] == "shipped")
    async with db.transaction() as tx:
        await tx.execute(
            "INSERT INTO notice_templates (key, template_id, title, page, fields) VALUES ($1, $2, $3, $4, $5::jsonb)",
            *(template[name] for name in ("key", "template_id", "title", "page")),
            orjson.dumps(template["fields"]).decode(),
        )
    await mall.control("subscribe", openid=me.openid, template_id=template["template_id"], times=1)
    await me.post("/notices/subscriptions", {"results": {template["template_id"]: "accept"}})
    order_no = await me.buy(await make_sku())
    await shipments.ship(mall.deps, order_no, Shipment(Way.OWN), "tester")
    await work(mall)
    answer = await mall.http.get(f"{mall.sandbox_url}/control/messages?openid={me.openid}")
    (message,) = answer.json()["items"]
    assert {key: one["value"] for key, one in message["data"].items()} == {
        "character_string1": order_no,
        "thing2": "商家配送",
        "character_string3": "-",
    }


async def test_a_mistyped_parcel_is_corrected_once_and_wechat_is_told(mall: Mall) -> None:
    me = await shopper(mall)
    order_no = await me.buy(await make_sku())
    await work(mall)
    with pytest.raises(StateConflict):
        await shipments.correct(mall.deps, order_no, SF, "tester")
    await shipments.ship(mall.deps, order_no, Shipment(Way.OWN), "tester")
    await work(mall)
    mall.clock.advance(60)
    for _ in range(2):  # the same again changes nothing
        await shipments.correct(mall.deps, order_no, SF, "tester")
    await work(mall)
    assert await told_wechat(mall, order_no) == (1, 2, [("SF", "SF1234567890")])
    assert (await me.order(order_no))["tracking_no"] == "SF1234567890"
    assert await notices() == [("商家配送", "-"), ("顺丰速运", "SF1234567890")]
    with pytest.raises(ShippingFinal):
        await shipments.correct(mall.deps, order_no, ZTO, "tester")
    log = await db.fetch("SELECT detail FROM audit_log WHERE action = 'order.shipping_correct'")
    assert [orjson.loads(row["detail"])["before"]["way"] for row in log] == ["own"]
    await me.post(f"/orders/{order_no}/receive")
    with pytest.raises(StateConflict):
        await shipments.correct(mall.deps, order_no, ZTO, "tester")
    with pytest.raises(NotFound):
        await shipments.correct(mall.deps, "T0", SF, "tester")


async def test_what_wechat_refuses_for_good_is_told_to_operators_and_not_sent_for_ever(mall: Mall) -> None:
    me = await shopper(mall)
    order_no = await me.buy(await make_sku())
    await work(mall)
    await shipments.ship(mall.deps, order_no, SF, "tester")
    await work(mall)
    await mall.control("confirm_receive", out_trade_no=order_no)  # in WeChat's own window, where we do not hear of it
    mall.clock.advance(60)
    await shipments.correct(mall.deps, order_no, ZTO, "tester")
    await work(mall)
    told = await db.fetch("SELECT subject, detail FROM alarms WHERE kind = 'shipping_refused'")
    assert [(row["subject"], "10060004" in row["detail"]) for row in told] == [(f"order:{order_no}", True)]


async def test_a_refused_record_is_told_and_sent_again_once_it_was_corrected(mall: Mall) -> None:
    """An order that was shipped before with a number that WeChat refuses comes right with its correction."""
    me = await shopper(mall)
    order_no = await me.buy(await make_sku())
    await work(mall)
    await mall.control("knobs", mini_error={"errcode": 268485227, "op": "shipping"})
    await shipments.ship(mall.deps, order_no, SF, "tester")
    with pytest.raises(OutcomeUnknown):
        await work(mall)
    assert await db.fetch_value("SELECT kind FROM alarms") == "shipping_refused"
    await mall.control("knobs", reset=True)
    await shipments.correct(mall.deps, order_no, ZTO, "tester")
    await work(mall)
    mall.clock.advance(300)
    await work(mall)
    assert await told_wechat(mall, order_no) == (1, 1, [("ZTO", "ZTO7654321")])


async def test_an_order_paid_from_the_balance_may_be_corrected_again(mall: Mall) -> None:
    me = await rich(mall)
    await me.log_in_again()
    sku = await make_sku(9_900)
    order_no = (await me.place(sku, use_balance_fen=9_900))["order_no"]
    await me.pay(order_no)
    await shipments.ship(mall.deps, order_no, SF, "tester")
    for sent in (ZTO, Shipment(Way.PICK_UP), SF):
        await shipments.correct(mall.deps, order_no, sent, "tester")
    await work(mall)
    assert (await me.order(order_no))["tracking_no"] == "SF1234567890"


async def test_missing_card_keys_are_told_and_handed_out_once_they_are_stocked_in(mall: Mall) -> None:
    sku = await make_virtual_sku(mall, ["K-1", "K-2"])
    anna = await shopper(mall)
    async with db.connection() as connection:  # the stock says two, but no card key is free
        await connection.execute("UPDATE card_keys SET order_line_id = -1 WHERE sku_id = $1", sku)
    order_no = await anna.buy(sku)
    await work(mall)
    assert (await anna.order(order_no))["status"] == "paid"
    alarms = await db.fetch("SELECT kind, subject FROM alarms WHERE kind = 'cards_missing'")
    assert [tuple(row) for row in alarms] == [("cards_missing", f"order:{order_no}")]
    async with db.connection() as connection:
        await connection.execute("UPDATE card_keys SET order_line_id = NULL WHERE sku_id = $1", sku)
    mall.clock.advance(601)
    await work(mall)
    order = await anna.order(order_no)
    assert (order["status"], order["lines"][0]["cards"]) == ("received", ["K-1"])
