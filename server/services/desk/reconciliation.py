"""Reconciliation as operators see it: days, their differences, and requests to compare a day, done by a worker.

The table `reconciliation_asks` is the queue, as with exports: a worker updates `alive_at` every second, and if it falls
silent, another one takes the day over. A run stores its whole result or nothing, so a crash costs only time.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import asyncpg
import orjson

from server import db
from server.core.clock import shanghai_day
from server.core.errors import BadRequest, Refusal, StateConflict
from server.gateways.ports import Deps
from server.rules import labels
from server.rules.bills import Bill
from server.rules.operators import Permission
from server.services.common import audit_log, cursors
from server.services.common.listings import Column, Filter, Key, Listing, Row, Way, choice, search, since, until
from server.services.reconciliation import runs as reconciliation_runs
from server.services.reconciliation.runs import Difference, Run

DIFFERENCES_MOST = 200
"""How many differences a day's page shows; the list of differences shows all."""
_NEWEST = "r.id = (SELECT max(n.id) FROM reconciliations n WHERE n.day = r.day)"
_SILENCE = timedelta(minutes=2)
_EVERY_S = 1.0
_OURS = 500

DAYS = Listing(
    name="reconciliation",
    title="对账",
    things="对账日",
    permission=Permission.RECONCILIATION_VIEW,
    select=(
        "r.id, r.day, r.state, r.operator, r.problem, r.finished_at,"
        " (SELECT count(*) FROM reconciliation_differences d WHERE d.run_id = r.id) AS differences,"
        " (r.sums -> 'trade' ->> 'ours_fen')::bigint AS trade_fen,"
        " (r.sums -> 'refund' ->> 'ours_fen')::bigint AS refund_fen"
    ),
    source="reconciliations r",
    keys=(Key("r.day", date),),
    only=_NEWEST,
    columns=(
        Column("账单日", "day", to="/admin/reconciliation/{day}"),
        Column("结果", "state", "tag", words=labels.RECONCILIATION_STATES),
        Column("差异", "differences", "number"),
        Column("我方交易", "trade_fen", "yuan"),
        Column("我方退款", "refund_fen", "yuan"),
        Column("问题", "problem"),
        Column("发起", "operator"),
        Column("完成时间", "finished_at", "when"),
    ),
    filters=(
        choice("state", "结果", "r.state", labels.RECONCILIATION_STATES),
        since("r.day::timestamp AT TIME ZONE 'Asia/Shanghai'", "从"),
        until("r.day::timestamp AT TIME ZONE 'Asia/Shanghai'"),
    ),
    empty="还没有对过账",
    template="reconciliation/days.html",
)


def _opened(_deps: Deps, row: Row) -> Row:
    ours, theirs = (orjson.loads(row[side]) if row[side] else {} for side in ("ours", "theirs"))
    return row | {
        "about": ours.get("about") or theirs.get("about"),
        "ours_fen": ours.get("amount_fen"),
        "ours_state": ours.get("state"),
        "theirs_fen": theirs.get("amount_fen"),
        "theirs_state": theirs.get("state"),
    }


DIFFERENCES = Listing(
    name="differences",
    title="对账差异",
    things="差异",
    permission=Permission.RECONCILIATION_VIEW,
    select="d.id, r.day, d.bill, d.kind, d.subject, d.ours, d.theirs",
    source="reconciliation_differences d JOIN reconciliations r ON r.id = d.run_id",
    keys=(Key("d.id", cursors.Number),),
    only=_NEWEST,
    columns=(
        Column("账单日", "day", to="/admin/reconciliation/{day}"),
        Column("账单", "bill", words=labels.BILLS),
        Column("差异", "kind", "tag", words=labels.DIFFERENCES),
        Column("单号", "subject", "code"),
        Column("另一单号", "about", "code"),
        Column("我方金额", "ours_fen", "yuan"),
        Column("我方状态", "ours_state"),
        Column("微信金额", "theirs_fen", "yuan"),
        Column("微信状态", "theirs_state"),
    ),
    filters=(
        search("单号", Way("d.subject = {0}")),
        Filter("day", "账单日", (Way("r.day = {0}", None, lambda _deps, text: date.fromisoformat(text)),), is_day=True),
        choice("bill", "账单", "d.bill", labels.BILLS),
        choice("kind", "差异", "d.kind", labels.DIFFERENCES),
    ),
    empty="没有差异",
    opened=_opened,
)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to compare a day. `lines_done` counts the bill lines handled so far."""

    id: int
    day: date
    operator: str
    state: str
    lines_done: int
    run_id: int | None
    problem: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def open(self) -> bool:
        """Whether the request is not finished yet."""
        return self.state in ("waiting", "running")


@dataclass(frozen=True, slots=True)
class Day:
    """A day with the run that counts, its first differences, its earlier runs and the last request."""

    day: date
    run: Run | None
    differences: list[Difference]
    earlier: list[Run]
    ask: Ask | None


_ASK = "id, day, operator, state, lines_done, run_id, problem, created_at, finished_at"


async def of_day(day: date) -> Day:
    """Return what is known about a day. Raises Busy."""
    runs = await reconciliation_runs.runs_of(day)
    newest = runs[0] if runs else None
    found = await reconciliation_runs.differences(newest.id, 0, DIFFERENCES_MOST) if newest else []
    ask = await db.fetch_row(f"SELECT {_ASK} FROM reconciliation_asks WHERE day = $1 ORDER BY id DESC LIMIT 1", day)  # noqa: S608 - our own columns
    return Day(day, newest, found, runs[1:], Ask(**ask) if ask else None)


async def ask(deps: Deps, day: date, operator: str) -> None:
    """Request to compare a finished day. Raises BadRequest (not over yet), StateConflict (requested already), Busy."""
    at = deps.clock.now()
    if day >= shanghai_day(at):
        raise BadRequest(field="day", problem="只能对已经结束的一天")
    async with db.transaction() as tx:
        made = await tx.fetchval(
            "INSERT INTO reconciliation_asks (day, operator, state, lines_done, created_at)"
            " VALUES ($1, $2, 'waiting', 0, $3) ON CONFLICT DO NOTHING RETURNING id",
            day,
            operator,
            at,
        )
        if made is None:
            raise StateConflict(status="running", problem="这一天正在对账")
        await audit_log.record(tx, at, operator, "reconcile.ask", f"day:{day}", {})


_CLAIM = """
UPDATE reconciliation_asks SET state = 'running', lines_done = 0, alive_at = $1 WHERE id = (
  SELECT id FROM reconciliation_asks WHERE state = 'waiting' OR (state = 'running' AND alive_at < $2)
   ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, day, operator
"""  # house: lock - a queue waits for nobody


async def make_next(deps: Deps) -> bool:
    """Compare the day that has waited longest, completely; return False if none waits. Raises Busy."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await tx.fetchrow(_CLAIM, at, at - _SILENCE)
    if row is None:
        return False
    progress = _Progress()
    outcome, _ = await asyncio.gather(_compared(deps, row, progress), _watched(deps, row["id"], progress))
    run_id, problem = outcome
    async with db.transaction() as tx:
        await tx.execute(
            "UPDATE reconciliation_asks SET state = $2, run_id = $3, problem = $4, lines_done = $5, finished_at = $6"
            " WHERE id = $1 AND state = 'running'",
            row["id"],
            "failed" if problem else "done",
            run_id,
            problem,
            progress.lines,
            deps.clock.now(),
        )
    return True


class _Progress:
    """The progress of a run. The run reports it inside its transaction; another transaction writes it."""

    def __init__(self) -> None:
        self.lines = 0
        self.over = asyncio.Event()

    def tell(self, _bill: Bill, lines: int) -> None:
        self.lines += lines


async def _compared(deps: Deps, row: asyncpg.Record, progress: _Progress) -> tuple[int | None, str | None]:
    try:
        run = await reconciliation_runs.run(deps, row["day"], row["operator"], progress.tell)
    except Refusal as refusal:
        if refusal.status >= _OURS:
            raise
        return None, refusal.message
    finally:
        progress.over.set()
    return run.id, run.problem


async def _watched(deps: Deps, ask_id: int, progress: _Progress) -> None:
    while not progress.over.is_set():
        async with db.transaction() as tx:
            await tx.execute(
                "UPDATE reconciliation_asks SET lines_done = $2, alive_at = $3 WHERE id = $1",
                ask_id,
                progress.lines,
                deps.clock.now(),
            )
        with contextlib.suppress(TimeoutError):  # the run is not over yet: write the progress again
            await asyncio.wait_for(progress.over.wait(), _EVERY_S)


def numbers(difference: Difference) -> list[str]:
    """Return the numbers in a difference, its subject first."""
    sides = (side for side in (difference.ours, difference.theirs) if side is not None)
    return list(dict.fromkeys([difference.subject, *(side.about for side in sides if side.about)]))
