"""Every declared list, as a screen and as a file to export."""

from collections.abc import Awaitable, Callable
from typing import Any

from server.core.errors import BadRequest, NotAllowed, NotFound
from server.handlers.admin import home, orders
from server.handlers.admin.screen import Done, Download, Screens, Visit
from server.rules.operators import Permission, may
from server.services.common import listings
from server.services.common.listings import Listing
from server.services.desk import exports
from server.services.desk.lists import BY_NAME, LISTINGS
from server.services.files.sheets import MEDIA_TYPE

screens = Screens("lists")

PAGE_ROWS = 50


Beside = Callable[[Visit], Awaitable[dict[str, Any]]]
"""Return what a list's template shows besides its rows."""


async def _nothing(_visit: Visit) -> dict[str, Any]:
    return {}


_BESIDE: dict[str, Beside] = {"shipping": orders.beside_shipping, "alarms": home.beside_alarms}


def _show(listing: Listing) -> None:
    async def show(visit: Visit, query: dict[str, str]) -> dict[str, Any]:
        asked = listing.asked({name: text for name, text in query.items() if name != "cursor"})
        shown = {"listing": listing, "asked": asked, **await _BESIDE.get(listing.name, _nothing)(visit)}
        try:
            found = await listings.page(visit.deps, listing, asked, query.get("cursor", ""), PAGE_ROWS)
        except BadRequest as refusal:
            if not any(one.searches and one.name == refusal.detail["field"] for one in listing.filters):
                raise
            return shown | {"rows": [], "next": None, "hidden": True, "unfit": refusal.detail["problem"]}
        hidden = not found.rows and await listings.hides(visit.deps, listing, asked)
        return shown | {"rows": found.rows, "next": found.next, "hidden": hidden}

    show.__name__ = f"list_{listing.name}"
    screens.page(f"/{listing.name}", listing.permission, listing.template, dict[str, str])(show)


for _one in LISTINGS:
    _show(_one)


@screens.page("/exports", Permission.EXPORTS, "operations/exports.html")
async def files(visit: Visit, _: None) -> dict[str, Any]:
    """Show the operator's own exports, with the progress of those that are not finished."""
    found = await exports.of(visit.operator.name)
    return {"files": found, "making": any(one.open for one in found), "most": exports.ROWS_MOST}


@screens.action("/exports/<name:str>", Permission.EXPORTS, dict[str, str])
async def export(visit: Visit, form: dict[str, str]) -> Done:
    """Queue an export of a list with its present filters."""
    listing = BY_NAME.get(visit.path["name"])
    if listing is None:
        raise NotFound(what="list")
    if not may(visit.operator.role, listing.permission):
        raise NotAllowed
    asked = listing.asked(form)
    listings.statement(visit.deps, listing, asked, "", 1)  # reject a bad filter now, not later in the worker
    await exports.ask(visit.deps, listing, asked, visit.operator.name)
    return Done(f"正在导出“{listing.title}”，完成后可在这里下载", "/admin/exports")


@screens.page("/exports/<export_id:int>/file", Permission.EXPORTS, "")
async def file(visit: Visit, _: None) -> Download:
    """Download a finished export."""
    made = await exports.download(visit.deps, visit.path["export_id"], visit.operator.name)
    return Download(made.name, MEDIA_TYPE, made.body)
