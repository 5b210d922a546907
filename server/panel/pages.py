"""Renders the panel's pages: Jinja with escaping always on, so that what a member typed stays text."""

from collections.abc import Mapping
from datetime import datetime
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
from server.rules import words
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
        yuan=lambda fen: f"¥{yuan(fen)}", when=_when, local=_local, told=_told, json=_json, about=_about, number=_number
    )
    found.globals.update(words=words, more=_more, cells=cells, spec_text=spec_text, coupon_worth=worth)
    return found


def render(template: str, context: Mapping[str, Any]) -> str:
    """The page of `templates/<template>`. Raises jinja2.UndefinedError for a value that is not there."""
    addresses = {name: f"/admin/assets/{asset.name}" for name, asset in all_assets().items()}
    return _environment().get_template(template).render(context, assets=addresses)


def _more(cursor: str | None, asked: Mapping[str, str]) -> Markup:
    """The way to a list's next page, with its filters."""
    if cursor is None:
        return Markup()
    address = urlencode({**asked, "cursor": cursor})
    return Markup('<p class="pages"><a class="button quiet" href="?{}">下一页</a></p>').format(address)


def csrf_field(token: str) -> Markup:
    """The hidden field that every form carries."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(token)


def _when(moment: datetime | None) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}" if moment else "—"


def _local(moment: datetime) -> str:
    """As `<input type="datetime-local">` has it."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%dT%H:%M:%S}"


_PLACES = {
    "order": "/admin/orders/{}",
    "refund": "/admin/refunds?state=&q={}",
    "rebate": "/admin/rebates/{}",
    "commission": "/admin/commissions/{}",
    "qualification": "/admin/qualifications/{}",
    "withdrawal": "/admin/withdrawals/{}",
    "member": "/admin/members/{}",
    "day": "/admin/reconciliation/{}",
}
"""Where the things are shown that ledger, alarms and log name as `kind:number`."""


def _about(subject: str) -> Markup:
    """What a record is about, leading there where the panel shows such."""
    kind, _, number = subject.partition(":")
    if kind not in _PLACES or not number:
        return Markup("<code>{}</code>").format(subject)
    return Markup('<a href="{}"><code>{}</code></a>').format(_PLACES[kind].format(quote(number)), subject)


_KINDS = {"T": "order", "R": "refund", "W": "withdrawal"}


def _number(number: str) -> Markup:
    """A number of ours by its first letter, leading to what it is of."""
    kind = _KINDS.get(number[:1], "")
    return (
        Markup('<a href="{}"><code>{}</code></a>').format(_PLACES[kind].format(quote(number)), number)
        if kind
        else (Markup("<code>{}</code>").format(number))
    )


def _told(value: object) -> str:
    """A value of the log as people read it."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
