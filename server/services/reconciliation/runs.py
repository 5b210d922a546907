"""对账: a day's WeChat bills against our books. A run stores its whole result or nothing, so it is safe to repeat."""

import contextlib
import tempfile
from datetime import date, datetime, timedelta
from typing import BinaryIO, Literal

import msgspec

from server import db
from server.core.clock import day_start, shanghai_day
from server.core.errors import NotFound
from server.gateways.ports import Deps, OutcomeUnknown, WeChatError
from server.rules.bills import Bill, BillBroken, Kind, Row
from server.services.common import alarms, audit_log
from server.services.reconciliation.matching import DaySums, Found, Matched, Tell, match

State = Literal["clean", "differences", "failed"]

READY = timedelta(hours=10, minutes=30)
"""How long after midnight in Shanghai a day's bills exist: WeChat starts making them at nine and promises ten."""
CATCH_UP_DAYS = 30
_ASKED_MOST = 200
"""The most missing items that WeChat is asked about: if there are more, midnight is not the cause."""


class Run(msgspec.Struct, frozen=True):
    """One reconciliation of one day; the newest run of a day counts."""

    id: int
    day: date
    operator: str
    state: State
    differences: int
    sums: DaySums
    problem: str | None
    """Why the run failed; None if it did not."""
    started_at: datetime
    finished_at: datetime


class Side(msgspec.Struct, frozen=True):
    """An item as one side has it.

    `about` is the item's second number: the order of a payment, the transaction of a refund, our number of a movement.
    """

    amount_fen: int
    state: str
    about: str


class Difference(msgspec.Struct, frozen=True):
    """One item on which the sides disagree; a side is None where it is missing."""

    id: int
    bill: str
    kind: str
    subject: str
    ours: Side | None
    theirs: Side | None


def untold(_bill: Bill, _lines: int) -> None:
    """Ignore the progress: nobody watches this run."""


async def run(deps: Deps, day: date, operator: str, tell: Tell = untold) -> Run:
    """Fetch the day's bills, compare them, store the result, and raise an alarm if anything differs.

    If the run cannot compare (WeChat is out of reach or refuses, a bill is unreadable), it is stored as a failed run.
    Raises BillNotReady, Busy: then nothing is stored.
    """
    started_at = deps.clock.now()
    try:
        matched = await _matched(deps, day, tell)
    except (OutcomeUnknown, WeChatError, BillBroken, UnicodeDecodeError) as error:
        return await _keep(deps, day, operator, started_at, Matched(), f"{type(error).__name__}: {error}"[:200])
    await _drop_other_days(deps, day, matched)
    return await _keep(deps, day, operator, started_at, matched, None)


async def _matched(deps: Deps, day: date, tell: Tell) -> Matched:
    with contextlib.ExitStack() as open_files:
        files: dict[Bill, BinaryIO] = {}
        for bill in Bill:
            files[bill] = open_files.enter_context(tempfile.TemporaryFile())
            await deps.pay.bill(bill, day, files[bill])
        async with db.transaction() as tx:
            return await match(tx, day, files, tell)


async def _drop_other_days(deps: Deps, day: date, matched: Matched) -> None:
    """Drop items that WeChat books on another day.

    We know only when we granted a refund and when we learned that a transfer ended; WeChat decides on the day.
    """
    elsewhere = list[Found]()
    unsure = [one for one in matched.found if one.kind is Kind.OURS_ONLY and _of_unsure_day(one)]
    for position, one in enumerate(unsure):
        at = (await _at_wechat(deps, one) if position < _ASKED_MOST else None) or one.at
        if at is not None and shanghai_day(at) != day:
            elsewhere.append(one)
    matched.drop(elsewhere)


def _of_unsure_day(one: Found) -> bool:
    return one.bill is Bill.REFUND or one.what == "transfer"


async def _at_wechat(deps: Deps, one: Found) -> datetime | None:
    """Return when WeChat accepted or paid the item; None if WeChat does not know it or cannot be asked."""
    with contextlib.suppress(OutcomeUnknown, WeChatError):  # without an answer our own time is used
        if one.what == "transfer" and one.ours is not None:
            transfer = await deps.pay.query_transfer(one.ours.about)
            return transfer.updated_at if transfer else None
        refund = await deps.pay.query_refund(one.number)
        return refund.created_at if refund else None
    return None


async def _keep(
    deps: Deps, day: date, operator: str, started_at: datetime, matched: Matched, problem: str | None
) -> Run:
    at = deps.clock.now()
    state: State = "failed" if problem else "differences" if matched.found else "clean"
    sums = matched.totals()
    async with db.transaction() as tx:
        run_id: int = await tx.fetchval(
            "INSERT INTO reconciliations (day, operator, state, sums, problem, started_at, finished_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            day,
            operator,
            state,
            msgspec.json.encode(sums).decode(),
            problem,
            started_at,
            at,
        )
        await tx.executemany(
            "INSERT INTO reconciliation_differences (run_id, bill, kind, subject, ours, theirs)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            [
                (run_id, one.bill, one.kind, one.number[:64], _json(one.ours), _json(one.theirs))
                for one in matched.found
            ],
        )
        if state != "clean":
            told = problem or f"{len(matched.found)} 处差异"
            await alarms.sound(tx, "reconciliation", f"day:{day}", at, told)
        detail = {"state": state, "differences": len(matched.found)}
        await audit_log.record(tx, at, operator, "reconcile", f"day:{day}", detail)
    return Run(run_id, day, operator, state, len(matched.found), sums, problem, started_at, at)


def _json(side: Row | None) -> str | None:
    if side is None:
        return None
    return msgspec.json.encode(Side(side.amount_fen, side.state, side.about)).decode()


_RUNS = f"""
SELECT {db.columns(Run)} FROM (SELECT r.*,
  (SELECT count(*) FROM reconciliation_differences d WHERE d.run_id = r.id) AS differences FROM reconciliations r) r
"""  # noqa: S608 - our own names


async def newest(before: date | None = None, limit: int = 31) -> list[Run]:
    """Return the run that counts for each day before `before`, newest day first."""
    rows = await db.fetch(
        f"{_RUNS} WHERE r.id IN (SELECT max(id) FROM reconciliations WHERE day < $1 OR $1 IS NULL GROUP BY day"  # noqa: S608 - our own text
        " ORDER BY day DESC LIMIT $2) ORDER BY r.day DESC",
        before,
        limit,
    )
    return [db.typed(row, Run) for row in rows]


async def runs_of(day: date, limit: int = 20) -> list[Run]:
    """Return the last runs of a day, newest first; the first one counts."""
    rows = await db.fetch(f"{_RUNS} WHERE r.day = $1 ORDER BY r.day DESC, r.id DESC LIMIT $2", day, limit)
    return [db.typed(row, Run) for row in rows]


async def find(run_id: int) -> Run:
    """Return one run. Raises NotFound."""
    row = await db.fetch_row(f"{_RUNS} WHERE r.id = $1", run_id)
    if row is None:
        raise NotFound(what="reconciliation")
    return db.typed(row, Run)


async def differences(run_id: int, after: int = 0, limit: int = 100) -> list[Difference]:
    """Return the differences of a run whose ids are above `after`."""
    rows = await db.fetch(
        f"SELECT {db.columns(Difference)} FROM reconciliation_differences WHERE run_id = $1 AND id > $2"  # noqa: S608 - our own names
        " ORDER BY id LIMIT $3",
        run_id,
        after,
        limit,
    )
    return [db.typed(row, Difference) for row in rows]


async def missed(now: datetime) -> list[date]:
    """Return the days, oldest first, whose bills are `READY` and that no run has compared since they ended.

    It looks back `CATCH_UP_DAYS`, but not before the day of the first payment.
    """
    first = await db.fetch_value("SELECT paid_at FROM payments ORDER BY id LIMIT 1")
    if first is None:
        return []
    last = shanghai_day(now - READY) - timedelta(days=1)
    rows = await db.fetch(
        "SELECT r.day, max(r.started_at) AS compared_at FROM reconciliations r"
        " WHERE r.state <> 'failed' AND r.day > $1 GROUP BY r.day",
        last - timedelta(days=CATCH_UP_DAYS),
    )
    compared = {row["day"] for row in rows if row["compared_at"] >= day_start(row["day"] + timedelta(days=1))}
    days = [last - timedelta(days=back) for back in reversed(range(CATCH_UP_DAYS))]
    return [day for day in days if day >= shanghai_day(first) and day not in compared]
