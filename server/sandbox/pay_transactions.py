"""JSAPI and mini-program orders of WeChat Pay APIv3: prepay, query, close, and the payment by the member."""

import secrets
from typing import Annotated, Any, Literal

import httpx
import msgspec

from server.sandbox import mini_shipping
from server.sandbox.context import Sandbox, parse_rfc3339, rfc3339, stamp
from server.sandbox.errors import ControlError, PayError, param_error
from server.sandbox.notify import publish
from server.sandbox.shapes import (
    Fen,
    FenOrZero,
    NotifyUrl,
    Quantity,
    Strict,
    Text32,
    Text64,
    Text128,
    Text256,
    TradeNumber,
)
from server.sandbox.signing import PayAnswer, PayCall, PayOperation, ok
from server.sandbox.store import Doc
from server.sandbox.users import known_user

PREPAY_VALID_S = 2 * 3600
PAYABLE_S = 7 * 86400
"""How long an order without time_expire stays payable."""
SHORTEST_EXPIRY_S = 60
ORDER_MISSING_ERRNO, PAID_ERRNO, EXPIRED_ERRNO = 268512771, 268498689, 268447914
STATE_WORDS = {"SUCCESS": "支付成功", "REFUND": "转入退款", "NOTPAY": "订单未支付", "CLOSED": "订单已关闭"}


class Amount(Strict, kw_only=True):
    """`total` in fen."""

    total: Fen
    currency: Literal["CNY"] = "CNY"


class Payer(Strict, kw_only=True):
    """The openid of the payer."""

    openid: Text128


class Goods(Strict, kw_only=True):
    """One row of `detail.goods_detail`."""

    merchant_goods_id: Text32
    wechatpay_goods_id: Text32 | None = None
    goods_name: Text256 | None = None
    quantity: Quantity
    unit_price: FenOrZero


class Detail(Strict, kw_only=True):
    """The goods, for WeChat's own coupons."""

    cost_price: FenOrZero | None = None
    invoice_id: Text32 | None = None
    goods_detail: list[Goods] | None = None


class Shop(Strict, kw_only=True):
    """`scene_info.store_info`."""

    id: Text32
    name: Text256 | None = None
    area_code: Text32 | None = None
    address: Annotated[str, msgspec.Meta(max_length=512)] | None = None


class Scene(Strict, kw_only=True):
    """Where the order was placed."""

    payer_client_ip: Annotated[str, msgspec.Meta(min_length=1, max_length=45)]
    device_id: Text32 | None = None
    store_info: Shop | None = None


class Settle(Strict, kw_only=True):
    """Whether the order takes part in profit sharing."""

    profit_sharing: bool = False


class Prepay(Strict, kw_only=True):
    """Body of `POST /v3/pay/transactions/jsapi`."""

    appid: Text32
    mchid: Text32
    description: Annotated[str, msgspec.Meta(min_length=1, max_length=127)]
    out_trade_no: TradeNumber
    time_expire: Text64 | None = None
    attach: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    notify_url: NotifyUrl
    goods_tag: Text32 | None = None
    support_fapiao: bool | None = None
    amount: Amount
    payer: Payer
    detail: Detail | None = None
    scene_info: Scene | None = None
    settle_info: Settle | None = None


class Close(Strict, kw_only=True):
    """Body of close."""

    mchid: Text32


def check_notify_url(url: str) -> None:
    """Raise PARAM_ERROR unless absolute and without query. Plain http is allowed: developers have no certificate."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host or "?" in url or "#" in url:
        raise param_error("/notify_url", "回调地址须为完整的网址且不能携带参数", value=url)


def check_owner(sandbox: Sandbox, *, mchid: str, appid: str | None = None, location: str = "body") -> None:
    """Check that the ids in a call are this merchant's. Raises PayError."""
    if mchid != sandbox.config.mchid:
        raise param_error("/mchid", "商户号与请求签名的商户号不一致", value=mchid, location=location)
    if appid is not None and appid != sandbox.config.appid:
        raise PayError(400, "APPID_MCHID_NOT_MATCH", "商户号和appid没有绑定关系", errno=268445527)


def prepay(sandbox: Sandbox, call: PayCall) -> PayAnswer:
    """Place an order. A repetition with the same parameters gets the same answer; an expired prepay_id is renewed."""
    body, now = call.read(Prepay), sandbox.now()
    check_owner(sandbox, mchid=body.mchid, appid=body.appid)
    check_notify_url(body.notify_url)
    expires = _payable_until(body.time_expire, now)
    if not known_user(sandbox, body.payer.openid):
        raise PayError(400, "INVALID_REQUEST", "无效的openid：该openid不属于此appid", errno=268501013)
    params = msgspec.json.decode(call.body)
    trade = sandbox.store.get("trade", body.out_trade_no)
    if trade is None:
        trade = {"out_trade_no": body.out_trade_no, "params": params, "created": now, "expires": expires,
                 "closed": False, "transaction_id": None, "prepay_expires": 0}  # fmt: skip
    _check_repetition(trade, params, now)
    if trade["prepay_expires"] <= now:
        trade["prepay_id"] = f"wx{stamp(now)}{secrets.token_hex(10)[:18]}"
        trade["prepay_expires"] = now + PREPAY_VALID_S
        sandbox.store.put("trade", body.out_trade_no, trade)
    return ok({"prepay_id": trade["prepay_id"]})


def _payable_until(time_expire: str | None, now: float) -> float:
    if time_expire is None:
        return now + PAYABLE_S
    try:
        return max(parse_rfc3339(time_expire), now + SHORTEST_EXPIRY_S)
    except ValueError as error:
        raise param_error("/time_expire", "时间须为rfc3339格式", value=time_expire) from error


def _check_repetition(trade: Doc, params: Any, now: float) -> None:
    state = trade_state(trade, now)
    if state == "CLOSED":
        raise PayError(400, "ORDER_CLOSED", "订单已关闭，请重新下单", errno=EXPIRED_ERRNO)
    if state != "NOTPAY":
        raise PayError(400, "ORDER_PAID", "该订单已支付", errno=PAID_ERRNO)
    if trade["params"] != params:
        raise PayError(403, "OUT_TRADE_NO_USED", "商户订单号重复：请求重入时，参数与首次请求时不一致", errno=268498688)


def trade_state(trade: Doc, now: float) -> str:
    """Return NOTPAY, CLOSED (closed or expired) or PAID."""
    if trade["transaction_id"] is not None:
        return "PAID"
    return "CLOSED" if trade["closed"] or trade["expires"] <= now else "NOTPAY"


def query_by_number(sandbox: Sandbox, call: PayCall) -> PayAnswer:
    """`GET …/out-trade-no/{out_trade_no}`."""
    check_owner(sandbox, mchid=call.query.get("mchid", ""), location="query")
    trade = sandbox.store.get("trade", call.path["out_trade_no"])
    if trade is None:
        raise _order_missing()
    transaction_id = trade["transaction_id"]
    if transaction_id is None:
        return ok(_unpaid_view(trade, sandbox.now()))
    return ok(transaction_view(transaction(sandbox, transaction_id)))


def query_by_id(sandbox: Sandbox, call: PayCall) -> PayAnswer:
    """`GET …/id/{transaction_id}`."""
    check_owner(sandbox, mchid=call.query.get("mchid", ""), location="query")
    return ok(transaction_view(transaction(sandbox, call.path["transaction_id"])))


def transaction(sandbox: Sandbox, transaction_id: str) -> Doc:
    """Return the stored payment. Raises PayError: 404 ORDER_NOT_EXIST."""
    found = sandbox.store.get("transaction", transaction_id)
    if found is None:
        raise _order_missing()
    return found


def _order_missing() -> PayError:
    return PayError(404, "ORDER_NOT_EXIST", "订单不存在", errno=ORDER_MISSING_ERRNO)


def close(sandbox: Sandbox, call: PayCall) -> PayAnswer:
    """Close an unpaid order; closing it again also gets 204."""
    check_owner(sandbox, mchid=call.read(Close).mchid)
    trade = sandbox.store.get("trade", call.path["out_trade_no"])
    if trade is None:
        raise _order_missing()
    if trade["transaction_id"] is not None:
        raise PayError(400, "ORDER_PAID", "订单已支付，不能关闭", errno=268449641)
    sandbox.store.put("trade", trade["out_trade_no"], {**trade, "closed": True})
    return PayAnswer(204, b"")


def pay(sandbox: Sandbox, out_trade_no: str) -> tuple[Doc, str | None, bool]:
    """Pay as the member would; return the payment, the id of its notification, and whether it was paid before.

    Runs in the caller's transaction. Raises ControlError: 404 no such order, 409 closed or prepay_id expired.
    """
    trade, now = sandbox.store.get("trade", out_trade_no), sandbox.now()
    if trade is None:
        raise ControlError(404, f"no prepay for {out_trade_no}")
    state = trade_state(trade, now)
    if state == "CLOSED":
        raise ControlError(409, f"{out_trade_no} is closed")
    again = state == "PAID"
    if again and not sandbox.knobs.take("second_payment", "prepay"):
        return transaction(sandbox, trade["transaction_id"]), None, True
    if not again and trade["prepay_expires"] <= now:
        raise ControlError(409, f"the prepay_id of {out_trade_no} has expired")
    paid = _record_payment(sandbox, trade, now)
    notice = publish(
        sandbox, "pay_notify", trade["params"]["notify_url"],
        event_type="TRANSACTION.SUCCESS", original_type="transaction", summary="支付成功",
        resource=transaction_view(paid),
    )  # fmt: skip
    return paid, notice, again


def _record_payment(sandbox: Sandbox, trade: Doc, now: float) -> Doc:
    number = sandbox.store.next_number("transaction")
    params = trade["params"]
    paid = {
        "transaction_id": f"42000{secrets.randbelow(100_000):05}{stamp(now)[:8]}{number:010}",
        "out_trade_no": trade["out_trade_no"],
        "params": params,
        "created": trade["created"],
        "paid": now,
        "refunded_fen": 0,
        "refund_count": 0,
    }
    sandbox.store.put("transaction", paid["transaction_id"], paid, parent=trade["out_trade_no"])
    mini_shipping.begin(sandbox, paid)
    if trade["transaction_id"] is None:
        sandbox.store.put("trade", trade["out_trade_no"], {**trade, "transaction_id": paid["transaction_id"]})
    return paid


def _base_view(params: Doc, state: str) -> Doc:
    view = {
        "appid": params["appid"],
        "mchid": params["mchid"],
        "out_trade_no": params["out_trade_no"],
        "trade_state": state,
        "trade_state_desc": STATE_WORDS[state],
        "payer": {"openid": params["payer"]["openid"]},
    }
    if params.get("attach"):
        view["attach"] = params["attach"]
    if (params.get("scene_info") or {}).get("device_id"):
        view["scene_info"] = {"device_id": params["scene_info"]["device_id"]}
    return view


def _unpaid_view(trade: Doc, now: float) -> Doc:
    params = trade["params"]
    view = _base_view(params, trade_state(trade, now))
    return {**view, "amount": {"total": params["amount"]["total"], "currency": "CNY"}}


def transaction_view(paid: Doc) -> Doc:
    """Return a payment as queries and notifications show it; with a refund its state is REFUND."""
    params = paid["params"]
    total = params["amount"]["total"]
    return {
        **_base_view(params, "REFUND" if paid["refund_count"] else "SUCCESS"),
        "transaction_id": paid["transaction_id"],
        "trade_type": "JSAPI",
        "bank_type": "OTHERS",
        "success_time": rfc3339(paid["paid"]),
        "amount": {"total": total, "payer_total": total, "currency": "CNY", "payer_currency": "CNY"},
    }


OPERATIONS = (
    PayOperation("prepay", "POST", "/v3/pay/transactions/jsapi", prepay),
    PayOperation("query", "GET", "/v3/pay/transactions/out-trade-no/<out_trade_no>", query_by_number),
    PayOperation("query", "GET", "/v3/pay/transactions/id/<transaction_id>", query_by_id),
    PayOperation("close", "POST", "/v3/pay/transactions/out-trade-no/<out_trade_no>/close", close),
)
