"""Background jobs as operators see them: which are due, which fail and why. An operator can make a job run now."""

import re

import orjson

from server import db, outbox
from server.core.errors import NotFound, StateConflict
from server.gateways.ports import Deps
from server.rules.operators import Permission
from server.services.common import audit_log, cursors
from server.services.common.listings import Column, Filter, Key, Listing, Row, Way, numbered, search

FAILING_ATTEMPTS = 3
"""A job with at least this many attempts counts as failing."""
_OPEN = "o.done_at IS NULL"


def _opened(_deps: Deps, row: Row) -> Row:
    return row | {"args": orjson.loads(row["args"])}


JOBS = Listing(
    name="jobs",
    title="后台任务",
    things="任务",
    permission=Permission.JOBS_VIEW,
    select="o.id, o.job, o.args, o.attempts, o.last_error, o.due_at, o.created_at, o.done_at",
    source="outbox o",
    keys=(Key("o.id", cursors.Number),),
    columns=(
        Column("编号", "id", "number"),
        Column("任务", "job", "code"),
        Column("参数", "args"),
        Column("次数", "attempts", "number"),
        Column("最近的问题", "last_error"),
        Column("下次执行", "due_at", "when"),
        Column("产生", "created_at", "when"),
        Column("完成", "done_at", "when"),
    ),
    filters=(
        search("#编号", numbered("o.id")),
        Filter("job", "未完成的任务名", (Way(f"o.job = {{0}} AND {_OPEN}", re.compile("[a-z_]+")),)),
        Filter(
            "show",
            "状态",
            (
                Way(_OPEN, re.compile("open")),
                Way(f"{_OPEN} AND o.due_at <= {{0}}", re.compile("due"), lambda deps, _: deps.clock.now()),
                Way(f"{_OPEN} AND o.attempts >= {FAILING_ATTEMPTS}", re.compile("failing")),
                Way(f"{_OPEN} AND o.last_error = 'unknown job'", re.compile("unknown")),
                Way("o.done_at IS NOT NULL", re.compile("done")),
            ),
            {"open": "未完成", "due": "已到期", "failing": "反复失败", "unknown": "未知任务", "done": "已完成"},
            "open",
        ),
    ),
    empty="还没有任务",
    template="operations/jobs.html",
    opened=_opened,
)


async def retry(deps: Deps, outbox_id: int, reason: str, operator: str) -> None:
    """Make an open job due now, so that the next free worker runs it. Raises NotFound, StateConflict (done)."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await outbox.hurry(tx, outbox_id, at)
        if row is None:
            done = await tx.fetchval("SELECT 1 FROM outbox WHERE id = $1", outbox_id)
            raise StateConflict(status="done") if done else NotFound(what="job")
        detail = {"job": row.job, "attempts": row.attempts, "reason": reason}
        await audit_log.record(tx, at, operator, "job.retry", f"job:{outbox_id}", detail)
