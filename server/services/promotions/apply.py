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
from server.services.common import approvals, audit_log, locks
from server.services.common.approvals import Leave
from server.services.files.entries import Entries
from server.services.promotions import flash_apply, group_buy_apply, points_goods_apply
from server.services.promotions.parts import Change, Part, deepest

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
    deps: Deps,
    document: Mapping[str, Any],
    actor: str,
    reason: str = "",
    wrong: Collection[str] = (),
    leave: Leave | None = None,
) -> Applied:
    """Create or change the activities in `{"group_buys": […], "flash_sales": […], "points_goods": […]}`.

    All or nothing: raises FileInvalid with every problem found, also if the form that made the document found mistakes
    at the places `wrong`; AboveLimit for its discounts.
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
        told = {subject: change for part in parts for subject, change in part.changes.items()}
        discounts = deepest(part.discounts for part in parts)
        uses = {f"sku:{code}": bp for code, bp in discounts.items()}
        basis = [{subject: before for subject, (before, _) in told.items()}, discounts]
        said = await approvals.weigh(tx, at, leave, _detail(told, reason), uses, basis)
        for subject, (before, after) in told.items():
            await audit_log.record(tx, at, actor, "activity.apply", subject, {**said, "before": before, "after": after})
    return Applied(sum(part.named for part in parts), sum(part.new for part in parts))


def _detail(told: Mapping[str, Change], reason: str) -> dict[str, object]:
    """Return what the whole file changes: fields of its only activity, or of each activity by its name."""
    changes = list(told.values())
    before, after = (
        changes[0]
        if len(changes) == 1
        else (
            {subject: before for subject, (before, _) in told.items()},
            {subject: after for subject, (_, after) in told.items()},
        )
    )
    return {"before": before, "after": after} | ({"reason": reason} if reason else {})
