"""Issue a template's coupons to many members, and birthday gifts.

The table `coupon_issues` is the queue. Each step takes the oldest open row, reads the next batch of members and issues
coupons to those that fit. The same transaction moves the row's `place`, so a crash rolls back one step only. Two
workers never work on one row at once. Memory holds one batch, however many members there are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import orjson

from server import db
from server.core.clock import shanghai_day
from server.core.columns import PHONE_COLUMN
from server.core.errors import NotFound, StateConflict
from server.gateways.ports import Deps
from server.rules.coupon_claims import birthdays
from server.services.common import approvals, audit_log, locks
from server.services.common.approvals import Leave
from server.services.coupons import drawer

LIST_MOST = 100_000
"""The most members that one list may name."""
_TOLD = 20
_BATCH = 2000
_MADE_UP_DAYS = 7
"""How many days of birthdays are caught up after a time without a worker."""
_SYSTEM = "system"
_PHONE = re.compile(r"1[0-9]{10}")
_NUMBER = re.compile(r"#?([1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an operator asks for. `once` is a code of the form: if the form is sent twice, there is still one job."""

    template_id: int
    segment: str
    """One of `SEGMENTS` in rules/coupons.py."""
    days: int | None
    members: Sequence[int]
    """Member ids, for the segment `list`."""
    levels: Sequence[int]
    """Positions of levels, for the segment `level`."""
    once: str
    reason: str


async def named(deps: Deps, text: str) -> tuple[list[int], list[str]]:
    """Return the ids of members named by ids (`8`, `#8`) or mobile numbers, and the words that match nobody."""
    words = list(dict.fromkeys(re.split(r"[\s,，、;；]+", text.strip())))
    numbers = {
        word: int(found[1]) for word in words if not _PHONE.fullmatch(word) and (found := _NUMBER.fullmatch(word))
    }
    phones = {word: deps.cipher.blind(word, PHONE_COLUMN) for word in words if _PHONE.fullmatch(word)}
    rows = await db.fetch(
        "SELECT id, phone_blind FROM members WHERE id = ANY ($1::bigint[]) OR phone_blind = ANY ($2::text[])",
        list(numbers.values()),
        list(phones.values()),
    )
    ids, blinds = {row["id"] for row in rows}, {row["phone_blind"] for row in rows}
    known = {word for word, number in numbers.items() if number in ids}
    known |= {word for word, blind in phones.items() if blind in blinds}
    return sorted(ids), [word for word in words if word not in known]


_ASK = """
INSERT INTO coupon_issues (template_id, source, segment, days, levels, day, operator, reason, last_id, members,
    created_at)
  SELECT $1, $2, $3, $4, $5::jsonb, $6, $7, $8, COALESCE(max(id), 0), count(*), $9 FROM members
  ON CONFLICT (source) DO NOTHING RETURNING id
"""


class _Issued(msgspec.Struct, frozen=True):
    """A template that an operator wants to issue."""

    slug: str
    active: bool
    ends_at: datetime | None
    total: int | None
    claimed: int
    amount_fen: int
    off_bp: int
    most_fen: int | None
    threshold_fen: int

    def most(self, members: int) -> int:
        """Return how many coupons these members get at most."""
        return members if self.total is None else min(members, self.total - self.claimed)


_TO_ISSUE = f"SELECT {db.columns(_Issued)} FROM coupon_templates WHERE id = $1"  # noqa: S608 - our own names


async def ask(deps: Deps, wanted: Wanted, operator: str, leave: Leave | None = None) -> int:
    """Create a job that issues a template's coupons to a segment; return the job's id.

    Raises NotFound, StateConflict (the template is switched off or over, or the form was sent before), AboveLimit.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await tx.fetchrow(_TO_ISSUE, wanted.template_id)
        if row is None:
            raise NotFound(what="coupon")
        template = db.typed(row, _Issued)
        if _over(template.ends_at, at, active=template.active):
            raise StateConflict(problem="这张优惠券已停用或已过有效期，不能发放")
        levels = orjson.dumps(wanted.levels).decode() if wanted.levels else None
        source, who = f"issue:{wanted.once}", (wanted.segment, wanted.days, levels, None)
        made: int | None = await tx.fetchval(_ASK, wanted.template_id, source, *who, operator, wanted.reason, at)
        if made is None:
            raise StateConflict(problem="这次发放已经提交过了")
        if wanted.segment == "list":
            await tx.execute(
                "INSERT INTO coupon_issue_members (issue_id, member_id) SELECT $1, unnest($2::bigint[])",
                made,
                wanted.members,
            )
            await tx.execute("UPDATE coupon_issues SET members = $2 WHERE id = $1", made, len(wanted.members))
        members: int = await tx.fetchval("SELECT members FROM coupon_issues WHERE id = $1", made)
        detail = {"after": _said(wanted), "reason": wanted.reason}
        basis = [template.amount_fen, template.off_bp, template.most_fen, template.threshold_fen]
        said = await approvals.weigh(tx, at, leave, detail, {"": template.most(members)}, basis)
        await audit_log.record(tx, at, operator, "coupon.issue", f"coupon:{template.slug}", {**said, "issue": made})
    return made


def _said(wanted: Wanted) -> dict[str, Any]:  # house: typed-rows - JSON of the audit log
    """Return who is meant, for the operators' log; of a list its length and its first members."""
    said: dict[str, Any] = {"segment": wanted.segment, "days": wanted.days}
    said |= {"levels": list(wanted.levels)} if wanted.levels else {}
    return said | ({"members": len(wanted.members), "member": wanted.members[:_TOLD]} if wanted.members else {})


def _over(ends_at: datetime | None, at: datetime, *, active: bool) -> bool:
    return not active or (ends_at is not None and ends_at <= at)


class _Running(msgspec.Struct, frozen=True):
    """A job that somebody wants to stop."""

    state: str
    issued: int


async def stop(deps: Deps, issue_id: int, reason: str, operator: str) -> None:
    """Stop a running job; coupons that it issued stay valid. Raises NotFound, StateConflict."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        job = await locks.row(tx, "coupon_issues", issue_id, _Running)
        if job.state != "running":
            raise StateConflict(status=job.state, problem="这次发放已经结束")
        await tx.execute("UPDATE coupon_issues SET state = 'stopped', finished_at = $2 WHERE id = $1", issue_id, at)
        detail = {"before": "running", "after": "stopped", "issued": job.issued, "reason": reason}
        await audit_log.record(tx, at, operator, "coupon.issue_stop", f"coupon_issue:{issue_id}", detail)


_PEOPLE = """
WITH slice AS ({slice} ORDER BY id LIMIT $3)
SELECT m.id, m.state = 'active' AND ({who})
    AND NOT EXISTS (SELECT FROM coupons c WHERE c.source = $4 || ':member:' || m.id) AS fits
  FROM slice s JOIN members m ON m.id = s.id ORDER BY m.id
"""
_MEMBERS = "SELECT id FROM members WHERE id > $1 AND id <= $2"
_LISTED = "SELECT member_id AS id FROM coupon_issue_members WHERE member_id > $1 AND member_id <= $2 AND issue_id = $5"
_BOUGHT = "EXISTS (SELECT FROM orders o WHERE o.member_id = m.id AND o.paid_at >= $5)"
_LEVEL = "COALESCE((SELECT position FROM member_levels l WHERE l.member_id = m.id), 0) = ANY ({}::int[])"
_WHO = {
    "all": "true",
    "new": "m.first_paid_at IS NULL",
    "bought": _BOUGHT,
    "not_bought": f"NOT {_BOUGHT}",
    "birthday": "EXTRACT(month FROM m.birthday) = $5",
    "day": f"to_char(m.birthday, 'MM-DD') = ANY ($5::text[]) AND ($6::int[] IS NULL OR {_LEVEL.format('$6')})",
    "level": _LEVEL.format("$5"),
    "list": "true",
}
"""By segment: which members of a batch fit. The segment's own parameters begin at $5."""


class _Job(msgspec.Struct, frozen=True):
    """A row of `coupon_issues`; the table explains its columns."""

    id: int
    template_id: int
    source: str
    segment: str
    days: int | None
    levels: tuple[int, ...] | None
    day: date | None
    place: int
    last_id: int
    created_at: datetime


class _Template(msgspec.Struct, frozen=True):
    """Whether a template can still be issued, and how many of it."""

    active: bool
    ends_at: datetime | None
    total: int | None
    claimed: int


_NEXT = f"""
SELECT {db.columns(_Job)} FROM coupon_issues WHERE state = 'running' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - our own names # house: lock - a queue waits for nobody


async def step(deps: Deps) -> bool:
    """Handle one batch of the oldest open job; return False when there is none."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await tx.fetchrow(_NEXT)
        if row is not None:
            await _step(tx, db.typed(row, _Job), at)
    return row is not None


async def _step(tx: db.Connection, job: _Job, at: datetime) -> None:
    template = await locks.row(tx, "coupon_templates", job.template_id, _Template)
    if _over(template.ends_at, at, active=template.active):
        await _moved(tx, job, job.place, 0, 0, "ended", at)
        return
    source = _source(job)
    statement = _PEOPLE.format(slice=_LISTED if job.segment == "list" else _MEMBERS, who=_WHO[job.segment])
    seen = await tx.fetch(statement, job.place, job.last_id, _BATCH, source, *_asked(job))
    fitting = [row["id"] for row in seen if row["fits"]]
    chosen = fitting if template.total is None else fitting[: template.total - template.claimed]
    if chosen:
        sources = [(one, f"{source}:member:{one}") for one in chosen]
        await drawer.issue_from(tx, job.template_id, sources, at, job.id)
    if len(chosen) < len(fitting):
        place = chosen[-1] if chosen else job.place
        await _moved(tx, job, place, sum(row["id"] <= place for row in seen), len(chosen), "total", at)
        return
    state = "running" if len(seen) == _BATCH else "done"
    await _moved(tx, job, seen[-1]["id"] if seen else job.place, len(seen), len(chosen), state, at)


def _source(job: _Job) -> str:
    """Return the start of the coupons' sources. A birthday gift comes once a year, even if a member changes the day."""
    return job.source if job.day is None else f"birthday:{job.template_id}:{job.day.year}"


def _asked(job: _Job) -> tuple[object, ...]:
    """Return the segment's parameters. Days count back from the time the job was created, not from when it runs."""
    match job:
        case _Job(segment="bought" | "not_bought", days=int(days)):
            return (job.created_at - timedelta(days=days),)
        case _Job(segment="birthday"):
            return (shanghai_day(job.created_at).month,)
        case _Job(segment="day", day=date() as day):
            return ([f"{month:02}-{of_month:02}" for month, of_month in birthdays(day)], job.levels)
        case _Job(segment="level"):
            return (job.levels,)
        case _Job(segment="list"):
            return (job.id,)
    return ()


async def _moved(tx: db.Connection, job: _Job, place: int, seen: int, issued: int, state: str, at: datetime) -> None:
    await tx.execute(
        "UPDATE coupon_issues SET place = $2, seen = seen + $3, issued = issued + $4, state = $5, finished_at = $6"
        " WHERE id = $1",
        job.id,
        place,
        seen,
        issued,
        state,
        None if state == "running" else at,
    )


async def plan_gifts(deps: Deps) -> None:
    """Create one job per birthday-gift template and day, also for days that were missed."""
    at = deps.clock.now()
    today = shanghai_day(at)
    async with db.transaction() as tx:
        rows = await tx.fetch(
            "SELECT t.id, t.levels, (SELECT max(day) FROM coupon_issues WHERE template_id = t.id) AS last"
            " FROM coupon_templates t WHERE t.active AND t.birthday_gift AND (t.ends_at IS NULL OR t.ends_at > $1)"
            " ORDER BY t.id",
            at,
        )
        for row in rows:
            for day in _due(row["last"], today):
                who = ("day", None, row["levels"], day)
                await tx.execute(_ASK, row["id"], f"birthday:{row['id']}:{day}", *who, _SYSTEM, "生日礼券", at)


def _due(last: date | None, today: date) -> list[date]:
    first = today if last is None else max(last + timedelta(days=1), today - timedelta(days=_MADE_UP_DAYS - 1))
    return [first + timedelta(days=n) for n in range((today - first).days + 1)]
