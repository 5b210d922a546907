"""The ledger as operators read it: lists of accounts and entries, an account in pages, an entry with its lines."""

from dataclasses import dataclass
from datetime import datetime

import orjson

from server.core.money import yuan
from server.gateways.ports import Deps
from server.ledger import browser, chart
from server.ledger.browser import AccountLine, AccountState
from server.rules.operators import Permission
from server.rules.record_words import subject_of
from server.services.common import cursors
from server.services.common.listings import (
    Column,
    Filter,
    Key,
    Listing,
    Row,
    Way,
    choice,
    numbered,
    search,
    since,
    switch,
    until,
)


def _opened(_deps: Deps, row: Row) -> Row:
    points = row["currency"] == chart.POINT
    return row | {"balance_fen": None if points else row["balance"], "points": row["balance"] if points else None}


ACCOUNTS = Listing(
    name="ledger",
    title="账户",
    permission=Permission.LEDGER_VIEW,
    select=browser.ACCOUNT_COLUMNS,
    source=browser.ACCOUNTS,
    keys=(Key("a.id", cursors.Number),),
    columns=(
        Column("编号", "id", "number"),
        Column("会员", "member_id", "number"),
        Column("账户", "code", words=chart.NAMES),
        Column("来源", "source", "code"),
        Column("币种", "currency"),
        Column("余额", "balance_fen", "yuan"),
        Column("积分", "points", "number"),
    ),
    filters=(
        search("#会员号", numbered("a.member_id")),
        switch("of", "谁的", {"shop": ("商城", "a.member_id = 0"), "members": ("会员", "a.member_id > 0")}),
        choice("code", "账户", "a.code", chart.NAMES),
    ),
    empty="还没有账户",
    template="ledger/books.html",
    opened=_opened,
)


def _sided(_deps: Deps, row: Row) -> Row:
    """Show no amount as 0 in a currency that the entry does not move, and put both sides into words."""
    lines = orjson.loads(row["lines"])
    return row | {
        "amount_fen": row["amount_fen"] or None,
        "points": row["points"] or None,
        "debit": "；".join(_said(line, -line["amount"]) for line in lines if line["amount"] < 0),
        "credit": "；".join(_said(line, line["amount"]) for line in lines if line["amount"] > 0),
    }


def _said(line: Row, amount: int) -> str:
    owner = f"（会员 #{line['member_id']}）" if line["member_id"] else ""
    moved = {chart.POINT: f"{amount} 积分", chart.COUPON_VALUE: f"券 ¥{yuan(amount)}"}.get(line["currency"])
    return f"{chart.NAMES.get(line['code'], line['code'])}{owner} {moved or f'¥{yuan(amount)}'}"


ENTRIES = Listing(
    name="ledger-entries",
    title="分录",
    permission=Permission.LEDGER_VIEW,
    select=browser.ENTRY_COLUMNS,
    source=browser.ENTRIES,
    keys=(Key("e.posted_at", datetime), Key("e.id", cursors.Number)),
    columns=(
        Column("编号", "id", to="/admin/ledger/entries/{id}"),
        Column("时间", "posted_at", "when"),
        Column("类型", "kind", words=chart.LABELS),
        Column("说明", "why"),
        Column("关联", "link", "about"),
        Column("金额", "amount_fen", "yuan"),
        Column("积分", "points", "number"),
        Column("借", "debit"),
        Column("贷", "credit"),
        Column("业务键", "key", "code"),
        Column("冲正", "reverses_id", to="/admin/ledger/entries/{reverses_id}"),
    ),
    filters=(
        Filter("q", "业务键，如 order-paid:T26…", (Way("e.key = {0}"),)),
        Filter("link", "关联，如 订单 T26…", (Way("e.link = {0}", read=lambda _deps, text: subject_of(text)),)),
        choice("kind", "类型", "e.kind", chart.LABELS),
        since("e.posted_at"),
        until("e.posted_at"),
    ),
    empty="还没有分录",
    opened=_sided,
)


@dataclass(frozen=True, slots=True)
class AccountPage:
    """An account with a page of its lines, and the cursor of the next page."""

    account: AccountState
    lines: list[AccountLine]
    next: str | None


async def account_page(account_id: int, cursor: str, limit: int) -> AccountPage:
    """Return a page of an account, newest lines first. Raises NotFound, BadRequest (cursor of another list), Busy."""
    after = cursors.unpack(cursor, tuple[cursors.Number, cursors.Number]) if cursor else None
    state = await browser.account(account_id)
    found = await browser.lines(account_id, after, limit + 1)
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return AccountPage(state, shown, cursors.pack((last.id, last.balance_after - last.change)) if last else None)
