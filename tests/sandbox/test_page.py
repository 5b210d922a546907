from tests.sandbox.test_pay_transfers import send
from tests.sandbox.world import World


async def test_a_person_pays(world: World) -> None:
    assert "没有等待支付的订单" in (await world.http.get("/pay")).text
    await world.pay.pay("<b>茶具</b>", "ORDER0001", {"total": 12_050}, {"openid": "alice"})
    listed = (await world.http.get("/pay")).text
    assert "¥120.50" in listed
    assert "action='/pay/ORDER0001'" in listed
    assert "&lt;b&gt;茶具" in listed
    answer = await world.http.post("/pay/ORDER0001")
    assert (answer.status_code, answer.headers["location"]) == (303, "/pay/ORDER0001")
    shown = (await world.http.get("/pay/ORDER0001")).text
    assert "已支付" in shown
    assert "class=good>204" in shown
    assert "支付通知 ORDER0001" in (await world.http.get("/pay")).text


async def test_orders_that_cannot_be_paid(world: World) -> None:
    assert (await world.http.get("/pay/NEVER0001")).status_code == 404
    assert (await world.http.post("/pay/NEVER0001")).status_code == 404
    await world.prepay()
    await world.pay.close("ORDER0001")
    answer = await world.http.post("/pay/ORDER0001")
    assert (answer.status_code, "没有支付成功" in answer.text, "已关闭" in answer.text) == (409, True, True)


async def test_a_person_takes_money(world: World) -> None:
    await send(world)
    assert "确认收款" in (await world.http.get("/pay")).text
    assert (await world.http.post("/pay/transfers/W001")).status_code == 303
    assert "确认收款" not in (await world.http.get("/pay")).text
    assert (await world.http.post("/pay/transfers/W001")).status_code == 409


async def test_failed_and_pushed_notices_are_shown(world: World) -> None:
    await world.prepay(notify_url="http://127.0.0.1:9/none")
    await world.http.post("/pay/ORDER0001")
    await world.control("subscribe", {"openid": "alice", "template_id": "T1"})
    shown = (await world.http.get("/pay")).text
    assert "无应答" in shown
    assert "消息推送 subscribe_msg_popup_event" in shown
