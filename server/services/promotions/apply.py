"""Marketing activities from an operator's file: created or changed by slug, audited, all or nothing.

Each kind of activity reads and checks its own list of the file. Nothing is written unless all lists are valid.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from server import db
from server.core.advisory import Advisory
from server.gateways.ports import Deps
from server.services.common import audit_log, locks
from server.services.files.entries import Entries
from server.services.promotions import flash_apply, group_buy_apply, points_goods_apply
from server.services.promotions.parts import Part

Judge: TypeAlias = Callable[[db.Connection, Entries, datetime], Awaitable[Part]]

JUDGES: Mapping[str, Judge] = {
    "group_buys": group_buy_apply.judge,
    "flash_sales": flash_apply.judge,
    "points_goods": points_goods_apply.judge,
}
"""By the list's name in the file: the function that reads it, notes problems, and returns what to write."""


@dataclass(frozen=True, slots=True)
class Applied:
    """How many activities the file named, and how many of them are new."""

    activities: int
    activities_new: int


async def apply(
    deps: Deps, document: Mapping[str, Any], actor: str, reason: str = "", wrong: Collection[str] = ()
) -> Applied:
    """Create or change the activities in `{"group_buys": […], "flash_sales": […], "points_goods": […]}`.

    All or nothing: raises FileInvalid with every problem found, also if the form that made the document found mistakes
    at the places `wrong`.
    Existing orders and teams keep the terms that they were promised.
    """
    file = Entries(document, wrong)
    file.only(*JUDGES)
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.PROMOTIONS)
        at = deps.clock.now()
        parts = [await judge(tx, file, at) for judge in JUDGES.values()]
        file.check()
        for part in parts:
            await part.write(tx, at)
        for subject, (before, after) in [one for part in parts for one in part.changes.items()]:
            detail = {"before": before, "after": after} | ({"reason": reason} if reason else {})
            await audit_log.record(tx, at, actor, "activity.apply", subject, detail)
    return Applied(sum(part.named for part in parts), sum(part.new for part in parts))
