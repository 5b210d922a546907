"""Refunds of WeChat Pay APIv3: accepted as PROCESSING, ended a little later, reported by a notification."""

import secrets
from typing import Annotated, Literal

import msgspec

from server.sandbox.context import Sandbox, rfc3339, stamp
from server.sandbox.errors import PayError, param_error
from server.sandbox.notify import publish
from server.sandbox.pay_transactions import check_notify_url
from server.sandbox.shapes import Fen, FenOrZero, NotifyUrl, Quantity, Strict, Text32, Text64, Text256
from server.sandbox.signing import PayAnswer, PayCall, PayOperation, ok
from server.sandbox.store import Doc

MOST_REFUNDS = 50
REFUNDABLE_S = 365 * 86400
BETWEEN_REFUNDS_S = 60
CHANNEL, RECEIVED_BY = "ORIGINAL", "支付用户零钱"


class Source(Strict, kw_only=True):
    """A source of the money, and its amount."""

    account: Literal["AVAILABLE", "UNAVAILABLE"]
    amount: Fen


class RefundAmount(Strict, kw_only=True):
    """Amounts in fen; `total` repeats that of the order."""

    refund: Fen
    total: Fen
    currency: Literal["CNY"]
    from_: list[Source] | None = msgspec.field(default=None, name="from")


class RefundGoods(Strict, kw_only=True):
    """One refunded line."""

    merchant_goods_id: Text32
    wechatpay_goods_id: Text32 | None = None
    goods_name: Text256 | None = None
    unit_price: FenOrZero
    refund_amount: FenOrZero
    refund_quantity: Quantity


class Refund(Strict, kw_only=True):
    """Body of `POST /v3/refund/domestic/refunds`."""

    transaction_id: Text32 | None = None
    out_trade_no: Annotated[str, msgspec.Meta(min_length=6, max_length=32)] | None = None
    out_refund_no: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_\-|*@]{1,64}$")]
    reason: Annotated[str, msgspec.Meta(max_length=80)] | None = None
    notify_url: NotifyUrl | None = None
    funds_account: Literal["AVAILABLE", "UNSETTLED"] | None = None
    amount: RefundAmount
    goods_detail: list[RefundGoods] | None = None


class Abnormal(Strict, kw_only=True):
    """Body of apply-abnormal-refund; of the encrypted bank fields only their presence is checked."""

    out_refund_no: Text64
    type: Literal["USER_BANK_CARD", "MERCHANT_BANK_CARD"]
    bank_type: Text32 | None = None
    bank_account: str | None = None
    real_name: str | None = None


def refund(sandbox: Sandbox, call: PayCall) -> PayAnswer:
    """Accept a refund; a repeated number with the same parameters gets the refund in its present state."""
    body, now = call.read(Refund), sandbox.now()
    if (body.transaction_id is None) == (body.out_trade_no is None):
        raise param_error("/transaction_id", "transaction_id和out_trade_no须填且只能填一个")
    if body.notify_url is not None:
        check_notify_url(body.notify_url)
    params = msgspec.json.decode(call.body)
    advance_refunds(sandbox)
    known = sandbox.store.get("refund", body.out_refund_no)
    if known is not None:
        if known["params"] != params:
            raise PayError(400, "INVALID_REQUEST", "商户退款单号已存在，且参数与首次请求时不一致", errno=268498688)
        return ok(refund_view(known))
    paid = _payment(sandbox, body)
    _check_limits(paid, body, now)
    if sandbox.knobs.take("not_enough", "refund"):
        raise PayError(403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")
    made = {
        "refund_id": f"503{secrets.randbelow(10**8):08}{stamp(now)[:8]}{sandbox.store.next_number('refund'):010}",
        "out_refund_no": body.out_refund_no, "transaction_id": paid["transaction_id"],
        "out_trade_no": paid["out_trade_no"], "params": params, "created": now, "status": "PROCESSING",
        "outcome": sandbox.knobs.now.refund_outcome, "success": None,
    }  # fmt: skip
    _save(sandbox, made, due=now + sandbox.knobs.now.refund_delay_s)
    _book(sandbox, paid, body.amount.refund, count=1, at=now)
    return ok(refund_view(made))


def _payment(sandbox: Sandbox, body: Refund) -> Doc:
    transaction_id = body.transaction_id
    if body.out_trade_no is not None:
        transaction_id = (sandbox.store.get("trade", body.out_trade_no) or {}).get("transaction_id")
    paid = sandbox.store.get("transaction", transaction_id) if transaction_id else None
    if paid is None:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "订单不存在", errno=268512771)
    return paid


def _check_limits(paid: Doc, body: Refund, now: float) -> None:
    total = paid["params"]["amount"]["total"]
    if body.amount.total != total:
        raise PayError(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
    if paid["refunded_fen"] + body.amount.refund > total:
        raise PayError(400, "INVALID_REQUEST", "申请退款金额超过可退金额")
    if paid["refund_count"] >= MOST_REFUNDS:
        raise PayError(400, "INVALID_REQUEST", f"部分退款次数超过{MOST_REFUNDS}次")
    if now < paid.get("last_refund", 0) + BETWEEN_REFUNDS_S:
        raise PayError(429, "FREQUENCY_LIMITED", "同一订单的多次部分退款须间隔1分钟以上", errno=268447840)
    if now - paid["paid"] > REFUNDABLE_S:
        raise PayError(400, "INVALID_REQUEST", "订单已超过可退款的最大期限")


def _book(sandbox: Sandbox, paid: Doc, amount_fen: int, *, count: int, at: float) -> None:
    changed = {
        **paid,
        "refunded_fen": paid["refunded_fen"] + amount_fen,
        "refund_count": paid["refund_count"] + count,
        "last_refund": at,
    }
    sandbox.store.put("transaction", paid["transaction_id"], changed, parent=paid["out_trade_no"])


def _save(sandbox: Sandbox, made: Doc, *, due: float | None) -> None:
    sandbox.store.put("refund", made["out_refund_no"], made, parent=made["transaction_id"], due=due)


def advance_refunds(sandbox: Sandbox) -> None:
    """End the refunds that are due, in the caller's transaction, and notify."""
    now = sandbox.now()
    for made in sandbox.store.due("refund", now):
        status = made["outcome"]
        ended = {**made, "status": status, "success": now if status == "SUCCESS" else None}
        _save(sandbox, ended, due=None)
        if status == "CLOSED":
            paid = sandbox.store.get("transaction", made["transaction_id"])
            if paid is not None:  # pragma: no branch - payments are never deleted
                _book(sandbox, paid, -made["params"]["amount"]["refund"], count=0, at=now)
        if made["params"].get("notify_url"):
            publish(
                sandbox, "refund_notify", made["params"]["notify_url"],
                event_type=f"REFUND.{status}", original_type="refund", summary="退款结果",
                resource=_notice_view(sandbox, ended),
            )  # fmt: skip


def refund_query(sandbox: Sandbox, call: PayCall) -> PayAnswer:
    """`GET /v3/refund/domestic/refunds/{out_refund_no}`."""
    advance_refunds(sandbox)
    made = sandbox.store.get("refund", call.path["out_refund_no"])
    if made is None:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
    return ok(refund_view(made))


def refund_abnormal(sandbox: Sandbox, call: PayCall) -> PayAnswer:
    """Send an ABNORMAL refund to another account: it becomes PROCESSING again, then succeeds."""
    body = call.read(Abnormal)
    made = sandbox.store.get("refund", body.out_refund_no)
    if made is None or made["refund_id"] != call.path["refund_id"]:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
    if made["status"] != "ABNORMAL":
        raise PayError(400, "INVALID_REQUEST", "退款单状态不是异常，不能发起异常退款")
    if body.type == "USER_BANK_CARD" and not (body.bank_type and body.bank_account and body.real_name):
        raise param_error("/bank_account", "退款至用户银行卡时开户银行、卡号和姓名必填")
    again = {**made, "status": "PROCESSING", "outcome": "SUCCESS"}
    _save(sandbox, again, due=sandbox.now() + sandbox.knobs.now.refund_delay_s)
    return ok(refund_view(again))


def refund_view(made: Doc) -> Doc:
    """Return a refund as the API answers it (`status`)."""
    amount = made["params"]["amount"]
    total, back = amount["total"], amount["refund"]
    view = {
        "refund_id": made["refund_id"],
        "out_refund_no": made["out_refund_no"],
        "transaction_id": made["transaction_id"],
        "out_trade_no": made["out_trade_no"],
        "channel": CHANNEL,
        "user_received_account": RECEIVED_BY,
        "create_time": rfc3339(made["created"]),
        "status": made["status"],
        "funds_account": made["params"].get("funds_account") or "AVAILABLE",
        "amount": {
            "total": total, "refund": back, "payer_total": total, "payer_refund": back,
            "settlement_refund": back, "settlement_total": total, "discount_refund": 0, "currency": "CNY",
        },
    }  # fmt: skip
    if made["success"] is not None:
        view["success_time"] = rfc3339(made["success"])
    return view


def _notice_view(sandbox: Sandbox, made: Doc) -> Doc:
    """Return a refund as notifications show it (`refund_status`, fewer fields)."""
    view = refund_view(made)
    names = ("transaction_id", "out_trade_no", "refund_id", "out_refund_no", "success_time", "user_received_account")
    amount = {name: view["amount"][name] for name in ("total", "refund", "payer_total", "payer_refund")}
    told = {name: view[name] for name in names if name in view}
    return {"mchid": sandbox.config.mchid, **told, "refund_status": made["status"], "amount": amount}


OPERATIONS = (
    PayOperation("refund", "POST", "/v3/refund/domestic/refunds", refund),
    PayOperation("refund_query", "GET", "/v3/refund/domestic/refunds/<out_refund_no>", refund_query),
    PayOperation(
        "refund_abnormal", "POST", "/v3/refund/domestic/refunds/<refund_id>/apply-abnormal-refund", refund_abnormal
    ),
)
