"""Query shipping records, remind buyers, and the account's settings for shipping management."""

from typing import Annotated

import msgspec

from server.sandbox import mini_shipping
from server.sandbox.context import Sandbox
from server.sandbox.errors import MiniRefusal
from server.sandbox.mini_gate import OK, MiniAnswer, MiniCall, MiniOperation
from server.sandbox.mini_shipping import EXPRESS, SHIPPED, TO_SHIP, find, order_state, order_view
from server.sandbox.store import Doc

LONGEST_DELAY_S = 330 * 86400
COMPANIES = {
    "SF": "顺丰速运", "ZTO": "中通快递", "YTO": "圆通速递", "STO": "申通快递", "YD": "韵达速递", "EMS": "EMS",
    "JD": "京东物流", "JTSD": "极兔速递", "DBL": "德邦快递", "YZPY": "邮政快递包裹",
}  # fmt: skip


class Order(msgspec.Struct):
    """A payment, by one of its two numbers."""

    transaction_id: str = ""
    merchant_id: str = ""
    merchant_trade_no: str = ""


class Reminder(Order):
    """Body of notify_confirm_receive."""

    received_time: int = 0


class Between(msgspec.Struct):
    """A period in unix seconds, both ends included."""

    begin_time: int = 0
    end_time: int = 2**62


class Listing(msgspec.Struct):
    """Body of get_order_list."""

    pay_time_range: Between | None = None
    order_state: int | None = None
    openid: str | None = None
    last_index: str = ""
    page_size: Annotated[int, msgspec.Meta(ge=1)] = 100


class App(msgspec.Struct):
    """The appid of a mini program."""

    appid: str


class JumpPath(msgspec.Struct):
    """The page that the shipping message opens."""

    path: str


class Special(msgspec.Struct):
    """Body of opspecialorder."""

    order_id: str
    type: int
    delay_to: int = 0


def _found(sandbox: Sandbox, body: Order) -> tuple[Doc, Doc]:
    transaction_id = body.transaction_id
    if not transaction_id:
        own = body.merchant_id == sandbox.config.mchid
        trade = sandbox.store.get("trade", body.merchant_trade_no) if own else None
        transaction_id = (trade or {}).get("transaction_id") or ""
    return find(sandbox, transaction_id)


def get_order(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /wxa/sec/order/get_order`."""
    mini_shipping.advance_shipping(sandbox)
    return {**OK, "order": order_view(*_found(sandbox, call.read(Order)))}


def get_order_list(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /wxa/sec/order/get_order_list`: oldest first; `last_index` continues the list."""
    body = call.read(Listing)
    if body.last_index and not (body.last_index.isascii() and body.last_index.isdigit()):
        raise MiniRefusal(10060011, "invalid last_index")
    mini_shipping.advance_shipping(sandbox)
    span = body.pay_time_range or Between()
    orders = [
        order_view(paid, record)
        for paid, record in zip(sandbox.store.all("transaction"), sandbox.store.all("shipping"), strict=True)
        if span.begin_time <= paid["paid"] <= span.end_time
        and body.openid in (None, paid["params"]["payer"]["openid"])
        and body.order_state in (None, order_state(paid, record))
    ]
    start = int(body.last_index or 0)
    end = start + body.page_size
    return {**OK, "order_list": orders[start:end], "last_index": str(end), "has_more": end < len(orders)}


def remind_receipt(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /wxa/sec/order/notify_confirm_receive`: once per order, express only."""
    body = call.read(Reminder)
    paid, record = _found(sandbox, body)
    if order_state(paid, record) != SHIPPED:
        raise MiniRefusal(10060028, "order is not shipped")
    if record["logistics_type"] != EXPRESS:
        raise MiniRefusal(10060032, "express only")
    if body.received_time < int(record["shipped"]):
        raise MiniRefusal(10060029, "received_time before shipping")
    if record["reminded"]:
        raise MiniRefusal(10060030, "already reminded")
    mini_shipping.change(sandbox, record, reminded=True)
    return OK


def jump_path(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /wxa/sec/order/set_msg_jump_path`."""
    sandbox.store.put("setting", "jump_path", {"path": call.read(JumpPath).path})
    return OK


def _check_app(sandbox: Sandbox, call: MiniCall) -> None:
    if call.read(App).appid != sandbox.config.appid:
        raise MiniRefusal(40013, "invalid appid")


def is_trade_managed(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /wxa/sec/order/is_trade_managed`; the knob `trade_managed` sets the answer."""
    _check_app(sandbox, call)
    return {**OK, "is_trade_managed": sandbox.knobs.now.trade_managed}


def is_confirmed(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /wxa/sec/order/is_trade_management_confirmation_completed`."""
    _check_app(sandbox, call)
    return {**OK, "completed": True}


def special_order(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /wxa/sec/order/opspecialorder`: the reminder for a presale (1) comes later, for a test order (2) never."""
    body = call.read(Special)
    if body.type not in (1, 2):
        raise MiniRefusal(268546000, "invalid type")
    if body.type == 1 and not 0 < body.delay_to - sandbox.now() <= LONGEST_DELAY_S:
        raise MiniRefusal(268546001, "invalid delay_to")
    transaction_id = (sandbox.store.get("trade", body.order_id) or {}).get("transaction_id") or body.order_id
    record = sandbox.store.get("shipping", transaction_id)
    if record is None or record["state"] != TO_SHIP:
        raise MiniRefusal(268546002, "no such pending order")
    mini_shipping.change(sandbox, {**record, "due": body.delay_to if body.type == 1 else None})
    return OK


def companies(_: Sandbox, __: MiniCall) -> MiniAnswer:
    """`POST /cgi-bin/express/delivery/open_msg/get_delivery_list`: a few real companies."""
    rows = [{"delivery_id": code, "delivery_name": name} for code, name in COMPANIES.items()]
    return {**OK, "delivery_list": rows, "count": len(rows)}


_BASE = "/wxa/sec/order"
OPERATIONS = (
    MiniOperation("shipping_query", "POST", f"{_BASE}/get_order", get_order),
    MiniOperation("shipping_query", "POST", f"{_BASE}/get_order_list", get_order_list),
    MiniOperation("shipping_setup", "POST", f"{_BASE}/notify_confirm_receive", remind_receipt),
    MiniOperation("shipping_setup", "POST", f"{_BASE}/set_msg_jump_path", jump_path),
    MiniOperation("shipping_setup", "POST", f"{_BASE}/is_trade_managed", is_trade_managed),
    MiniOperation("shipping_setup", "POST", f"{_BASE}/is_trade_management_confirmation_completed", is_confirmed),
    MiniOperation("shipping_setup", "POST", f"{_BASE}/opspecialorder", special_order),
    MiniOperation("shipping_query", "POST", "/cgi-bin/express/delivery/open_msg/get_delivery_list", companies),
)
