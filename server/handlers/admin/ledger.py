"""The ledger: an account with its lines, an entry with its lines. The lists are declared in services/desk/ledger.py."""

from typing import Any

import msgspec

from server.handlers.admin.lists import PAGE_ROWS
from server.handlers.admin.screen import Screens, Visit
from server.ledger import browser, chart
from server.rules.operators import Permission
from server.services.desk import ledger

screens = Screens("ledger")


class PageQuery(msgspec.Struct):
    """The cursor where the page begins; empty: at the newest line."""

    cursor: str = ""


@screens.page("/ledger/accounts/<account_id:int>", Permission.LEDGER_VIEW, "ledger/account.html", PageQuery)
async def account(visit: Visit, query: PageQuery) -> dict[str, Any]:
    """Show one account: its lines, with the balance after each."""
    page = await ledger.account_page(visit.path["account_id"], query.cursor, PAGE_ROWS)
    return {"found": page, "names": chart.NAMES, "kinds": chart.LABELS}


@screens.page("/ledger/entries/<entry_id:int>", Permission.LEDGER_VIEW, "ledger/entry.html")
async def entry(visit: Visit, _: None) -> dict[str, Any]:
    """Show one entry with all its lines."""
    return {"entry": await browser.entry(visit.path["entry_id"]), "names": chart.NAMES, "kinds": chart.LABELS}
