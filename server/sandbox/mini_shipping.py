"""Shipping records of paid orders (小程序发货信息管理): shipped, reminded, received, settled."""

import re
from typing import Any

import msgspec

from server.sandbox.context import Sandbox, parse_rfc3339
from server.sandbox.errors import MiniRefusal
from server.sandbox.mini_gate import OK, MiniAnswer, MiniCall, MiniOperation
from server.sandbox.notify import queue_push
from server.sandbox.store import Doc

EXPRESS, CITY, VIRTUAL, PICK_UP = 1, 2, 3, 4
UNIFIED, SPLIT = 1, 2
TO_SHIP, SHIPPED, RECEIVED, COMPLETED, REFUNDED = 1, 2, 3, 4, 5
MOST_PARCELS, LONGEST_ITEM, LONGEST_EXPRESS = 15, 120, 128
REMIND_AFTER_S = 48 * 3600
SETTLES_AFTER_S = {EXPRESS: 10 * 86400, CITY: 2 * 86400, VIRTUAL: 2 * 86400, PICK_UP: 2 * 86400}
COMPLETES_AFTER_S = 60
"""The time from receipt to completion. WeChat does not document it; it is short, so that developers see the change."""
_NOT_FOUND = (10060001, "支付单不存在")
_UPLOAD_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)")


class OrderKey(msgspec.Struct):
    """A payment, by one of its numbers."""

    order_number_type: int = 0
    transaction_id: str = ""
    mchid: str = ""
    out_trade_no: str = ""


class Contact(msgspec.Struct):
    """Masked phone numbers of sender and receiver."""

    consignor_contact: str = ""
    receiver_contact: str = ""


class Parcel(msgspec.Struct):
    """One row of `shipping_list`."""

    item_desc: str = ""
    tracking_no: str = ""
    express_company: str = ""
    contact: Contact | None = None


class Payer(msgspec.Struct):
    """The payer's openid."""

    openid: str = ""


class Upload(msgspec.Struct):
    """Body of upload_shipping_info."""

    order_key: OrderKey
    logistics_type: int
    delivery_mode: int
    shipping_list: list[Parcel]
    upload_time: str
    payer: Payer
    is_all_delivered: bool | None = None


def begin(sandbox: Sandbox, paid: Doc) -> None:
    """Open a record for a new payment: it waits to be shipped, and WeChat reminds after 48 hours."""
    record = {"transaction_id": paid["transaction_id"], "state": TO_SHIP, "parcels": [], "finished": False,
              "finish_count": 0, "reminded": False}  # fmt: skip
    _save(sandbox, record, due=sandbox.now() + REMIND_AFTER_S)


def _save(sandbox: Sandbox, record: Doc, *, due: float | None) -> None:
    sandbox.store.put("shipping", record["transaction_id"], {**record, "due": due}, due=due)


def change(sandbox: Sandbox, record: Doc, **values: object) -> None:
    """Write a record with some values changed; its due time `due` stays."""
    _save(sandbox, {**record, **values}, due=record["due"])


def upload(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /wxa/sec/order/upload_shipping_info`."""
    body = call.read(Upload)
    _check_upload(body)
    if sandbox.knobs.take("shipping_not_found", "shipping"):
        raise MiniRefusal(*_NOT_FOUND)
    paid, record = _paid(sandbox, body.order_key)
    if body.payer.openid != paid["params"]["payer"]["openid"]:
        raise MiniRefusal(10060031, "order not belong to the payer")
    if order_state(paid, record) not in (TO_SHIP, SHIPPED):
        raise MiniRefusal(10060004, "order state can not ship")
    changes_kind = _changes_kind(record, body)
    reships = record["finished"] or changes_kind
    finishes = body.delivery_mode == UNIFIED or bool(body.is_all_delivered)
    known = [row["given"] for row in record["parcels"]]
    parcels = [msgspec.to_builtins(parcel) for parcel in body.shipping_list]
    fresh = [parcel for parcel in parcels if parcel not in known]
    if not fresh and not changes_kind and finishes == record["finished"]:
        raise MiniRefusal(10060023, "shipping info not changed")
    if reships and record["finish_count"] > 1:
        raise MiniRefusal(10060003, "reship chance used")
    if record.get("upload_time") and parse_rfc3339(record["upload_time"]) >= parse_rfc3339(body.upload_time):
        raise MiniRefusal(10060014, "upload_time must be later than the last one")
    # A re-ship replaces the parcels recorded before; the parcels of a split order are added to them.
    rows = [{"given": parcel, "upload_time": body.upload_time} for parcel in (parcels if reships else fresh)]
    told = rows if reships else [*record["parcels"], *rows]
    if len(told) > MOST_PARCELS:
        raise MiniRefusal(10060024, "shipping_list too long")
    kind = {"delivery_mode": body.delivery_mode, "logistics_type": body.logistics_type}
    changed = {**record, **kind, "parcels": told, "upload_time": body.upload_time}
    _ship(sandbox, paid, changed, finishes=finishes, reships=reships)
    return OK


def _changes_kind(record: Doc, body: Upload) -> bool:
    told = (record.get("delivery_mode"), record.get("logistics_type"))
    return bool(record["parcels"]) and told != (body.delivery_mode, body.logistics_type)


def _ship(sandbox: Sandbox, paid: Doc, record: Doc, *, finishes: bool, reships: bool) -> None:
    now = sandbox.now()
    record["finish_count"] += 1 if finishes or reships else 0
    record["finished"] = finishes
    if not finishes:
        _save(sandbox, {**record, "state": TO_SHIP}, due=record["due"])
        return
    settles = now + SETTLES_AFTER_S[record["logistics_type"]]
    _save(sandbox, {**record, "state": SHIPPED, "shipped": now}, due=settles)
    times = {"shipped_time": int(now), "estimated_settlement_time": int(settles)}
    _push(sandbox, paid, "trade_manage_order_settlement", times)


def _check_upload(body: Upload) -> None:
    if body.logistics_type not in SETTLES_AFTER_S:
        raise MiniRefusal(10060005, "invalid logistics_type")
    if body.delivery_mode not in (UNIFIED, SPLIT):
        raise MiniRefusal(268485224, "invalid delivery_mode")
    if not _UPLOAD_TIME.fullmatch(body.upload_time) or not _is_time(body.upload_time):
        raise MiniRefusal(268485216, "upload_time is not rfc3339")
    if len(body.shipping_list) > MOST_PARCELS:
        raise MiniRefusal(10060024, "shipping_list too long")
    if body.delivery_mode == UNIFIED and len(body.shipping_list) != 1:
        raise MiniRefusal(268485228, "unified delivery needs exactly one shipping info")
    if body.delivery_mode == SPLIT:
        _check_split(body)
    if not any(parcel.item_desc for parcel in body.shipping_list):
        raise MiniRefusal(10060020, "no item_desc")
    for parcel in body.shipping_list:
        _check_parcel(parcel, express=body.logistics_type == EXPRESS)


def _check_split(body: Upload) -> None:
    if body.logistics_type != EXPRESS:
        raise MiniRefusal(10060006, "only express can be split")
    if body.is_all_delivered is None:
        raise MiniRefusal(10060007, "is_all_delivered missing")
    if not body.shipping_list:
        raise MiniRefusal(10060014, "shipping_list empty")


def _is_time(text: str) -> bool:
    try:
        parse_rfc3339(text)
    except ValueError:
        return False
    return True


def _check_parcel(parcel: Parcel, *, express: bool) -> None:
    if not parcel.item_desc:
        raise MiniRefusal(10060008, "item_desc empty")
    if len(parcel.item_desc) > LONGEST_ITEM:
        raise MiniRefusal(10060009, "item_desc too long")
    if not express:
        return
    if not parcel.tracking_no:
        raise MiniRefusal(268485226, "tracking_no empty")
    if not parcel.express_company:
        raise MiniRefusal(268485227, "express_company empty")
    if len(parcel.express_company) > LONGEST_EXPRESS:
        raise MiniRefusal(10060025, "express_company too long")
    if len(parcel.tracking_no) > LONGEST_EXPRESS:
        raise MiniRefusal(10060026, "tracking_no too long")
    contact = parcel.contact or Contact()
    if parcel.express_company == "SF" and not (contact.consignor_contact or contact.receiver_contact):
        raise MiniRefusal(10060014, "contact is required for SF")


def _paid(sandbox: Sandbox, key: OrderKey) -> tuple[Doc, Doc]:
    """Return the payment and its shipping record."""
    transaction_id = key.transaction_id
    if key.order_number_type == 1:
        if not key.mchid:
            raise MiniRefusal(268485196, "mchid empty")
        if not key.out_trade_no:
            raise MiniRefusal(268485197, "out_trade_no empty")
        trade = sandbox.store.get("trade", key.out_trade_no) if key.mchid == sandbox.config.mchid else None
        transaction_id = (trade or {}).get("transaction_id") or ""
    elif key.order_number_type != 2:  # noqa: PLR2004  (by transaction_id)
        raise MiniRefusal(268485194, "invalid order_number_type")
    elif not transaction_id:
        raise MiniRefusal(268485195, "transaction_id empty")
    return find(sandbox, transaction_id)


def find(sandbox: Sandbox, transaction_id: str) -> tuple[Doc, Doc]:
    """Return the payment and its shipping record. Raises MiniRefusal: 10060001."""
    paid = sandbox.store.get("transaction", transaction_id)
    record = sandbox.store.get("shipping", transaction_id)
    if paid is None or record is None:
        raise MiniRefusal(*_NOT_FOUND)
    return paid, record


def order_state(paid: Doc, record: Doc) -> int:
    """Return WeChat's order_state; a full refund comes before any other state."""
    return REFUNDED if paid["refunded_fen"] >= paid["params"]["amount"]["total"] else int(record["state"])


def confirm_receive(sandbox: Sandbox, transaction_id: str, *, by_user: bool) -> bool:
    """Confirm receipt, for the user or because time is up; return False if the order is not in the shipped state."""
    paid, record = find(sandbox, transaction_id)
    if order_state(paid, record) != SHIPPED:
        return False
    now = sandbox.now()
    _save(sandbox, {**record, "state": RECEIVED, "received": now}, due=now + COMPLETES_AFTER_S)
    method = 2 if by_user else 1
    times = {"shipped_time": int(record["shipped"]), "confirm_receive_method": method}
    times |= {"confirm_receive_time": int(now), "settlement_time": int(now)}
    _push(sandbox, paid, "trade_manage_order_settlement", times)
    return True


def advance_shipping(sandbox: Sandbox) -> None:
    """Do what is due by time: remind to ship, confirm receipt, complete."""
    for record in sandbox.store.due("shipping", sandbox.now()):
        if record["state"] == SHIPPED and confirm_receive(sandbox, record["transaction_id"], by_user=False):
            continue
        done = {**record, "state": COMPLETED} if record["state"] == RECEIVED else record
        _save(sandbox, done, due=None)
        paid = sandbox.store.get("transaction", record["transaction_id"])
        if record["state"] == TO_SHIP and paid is not None and order_state(paid, record) == TO_SHIP:
            _push(sandbox, paid, "trade_manage_remind_shipping", {"msg": "订单已超过48小时未发货，请尽快发货"})


def _push(sandbox: Sandbox, paid: Doc, event: str, fields: dict[str, Any]) -> None:
    params = paid["params"]
    numbers = {
        "transaction_id": paid["transaction_id"],
        "merchant_id": params["mchid"],
        "sub_merchant_id": "",
        "merchant_trade_no": paid["out_trade_no"],
        "pay_time": int(paid["paid"]),
    }
    queue_push(sandbox, params["payer"]["openid"], event, {**numbers, **fields})


def order_view(paid: Doc, record: Doc) -> Doc:
    """Return `order` of get_order."""
    params = paid["params"]
    rows = [
        {
            "tracking_no": row["given"]["tracking_no"],
            "express_company": row["given"]["express_company"],
            "goods_desc": row["given"]["item_desc"],
            "upload_time": int(parse_rfc3339(row["upload_time"])),
            "contact": row["given"]["contact"] or {},
        }
        for row in record["parcels"]
    ]
    view = {
        "transaction_id": paid["transaction_id"],
        "merchant_trade_no": paid["out_trade_no"],
        "merchant_id": params["mchid"],
        "sub_merchant_id": "",
        "description": params["description"],
        "paid_amount": params["amount"]["total"],
        "openid": params["payer"]["openid"],
        "trade_create_time": int(paid["created"]),
        "pay_time": int(paid["paid"]),
        "order_state": order_state(paid, record),
        "in_complaint": False,
        "shipping": {},
    }
    if rows:
        view["shipping"] = {
            "delivery_mode": record["delivery_mode"],
            "logistics_type": record["logistics_type"],
            "finish_shipping": record["finished"],
            "goods_desc": rows[-1]["goods_desc"],
            "finish_shipping_count": record["finish_count"],
            "shipping_list": rows,
        }
    return view


OPERATIONS = (MiniOperation("shipping", "POST", "/wxa/sec/order/upload_shipping_info", upload),)
