"""A page with a button to pay: open payments and transfers, and the results of the latest notifications."""

from collections.abc import Iterable
from html import escape
from typing import Any
from urllib.parse import quote

from sanic import HTTPResponse, Request, Sanic
from sanic.response import html, redirect

from server.sandbox.context import Sandbox, china_time
from server.sandbox.control import Desk, confirm_and_notify, pay_and_notify
from server.sandbox.errors import ControlError
from server.sandbox.notify import accepted
from server.sandbox.pay_bills import yuan
from server.sandbox.pay_transactions import trade_state
from server.sandbox.store import Doc

SHOWN = 30
_STATES = {"NOTPAY": "等待支付", "PAID": "已支付", "CLOSED": "已关闭"}
_NOTICES = {"pay_notify": "支付通知", "refund_notify": "退款通知", "transfer_notify": "转账通知", "push": "消息推送"}
_OUTCOMES = {"waiting": "等待重发", "delivered": "已送达", "given_up": "已放弃", "held": "被扣住"}
_STYLE = """
:root{color-scheme:light dark;--line:#8883;--green:#07a35a}
*{box-sizing:border-box}
body{margin:0 auto;max-width:44rem;padding:1rem;
font:16px/1.6 system-ui,-apple-system,"PingFang SC","Microsoft YaHei",sans-serif}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
.card{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;padding:1rem;margin:.6rem 0;
border:1px solid var(--line);border-radius:12px}
.what{flex:1 1 14rem;min-width:0;overflow-wrap:anywhere}
.fen{font-size:1.5rem;font-weight:600}
small{opacity:.7}
button{min-height:48px;min-width:8rem;padding:0 1.5rem;font:inherit;font-weight:600;
color:#fff;background:var(--green);border:0;border-radius:10px;cursor:pointer}
button:focus-visible{outline:3px solid #0af;outline-offset:2px}
.good{color:var(--green)}.bad{color:#d33}
""".strip()


def add_routes(app: Sanic[Any, Any], desk: Desk) -> None:
    """Add `GET /pay`, `GET` and `POST /pay/{out_trade_no}`, `POST /pay/transfers/{out_bill_no}`."""

    async def show_all(_: Request) -> HTTPResponse:
        return html(list_page(desk.sandbox))

    async def show(_: Request, number: str) -> HTTPResponse:
        return _show_order(desk.sandbox, number)

    async def pay(_: Request, number: str) -> HTTPResponse:
        try:
            await pay_and_notify(desk, number)
        except ControlError as refusal:
            return _show_order(desk.sandbox, number, refusal)
        return redirect(f"/pay/{quote(number)}", status=303)

    async def confirm(_: Request, number: str) -> HTTPResponse:
        try:
            await confirm_and_notify(desk, number)
        except ControlError as refusal:
            return html(_document("没有完成", f"<p>{escape(refusal.message)}</p>"), refusal.status)
        return redirect("/pay", status=303)

    app.add_route(show_all, "/pay", name="page-list")
    app.add_route(show, "/pay/<number>", name="page-order", unquote=True)
    app.add_route(pay, "/pay/<number>", methods=["POST"], name="page-pay", unquote=True)
    app.add_route(confirm, "/pay/transfers/<number>", methods=["POST"], name="page-confirm", unquote=True)


def _show_order(sandbox: Sandbox, number: str, refusal: ControlError | None = None) -> HTTPResponse:
    trade = sandbox.store.get("trade", number)
    if trade is None:
        return html(_document("没有这个订单", "<p>没有这个订单。<a href='/pay'>全部订单</a></p>"), 404)
    if refusal is None:
        return html(order_page(sandbox, trade))
    return html(order_page(sandbox, trade, "没有支付成功：订单已关闭，或预支付会话已过期。"), refusal.status)


def list_page(sandbox: Sandbox) -> str:
    """Return the page of `GET /pay`."""
    now = sandbox.now()
    trades = [one for one in sandbox.store.latest("trade", 200) if trade_state(one, now) == "NOTPAY"][:SHOWN]
    bills = [one for one in sandbox.store.latest("transfer", 200) if one["state"] == "WAIT_USER_CONFIRM"][:SHOWN]
    notices = sandbox.store.latest("notice", SHOWN)
    parts = [
        "<h1>微信支付（模拟）</h1><h2>等待支付</h2>",
        *_or_nothing((_trade_card(one, now) for one in trades), "没有等待支付的订单"),
        "<h2>等待收款确认</h2>" if bills else "",
        *(_transfer_card(one) for one in bills),
        "<h2>最近的通知</h2>",
        *_or_nothing((_notice_card(one) for one in notices), "还没有发过通知"),
    ]
    return _document("微信支付（模拟）", "".join(parts))


def order_page(sandbox: Sandbox, trade: Doc, message: str = "") -> str:
    """Return the page of `GET /pay/{out_trade_no}`."""
    number = trade["out_trade_no"]
    notices = sandbox.store.children("notice", number)
    parts = [
        "<h1>微信支付（模拟）</h1>",
        f"<p role=status>{escape(message)}</p>" if message else "",
        _trade_card(trade, sandbox.now()),
        "<h2>通知</h2>" if notices else "",
        *(_notice_card(one) for one in reversed(notices)),
        '<p><a href="/pay">全部订单</a></p>',
    ]
    return _document(f"支付 {number}", "".join(parts))


def _or_nothing(cards: Iterable[str], nothing: str) -> list[str]:
    return list(cards) or [f"<p><small>{nothing}</small></p>"]


def _trade_card(trade: Doc, now: float) -> str:
    params, state = trade["params"], trade_state(trade, now)
    number = trade["out_trade_no"]
    what = f"<a href='/pay/{quote(number)}'>{escape(params['description'])}</a>"
    small = f"{escape(number)} · {escape(params['payer']['openid'])} · {china_time(trade['created'])}"
    button = _button(f"/pay/{quote(number)}", "支付") if state == "NOTPAY" else f"<b>{_STATES[state]}</b>"
    return _card(what, small, params["amount"]["total"], button)


def _transfer_card(bill: Doc) -> str:
    params = bill["params"]
    small = f"{escape(bill['out_bill_no'])} · {escape(params['openid'])} · {china_time(bill['created'])}"
    button = _button(f"/pay/transfers/{quote(bill['out_bill_no'])}", "确认收款")
    return _card(escape(params["transfer_remark"]), small, params["transfer_amount"], button)


def _button(action: str, label: str) -> str:
    return f"<form method=post action='{action}'><button>{label}</button></form>"


def _card(what: str, small: str, fen: int, end: str) -> str:
    return (
        f"<div class=card><div class=what>{what}<br><small>{small}</small></div>"
        f"<div class=fen>¥{yuan(fen)}</div>{end}</div>"
    )


def _notice_card(notice: Doc) -> str:
    attempts = "、".join(_answer(one) for one in notice["attempts"]) or "还没有发送"
    name = _NOTICES[notice["kind"]]
    about = notice["body"]["Event"] if notice["kind"] == "push" else notice["about"]
    return (
        f"<div class=card><div class=what>{name} {escape(str(about))}<br><small>{escape(notice['url'])}</small></div>"
        f"<div>{_OUTCOMES[notice['state']]}：{attempts}</div></div>"
    )


def _answer(attempt: dict[str, Any]) -> str:
    status = attempt["status"]
    return f"<span class={'good' if accepted(status) else 'bad'}>{status or '无应答'}</span>"


def _document(title: str, body: str) -> str:
    return (
        "<!doctype html><html lang=zh-CN><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width,initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style><body>{body}</body></html>"
    )
