"""Alarms for operators. An alarm stays open until somebody marks it as seen."""

import orjson

from server import db
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules import labels
from server.rules.operators import Permission
from server.services.common import audit_log, cursors
from server.services.common.listings import Column, Key, Listing, Row, Way, choice, search, since, switch, until


def _opened(_deps: Deps, row: Row) -> Row:
    return row | {"detail": orjson.loads(row["detail"])}


ALARMS = Listing(
    name="alarms",
    title="报警",
    permission=Permission.ALARMS_VIEW,
    select="a.id, a.kind, a.subject, a.detail, a.at, a.seen_at",
    source="alarms a",
    keys=(Key("a.id", cursors.Number),),
    columns=(
        Column("编号", "id", "number"),
        Column("报警", "kind", "tag", words=labels.ALARMS),
        Column("对象", "subject", "code"),
        Column("内容", "detail"),
        Column("时间", "at", "when"),
        Column("处理时间", "seen_at", "when"),
    ),
    filters=(
        search("对象", Way("a.subject = {0}")),
        choice("kind", "报警", "a.kind", labels.ALARMS),
        switch(
            "show",
            "状态",
            {"unseen": ("未处理", "a.seen_at IS NULL"), "seen": ("已处理", "a.seen_at IS NOT NULL")},
            "unseen",
        ),
        since("a.at"),
        until("a.at"),
    ),
    empty="没有报警",
    template="operations/alarms.html",
    opened=_opened,
)


async def see(deps: Deps, alarm_id: int, operator: str) -> None:
    """Mark an alarm as seen. Raises NotFound, also for an alarm that was seen already."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await tx.fetchrow(
            "UPDATE alarms SET seen_at = $2 WHERE id = $1 AND seen_at IS NULL RETURNING kind, subject", alarm_id, at
        )
        if row is None:
            raise NotFound(what="alarm")
        detail = {"kind": row["kind"], "of": row["subject"]}
        await audit_log.record(tx, at, operator, "alarm.seen", f"alarm:{alarm_id}", detail)
