"""Merchant transfers (商家转账) that the receiver must confirm within 24 hours."""

import secrets
from typing import Annotated, Literal

import msgspec

from server.sandbox import crypto
from server.sandbox.context import Sandbox, rfc3339, stamp
from server.sandbox.errors import ControlError, PayError, param_error
from server.sandbox.notify import publish
from server.sandbox.pay_transactions import check_notify_url
from server.sandbox.shapes import Fen, NotifyUrl, Strict, Text32, Text64
from server.sandbox.signing import PayAnswer, PayCall, PayOperation, ok
from server.sandbox.store import Doc
from server.sandbox.users import known_user

CONFIRM_WITHIN_S = 86400
QUERYABLE_S = 30 * 86400
CANCELS_IN_S = 1
LEAST_FEN, NAMED_FROM_FEN, NAMELESS_BELOW_FEN, MOST_RED_PACKET_FEN = 10, 200_000, 30, 20_000
SCENE_ROWS: dict[str, frozenset[str] | None] = {
    "1000": frozenset({"活动名称", "奖励说明"}),
    "1005": frozenset({"岗位类型", "报酬说明"}),
    "1006": None,
    "1011": frozenset({"赔付原因"}),
}
"""The report rows that each scene demands; None: unknown, so any rows are accepted."""


class Report(Strict, kw_only=True):
    """One row of `transfer_scene_report_infos`."""

    info_type: Annotated[str, msgspec.Meta(min_length=1, max_length=15)]
    info_content: Text32


class Style(Strict, kw_only=True):
    """How the transfer is shown to the receiver."""

    type: Literal["CONFIRM_PAGE", "RED_PACKET"]


class Transfer(Strict, kw_only=True):
    """Body of `POST /v3/fund-app/mch-transfer/transfer-bills`."""

    appid: Text32
    out_bill_no: Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z]{1,32}$")]
    transfer_scene_id: Text32
    openid: Text64
    user_name: str | None = None
    transfer_amount: Fen
    transfer_remark: Text32
    notify_url: NotifyUrl | None = None
    user_recv_perception: str | None = None
    transfer_scene_report_infos: Annotated[list[Report], msgspec.Meta(min_length=1)]
    user_recv_style: Style | None = None


def transfer(sandbox: Sandbox, call: PayCall) -> PayAnswer:
    """Accept a transfer; a repeated number with the same content gets the bill in its present state."""
    body, now = call.read(Transfer), sandbox.now()
    # An encrypted name differs each time it is sent, so repetitions are compared by the decrypted name.
    name = _name(sandbox, body)
    params = {**msgspec.to_builtins(body), "user_name": name}
    advance_transfers(sandbox)
    known = sandbox.store.get("transfer", body.out_bill_no)
    if known is not None:
        if known["params"] != params:
            raise PayError(400, "INVALID_REQUEST", "单号已存在但信息不一致")
        return ok(_accepted_view(known))
    _check(sandbox, body)
    if sandbox.knobs.take("not_enough", "transfer"):
        raise PayError(403, "NOT_ENOUGH", "商户账户余额不足")
    wrong_name = name is not None and sandbox.knobs.take("name_mismatch", "transfer")
    number = f"{secrets.randbelow(10**8):08}{sandbox.store.next_number('transfer'):012}"
    bill = {
        "out_bill_no": body.out_bill_no,
        "transfer_bill_no": f"133000{stamp(now)}{number}",
        "params": params,
        "created": now,
        "updated": now,
        "state": "ACCEPTED" if wrong_name else "WAIT_USER_CONFIRM",
        "package_info": f"ABBQO+oYAAABAAAAAAB{crypto.random_word(80)}==",
        "fail_reason": None,
    }
    _save(sandbox, bill, due=now + (CANCELS_IN_S if wrong_name else CONFIRM_WITHIN_S))
    return ok(_accepted_view(bill))


def _name(sandbox: Sandbox, body: Transfer) -> str | None:
    if body.user_name is None:
        return None
    try:
        return crypto.rsa_decrypt(sandbox.keys.platform, body.user_name)
    except crypto.CipherError as error:
        raise param_error("/user_name", "敏感信息解密失败，请用Wechatpay-Serial所指的公钥加密") from error


def _check(sandbox: Sandbox, body: Transfer) -> None:
    if body.appid != sandbox.config.appid:
        raise PayError(400, "INVALID_REQUEST", "商户号和appid没有绑定关系", errno=268445527)
    if body.notify_url is not None:
        check_notify_url(body.notify_url)
    if known_user(sandbox, body.openid) is None:
        raise PayError(400, "INVALID_REQUEST", "openid与appid不匹配")
    _check_amount(body)
    if body.user_recv_perception is not None:
        raise PayError(400, "INVALID_REQUEST", "暂不支持展示当前传入的用户收款感知")
    if body.transfer_scene_id not in SCENE_ROWS:
        raise PayError(400, "INVALID_REQUEST", "商户未开通此转账场景")
    rows = SCENE_ROWS[body.transfer_scene_id]
    if rows is not None and sorted(rows) != sorted(row.info_type for row in body.transfer_scene_report_infos):
        raise param_error("/transfer_scene_report_infos", f"须按转账场景填写：{'、'.join(sorted(rows))}")


def _check_amount(body: Transfer) -> None:
    if body.transfer_amount < LEAST_FEN:
        raise param_error("/transfer_amount", "转账金额小于最低限额0.1元", value=body.transfer_amount)
    if body.transfer_amount >= NAMED_FROM_FEN and body.user_name is None:
        raise param_error("/user_name", "转账金额大于等于2000元时，收款用户姓名必填")
    if body.transfer_amount < NAMELESS_BELOW_FEN and body.user_name is not None:
        raise param_error("/user_name", "转账金额小于0.3元时，不允许填写收款用户姓名")
    red_packet = body.user_recv_style is not None and body.user_recv_style.type == "RED_PACKET"
    if red_packet and body.transfer_amount > MOST_RED_PACKET_FEN:
        raise PayError(400, "INVALID_REQUEST", "红包样式的转账金额不能超过200元")


def _save(sandbox: Sandbox, bill: Doc, *, due: float | None) -> None:
    sandbox.store.put("transfer", bill["out_bill_no"], bill, parent=bill["transfer_bill_no"], due=due)


def confirm(sandbox: Sandbox, out_bill_no: str) -> tuple[Doc, str | None]:
    """Confirm as the receiver; return the bill, and the id of its notification if that ends it at once.

    Runs in the caller's transaction. Raises ControlError: 404 no such bill, 409 not waiting for confirmation.
    """
    advance_transfers(sandbox)
    bill, now = sandbox.store.get("transfer", out_bill_no), sandbox.now()
    if bill is None:
        raise ControlError(404, f"no transfer {out_bill_no}")
    if bill["state"] != "WAIT_USER_CONFIRM":
        raise ControlError(409, f"transfer {out_bill_no} is {bill['state']}")
    confirmed = {**bill, "state": "TRANSFERING", "updated": now, "outcome": sandbox.knobs.now.transfer_fail_reason}
    delay_s = sandbox.knobs.now.transfer_delay_s
    if delay_s == 0:
        return _finish(sandbox, confirmed)
    _save(sandbox, confirmed, due=now + delay_s)
    return confirmed, None


def advance_transfers(sandbox: Sandbox) -> None:
    """End the bills that are due, in the caller's transaction, and notify."""
    for bill in sandbox.store.due("transfer", sandbox.now()):
        _finish(sandbox, bill)


def _finish(sandbox: Sandbox, bill: Doc) -> tuple[Doc, str | None]:
    state, reason = {
        "ACCEPTED": ("FAIL", "NAME_NOT_CORRECT"),
        "WAIT_USER_CONFIRM": ("FAIL", "OVERDUE_CLOSE"),
        "CANCELING": ("CANCELLED", "MCH_CANCEL"),
        "TRANSFERING": ("FAIL", bill["outcome"]) if bill.get("outcome") else ("SUCCESS", None),
    }[bill["state"]]
    ended = {**bill, "state": state, "fail_reason": reason, "updated": sandbox.now()}
    _save(sandbox, ended, due=None)
    params = bill["params"]
    if not params["notify_url"]:
        return ended, None
    view = _query_view(sandbox, ended)
    told = {name: value for name, value in view.items() if name not in ("appid", "transfer_remark")}
    notice = publish(
        sandbox, "transfer_notify", params["notify_url"], event_type="MCHTRANSFER.BILL.FINISHED",
        original_type="mch_payment", summary="商家转账单据终态通知", resource=told,
    )  # fmt: skip
    return ended, notice


def transfer_query(sandbox: Sandbox, call: PayCall) -> PayAnswer:
    """Query a bill by either of its numbers, for 30 days."""
    return ok(_query_view(sandbox, _bill(sandbox, call)))


def _bill(sandbox: Sandbox, call: PayCall) -> Doc:
    advance_transfers(sandbox)
    if "out_bill_no" in call.path:
        bill = sandbox.store.get("transfer", call.path["out_bill_no"])
    else:
        bill = next(iter(sandbox.store.children("transfer", call.path["transfer_bill_no"])), None)
    if bill is None or sandbox.now() - bill["created"] > QUERYABLE_S:
        raise PayError(404, "NOT_FOUND", "记录不存在")
    return bill


def transfer_cancel(sandbox: Sandbox, call: PayCall) -> PayAnswer:
    """Cancel a bill before it is confirmed; a repeated call gets the state it has reached."""
    if call.body not in (b"", b"{}"):
        raise param_error("", "撤销请求不带参数")
    bill, now = _bill(sandbox, call), sandbox.now()
    if bill["state"] in ("ACCEPTED", "WAIT_USER_CONFIRM"):
        bill = {**bill, "state": "CANCELING", "updated": now}
        _save(sandbox, bill, due=now + CANCELS_IN_S)
    elif bill["state"] not in ("CANCELING", "CANCELLED"):
        raise PayError(400, "INVALID_REQUEST", "当前单据状态不支持撤销")
    names = {name: bill[name] for name in ("out_bill_no", "transfer_bill_no", "state")}
    return ok({**names, "update_time": rfc3339(bill["updated"])})


def _accepted_view(bill: Doc) -> Doc:
    view = {name: bill[name] for name in ("out_bill_no", "transfer_bill_no", "state")}
    view["create_time"] = rfc3339(bill["created"])
    if bill["state"] == "WAIT_USER_CONFIRM":
        view["package_info"] = bill["package_info"]
    if bill["fail_reason"]:
        view["fail_reason"] = bill["fail_reason"]
    return view


def _query_view(sandbox: Sandbox, bill: Doc) -> Doc:
    params = bill["params"]
    view = {
        "mch_id": sandbox.config.mchid,
        "out_bill_no": bill["out_bill_no"],
        "transfer_bill_no": bill["transfer_bill_no"],
        "appid": params["appid"],
        "state": bill["state"],
        "transfer_amount": params["transfer_amount"],
        "transfer_remark": params["transfer_remark"],
        "openid": params["openid"],
        "create_time": rfc3339(bill["created"]),
        "update_time": rfc3339(bill["updated"]),
    }
    return {**view, "fail_reason": bill["fail_reason"]} if bill["fail_reason"] else view


_BASE = "/v3/fund-app/mch-transfer/transfer-bills"
OPERATIONS = (
    PayOperation("transfer", "POST", _BASE, transfer),
    PayOperation("transfer_query", "GET", f"{_BASE}/out-bill-no/<out_bill_no>", transfer_query),
    PayOperation("transfer_query", "GET", f"{_BASE}/transfer-bill-no/<transfer_bill_no>", transfer_query),
    PayOperation("transfer_cancel", "POST", f"{_BASE}/out-bill-no/<out_bill_no>/cancel", transfer_cancel),
)
