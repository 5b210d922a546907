"""Control calls for the mall's `/sandbox/*` and for tests: act as the member's phone, turn knobs, inspect the state."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec

from server.sandbox import mini_login, mini_messages, mini_shipping, pay_transfers, users
from server.sandbox.context import Sandbox
from server.sandbox.errors import ControlError
from server.sandbox.notify import Courier, accepted, release_held
from server.sandbox.pay_refunds import refund_view
from server.sandbox.pay_transactions import pay, trade_state, transaction_view
from server.sandbox.shapes import Strict
from server.sandbox.store import Doc

Openid = Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z_-]{1,64}$")]
Phone = Annotated[str, msgspec.Meta(pattern="^[0-9]{5,15}$")]
TemplateId = Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z_-]{1,64}$")]
Shape = TypeVar("Shape", bound=msgspec.Struct)


@dataclass(frozen=True)
class Desk:
    """The sandbox and its courier, as control calls use them."""

    sandbox: Sandbox
    courier: Courier


@dataclass(frozen=True)
class ControlCall:
    """One request: query and raw body."""

    query: Mapping[str, str]
    body: bytes

    def read(self, shape: type[Shape]) -> Shape:
        """Parse the body as the declared type. Raises ControlError 400."""
        try:
            return msgspec.json.decode(self.body, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ControlError(400, str(error)) from error


@dataclass(frozen=True)
class ControlOperation:
    """One control call."""

    method: str
    path: str
    run: Callable[[Desk, ControlCall], Awaitable[Doc]]


class Login(Strict):
    """The user who calls wx.login."""

    openid: Openid


class GivePhone(Strict):
    """The user, and the phone number they give to the mall."""

    openid: Openid
    phone: Phone


class Pay(Strict):
    """The order to pay."""

    out_trade_no: str


class Confirm(Strict):
    """The transfer to confirm."""

    out_bill_no: str


class Subscribe(Strict):
    """The user, the templates, and how many messages of each they accept; 0 is a refusal."""

    openid: Openid
    template_id: TemplateId | Annotated[list[TemplateId], msgspec.Meta(min_length=1, max_length=5)]
    times: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 1


async def code(desk: Desk, call: ControlCall) -> Doc:
    """Make a wx.login code for an openid, new or known."""
    with desk.sandbox.store.transaction():
        return {"code": mini_login.issue_code(desk.sandbox, call.read(Login).openid)}


async def phone(desk: Desk, call: ControlCall) -> Doc:
    """Make the code of the phone-number button."""
    body = call.read(GivePhone)
    with desk.sandbox.store.transaction():
        return {"code": mini_login.issue_phone_code(desk.sandbox, body.openid, body.phone)}


async def pay_order(desk: Desk, call: ControlCall) -> Doc:
    """Pay as the member would."""
    return await pay_and_notify(desk, call.read(Pay).out_trade_no)


async def pay_and_notify(desk: Desk, out_trade_no: str) -> Doc:
    """Pay, and notify once now unless that is delayed: `{transaction_id, notified, notify_status, already?}`.

    Raises ControlError: 404 no such order, 409 closed, or its prepay_id has expired.
    """
    with desk.sandbox.store.transaction():
        paid, notice_id, again = pay(desk.sandbox, out_trade_no)
    told = await deliver_first(desk, notice_id)
    answer: Doc = {"transaction_id": paid["transaction_id"], **told}
    return {**answer, "already": True} if again and notice_id is None else answer


async def deliver_first(desk: Desk, notice_id: str | None) -> Doc:
    """Make the first attempt to notify: `{notified, notify_status}`; the status is None if no answer came."""
    attempts: list[Doc] = []
    if notice_id is not None:
        await desk.courier.attempt(notice_id)
        attempts = (desk.sandbox.store.get("notice", notice_id) or {}).get("attempts", [])
    statuses = [attempt["status"] for attempt in attempts]
    return {
        "notified": any(map(accepted, statuses)),
        "notify_status": statuses[0] if statuses else None,
    }


async def subscribe(desk: Desk, call: ControlCall) -> Doc:
    """Accept, or refuse with `times` 0, messages of one or more templates."""
    body = call.read(Subscribe)
    sandbox = desk.sandbox
    template_ids = [body.template_id] if isinstance(body.template_id, str) else body.template_id
    with sandbox.store.transaction():
        users.meet(sandbox, body.openid)
        mini_messages.subscribe(sandbox, body.openid, template_ids, body.times)
    return {"openid": body.openid, "template_ids": template_ids, "times": body.times}


async def messages(desk: Desk, call: ControlCall) -> Doc:
    """Return the subscribe messages that reached a user, oldest first."""
    return {"items": desk.sandbox.store.children("message", call.query.get("openid", ""))}


async def confirm_receive(desk: Desk, call: ControlCall) -> Doc:
    """Confirm receipt in WeChat's own window, as the user: `{transaction_id, order_state}`."""
    sandbox, number = desk.sandbox, call.read(Pay).out_trade_no
    transaction_id = (sandbox.store.get("trade", number) or {}).get("transaction_id")
    if transaction_id is None:
        raise ControlError(404, f"no payment for {number}")
    with sandbox.store.transaction():
        if not mini_shipping.confirm_receive(sandbox, transaction_id, by_user=True):
            raise ControlError(409, f"{number} is not in the shipped state")
    return {"transaction_id": transaction_id, "order_state": mini_shipping.RECEIVED}


async def confirm_transfer(desk: Desk, call: ControlCall) -> Doc:
    """Confirm a merchant transfer as its receiver: `{transfer_bill_no, state, notified, notify_status}`."""
    return await confirm_and_notify(desk, call.read(Confirm).out_bill_no)


async def confirm_and_notify(desk: Desk, out_bill_no: str) -> Doc:
    """Confirm a transfer and, if that ends it, make the first attempt to notify.

    Raises ControlError: 404 no such bill, 409 not waiting for confirmation.
    """
    with desk.sandbox.store.transaction():
        bill, notice_id = pay_transfers.confirm(desk.sandbox, out_bill_no)
    told = await deliver_first(desk, notice_id)
    return {"transfer_bill_no": bill["transfer_bill_no"], "state": bill["state"], **told}


async def turn_knobs(desk: Desk, call: ControlCall) -> Doc:
    """Replace the given knobs and return the state of all knobs."""
    sandbox = desk.sandbox
    try:
        knobs = sandbox.knobs.turn(call.body)
    except (ValueError, msgspec.DecodeError) as error:
        raise ControlError(400, str(error)) from error
    if knobs.reorder is None:
        with sandbox.store.transaction():
            release_held(sandbox)
    return dict(msgspec.to_builtins(knobs))


async def forget(desk: Desk, call: ControlCall) -> Doc:  # noqa: ARG001 - every control call is handed its request
    """Delete everything: users, orders, payments, notifications and knobs, as in a new sandbox."""
    await desk.courier.drop_attempts()
    desk.sandbox.store.clear()
    desk.sandbox.knobs.read()
    return {}


async def state(desk: Desk, call: ControlCall) -> Doc:
    """Return everything about one order number: order, payments, shipping records, refunds and notifications."""
    sandbox, number = desk.sandbox, call.query.get("out_trade_no", "")
    trade = sandbox.store.get("trade", number)
    if trade is None:
        raise ControlError(404, f"no prepay for {number}")
    payments = sandbox.store.children("transaction", number)
    refunds = [made for paid in payments for made in sandbox.store.children("refund", paid["transaction_id"])]
    return {
        "out_trade_no": number,
        "trade_state": trade_state(trade, sandbox.now()),
        "prepay_id": trade["prepay_id"],
        "payments": [transaction_view(paid) for paid in payments],
        "shipping": [
            mini_shipping.order_view(*mini_shipping.find(sandbox, paid["transaction_id"]))["shipping"]
            for paid in payments
        ],
        "refunds": [refund_view(made) for made in refunds],
        "notices": [notice_view(notice) for notice in sandbox.store.children("notice", number)],
    }


async def notices(desk: Desk, call: ControlCall) -> Doc:
    """Return the latest notifications and pushed events, newest first."""
    limit = call.query.get("limit", "50")
    if not limit.isascii() or not limit.isdigit():
        raise ControlError(400, "limit must be a number")
    return {"items": [notice_view(notice) for notice in desk.sandbox.store.latest("notice", min(int(limit), 500))]}


def notice_view(notice: Doc) -> dict[str, Any]:
    """Return a notification without its transport details."""
    names = ("id", "kind", "url", "state", "attempts", "probe_status", "resource", "body", "due")
    return {name: notice[name] for name in names if name in notice}


OPERATIONS = (
    ControlOperation("POST", "/control/code", code),
    ControlOperation("POST", "/control/phone", phone),
    ControlOperation("POST", "/control/pay", pay_order),
    ControlOperation("POST", "/control/subscribe", subscribe),
    ControlOperation("GET", "/control/messages", messages),
    ControlOperation("POST", "/control/confirm_receive", confirm_receive),
    ControlOperation("POST", "/control/knobs", turn_knobs),
    ControlOperation("POST", "/control/transfer_confirm", confirm_transfer),
    ControlOperation("POST", "/control/forget", forget),
    ControlOperation("GET", "/control/state", state),
    ControlOperation("GET", "/control/notices", notices),
)
