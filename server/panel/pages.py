"""Renders the panel's pages with Jinja; escaping is always on, so that members' input stays text."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from server.core.clock import SHANGHAI
from server.core.money import yuan
from server.panel.assets import all_assets
from server.rules import labels, record_words
from server.rules.coupons import worth
from server.rules.products import spec_text
from server.services.common.listings import cells


@cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(
        yuan=lambda fen: f"¥{yuan(fen)}",
        when=_when,
        local=_local,
        told=_text,
        json=_json,
        about=_about,
        number=_number,
    )
    found.globals.update(
        words=labels, record_lines=record_words.lines, more=_more, cells=cells, spec_text=spec_text, coupon_worth=worth
    )
    return found


def render(template: str, context: Mapping[str, Any]) -> str:
    """Render `templates/<template>`. Raises jinja2.UndefinedError for a value that is missing."""
    addresses = {name: f"/admin/assets/{asset.name}" for name, asset in all_assets().items()}
    return _environment().get_template(template).render(context, assets=addresses)


def _more(cursor: str | None, asked: Mapping[str, str]) -> Markup:
    """Return the link to a list's next page, which keeps its filters."""
    if cursor is None:
        return Markup()
    address = urlencode({**asked, "cursor": cursor})
    return Markup('<p class="pages"><a class="button quiet" href="?{}">下一页</a></p>').format(address)


def csrf_field(token: str) -> Markup:
    """Return the hidden field that every form needs."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(token)


def _when(moment: datetime | None) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}" if moment else "—"


def _local(moment: datetime) -> str:
    """Format a time in Shanghai for `<input type="datetime-local">`."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%dT%H:%M:%S}"


_PLACES = {
    "approval": "/admin/approvals/{}",
    "order": "/admin/orders/{}",
    "refund": "/admin/refunds?state=&q={}",
    "rebate": "/admin/rebates/{}",
    "commission": "/admin/commissions/{}",
    "qualification": "/admin/qualifications/{}",
    "withdrawal": "/admin/withdrawals/{}",
    "member": "/admin/members/{}",
    "day": "/admin/reconciliation/{}",
    "team": "/admin/teams/{}",
    "product": "/admin/products?q={}",
    "rule": "/admin/rules/{}",
    "commission_version": "/admin/commission-policies/{}",
    "group_buy": "/admin/group-buys?q={}",
    "flash_sale": "/admin/flash-sales?q={}",
    "points_good": "/admin/points-goods?q={}",
    "job": "/admin/jobs?show=&q={}",
}
"""The pages of things that ledger, alarms and log name as `kind:number`."""


def _about(subject: str) -> Markup:
    """Return what a record is about in words, as a link if the panel has a page for it."""
    kind, _, number = subject.partition(":")
    words = record_words.thing(subject)
    if words == subject:
        return Markup("<code>{}</code>").format(subject)
    if kind not in _PLACES or not number:
        return Markup("{}").format(words)
    return Markup('<a href="{}">{}</a>').format(_PLACES[kind].format(quote(number)), words)


_KINDS = {"T": "order", "R": "refund", "W": "withdrawal"}


def _number(number: str) -> Markup:
    """Return one of our numbers as a link; its first letter tells the page."""
    kind = _KINDS.get(number[:1], "")
    return (
        Markup('<a href="{}"><code>{}</code></a>').format(_PLACES[kind].format(quote(number)), number)
        if kind
        else (Markup("<code>{}</code>").format(number))
    )


def _text(value: object) -> str:
    """Return a value of a list, a job or an alarm as readable text."""
    if isinstance(value, datetime):
        return _when(value)
    return str(value) if isinstance(value, str | date) else orjson.dumps(value).decode()


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
