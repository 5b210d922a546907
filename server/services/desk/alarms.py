"""Alarms for operators. An alarm stays open until somebody marks it as seen."""

import msgspec
import orjson

from server import db
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules import labels, record_words
from server.rules.operators import Permission
from server.rules.record_words import subject_of
from server.services.common import audit_log, cursors
from server.services.common.listings import Column, Key, Listing, Row, Way, choice, search, since, switch, until


def _opened(_deps: Deps, row: Row) -> Row:
    detail = orjson.loads(row["detail"])
    told = "；".join(str(line) for line in record_words.lines(row["kind"], row["subject"], detail))
    return row | {"detail": detail, "about": record_words.thing(row["subject"]), "content": told}


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
        Column("对象", "about"),
        Column("内容", "content"),
        Column("时间", "at", "when"),
        Column("处理时间", "seen_at", "when"),
    ),
    filters=(
        search("对象，如 订单 T26…", Way("a.subject = {0}", read=lambda _deps, text: subject_of(text))),
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
    empty="还没有报警",
    template="operations/alarms.html",
    opened=_opened,
)


class OpenKind(msgspec.Struct, frozen=True):
    """The open alarms of one kind: how many there are, and the id of the newest."""

    kind: str
    count: int
    newest: int


_OPEN_KINDS = """
SELECT kind, count(*) AS count, max(id) AS newest FROM alarms WHERE seen_at IS NULL GROUP BY kind HAVING count(*) > 1
  ORDER BY count(*) DESC, kind
"""


async def open_kinds() -> list[OpenKind]:
    """Return the kinds with more than one open alarm, the most frequent first. Raises Busy."""
    return [db.typed(row, OpenKind) for row in await db.fetch(_OPEN_KINDS)]


SEEN_MOST = 1_000
"""The most alarms that one click marks as seen; it takes the oldest first."""

_SEE_KIND = """
WITH seen AS (UPDATE alarms SET seen_at = $3 WHERE id = ANY (ARRAY(
    SELECT id FROM alarms WHERE kind = $1 AND seen_at IS NULL AND id <= $2 ORDER BY id LIMIT $4)) RETURNING id)
SELECT count(*) FROM seen
"""


async def see_kind(deps: Deps, kind: str, newest: int, operator: str) -> int:
    """Mark the open alarms of a kind as seen, up to the one with the id `newest`; return how many there were.

    An alarm that came after the operator opened the page stays open, because nobody has seen it yet.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        count: int = await tx.fetchval(_SEE_KIND, kind, newest, at, SEEN_MOST)
        if count:
            await audit_log.record(tx, at, operator, "alarm.seen", "alarms", {"kind": kind, "count": count})
    return count


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
