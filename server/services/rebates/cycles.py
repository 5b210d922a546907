"""`close_cycle`: the only use case that creates rebates. It runs after every event that may complete a cycle."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec
import orjson

from server import db, outbox
from server.core.clock import month_start
from server.core.money import yuan
from server.gateways.ports import Deps
from server.ledger import book, entries
from server.outbox import Job
from server.rules import rebate_history
from server.rules.orders import SETTLED_STATES
from server.rules.rebates import (
    Candidate,
    Close,
    CycleFacts,
    Join,
    LineNet,
    OpenRebate,
    RuleTerms,
    decide,
)
from server.services.commissions import earnings
from server.services.common import alarms, locks
from server.services.notices import messages
from server.services.rebates import carried, first_orders, qualifications, releases
from server.services.terms.rebate_rules import terms_of

_MEMBERS_PER_SWEEP = 500


async def close_cycle(deps: Deps, member_id: int) -> int:
    """Close (or advance) every cycle of a referrer that can close now, one transaction each; returns how many did.

    Safe to run at any time, any number of times, by several workers at once.
    """
    await first_orders.look_at_counted(deps, member_id)
    orders = await earnings.decided_orders(deps, member_id)
    closed = 0
    while await _advance(deps, member_id, orders):
        closed += 1
    return closed


async def sweep(deps: Deps) -> None:
    """Check every referrer with counted qualifications again: for a new month, an overdue choice or a lost event."""
    last = 0
    while True:
        rows = await db.fetch(
            "SELECT DISTINCT referrer_id FROM qualifications WHERE state = 'counted' AND referrer_id > $1"
            " ORDER BY referrer_id LIMIT $2",
            last,
            _MEMBERS_PER_SWEEP,
        )
        for row in rows:
            await close_cycle(deps, row["referrer_id"])
        if len(rows) < _MEMBERS_PER_SWEEP:
            return
        last = rows[-1]["referrer_id"]


class _BudgetTakenError(Exception):
    """Another member's cycle took the budget after this cycle had read it: roll back and read again."""


async def _advance(deps: Deps, member_id: int, orders: list[int]) -> bool:
    while True:
        with contextlib.suppress(_BudgetTakenError):
            return await _advance_once(deps, member_id, orders)


async def _advance_once(deps: Deps, member_id: int, orders: list[int]) -> bool:
    at = deps.clock.now()
    async with db.transaction() as tx:
        state = await locks.member(tx, member_id)
        if state != "active":
            return False
        await qualifications.count_held(tx, member_id, at)
        cycle = await _cycle(tx, member_id, orders, at)
        if cycle is None:
            return False
        decision = decide(cycle.terms, cycle.facts)
        match decision:
            case Close():
                await _close(tx, member_id, cycle, decision, at)
                return True
            case Join():
                await _join(tx, member_id, cycle, decision, at)
                return True
            case _:
                if decision.reason == "budget":
                    await _tell_budget(tx, cycle.version, at)
                return False


@dataclass(frozen=True, slots=True)
class _Cycle:
    version: int
    terms: RuleTerms
    facts: CycleFacts


class _Counted(carried.Counted, frozen=True):
    rule_version: int


_COUNTED = f"""
SELECT q.rule_version, {carried.COLUMNS} FROM qualifications q
WHERE q.referrer_id = $1 AND q.state = 'counted' AND q.order_id = ANY ($2) ORDER BY q.paid_at, q.order_id
"""  # noqa: S608 - our own text


class _Open(msgspec.Struct, frozen=True):
    id: int
    rule_version: int
    whole_fen: int
    granted_fen: int
    history: tuple[rebate_history.Event, ...]


_OPEN = f"""
SELECT {db.columns(_Open)} FROM rebates r WHERE member_id = $1 AND state = 'frozen'
  AND required > (SELECT count(*) FROM qualifications WHERE rebate_id = r.id) ORDER BY id LIMIT 1
"""  # noqa: S608 - our own names


async def _cycle(tx: db.Connection, member_id: int, orders: list[int], at: datetime) -> _Cycle | None:
    """Read the facts of the member's next cycle under the member's lock; None when none of `orders` is counted.

    A qualification that was counted meanwhile has its own `close_cycle` job.
    """
    counted = [db.typed(row, _Counted) for row in await tx.fetch(_COUNTED, member_id, orders)]
    if not counted:
        return None
    rates = await carried.rates(tx)
    row = await tx.fetchrow(_OPEN, member_id)
    opened = db.typed(row, _Open) if row is not None else None
    version = opened.rule_version if opened else counted[0].rule_version
    terms = await terms_of(version)
    used = await used_so_far(tx, member_id, version, at)
    facts = CycleFacts(
        now=at,
        counted=tuple(carried.qualified(one, rates) for one in counted),
        open_rebate=_joinable(opened) if opened else None,
        candidates=() if opened else tuple(await candidates(tx, member_id)),
        chosen_order_id=used.chosen_order_id,
        live_cycles=used.cycles,
        month_granted_fen=used.month_fen,
        budget_used_fen=used.budget_fen,
    )
    return _Cycle(version, terms, facts)


class Used(msgspec.Struct, frozen=True):
    """What a member's live rebates and a rule version have used, and which order the member chose."""

    cycles: int
    month_fen: int
    budget_fen: int
    chosen_order_id: int | None


_USED = """
SELECT count(*) AS cycles, COALESCE(sum(whole_fen) FILTER (WHERE closed_at >= $2), 0)::bigint AS month_fen,
    (SELECT budget_used_fen FROM rule_versions WHERE version = $3) AS budget_fen,
    (SELECT order_id FROM return_choices WHERE member_id = $1) AS chosen_order_id
  FROM rebates WHERE member_id = $1 AND state <> 'reversed'
"""


async def used_so_far(connection: db.Connection, member_id: int, version: int, at: datetime) -> Used:
    """Read what stands against the limits of a version in the month of `at`."""
    return db.typed(await connection.fetchrow(_USED, member_id, month_start(at), version), Used)


def _joinable(rebate: _Open) -> OpenRebate:
    friends = rebate_history.friends_of(rebate.history)
    return rebate_history.opened(rebate.whole_fen, rebate.granted_fen, friends, rebate.id)


async def candidates(connection: db.Connection, member_id: int) -> list[Candidate]:
    """List the member's paid orders that no live rebate returns; the rule is not applied yet."""
    rows = await connection.fetch(
        "SELECT o.id, o.order_no, o.kind, o.paid_at, (SELECT jsonb_agg(jsonb_build_object('product_id', product_id,"
        "   'category_id', category_id, 'net_cash_fen', cash_fen - refunded_cash_fen)) FROM order_lines"
        "   WHERE order_id = o.id) AS lines FROM orders o WHERE o.member_id = $1"
        " AND o.status = ANY ($2::text[]) AND o.cash_due_fen > 0 AND o.for_return"
        " AND NOT EXISTS (SELECT 1 FROM rebates r WHERE r.order_id = o.id AND r.state <> 'reversed')"
        " ORDER BY o.paid_at, o.id",
        member_id,
        list(SETTLED_STATES),
    )
    return [
        Candidate(
            row["id"],
            row["order_no"],
            row["kind"],
            row["paid_at"],
            tuple(LineNet(**line) for line in orjson.loads(row["lines"])),
        )
        for row in rows
    ]


async def _close(tx: db.Connection, member_id: int, cycle: _Cycle, close: Close, at: datetime) -> None:
    """Write the rebate. The budget's row is locked last: all members' cycles wait for it. Raises _BudgetTakenError."""
    terms = cycle.terms
    explanation = {"steps": [{"label": step.label, "amount_fen": step.amount_fen} for step in close.steps]}
    facts = replace(cycle.facts, counted=cycle.facts.counted[: len(close.qualification_ids)])
    rebate_id: int = await tx.fetchval(
        "INSERT INTO rebates (member_id, order_id, rule_version, state, pay_as, withdrawable, required, whole_fen,"
        " granted_fen, explanation, closed_at, history)"
        " VALUES ($1, $2, $3, 'frozen', $4, $5, $6, $7, 0, $8::jsonb, $9, $10::jsonb) RETURNING id",
        member_id,
        close.order_id,
        cycle.version,
        terms.pay_as,
        terms.withdrawable,
        terms.required,
        close.whole_fen,
        orjson.dumps(explanation).decode(),
        at,
        rebate_history.write(rebate_history.Closed(facts)),
    )
    await tx.execute("DELETE FROM return_choices WHERE member_id = $1", member_id)
    await _consume(tx, rebate_id, close.qualification_ids)
    for position, amount_fen in enumerate(close.stage_fen, start=1):
        await _grant(tx, member_id, rebate_id, position, amount_fen, terms, at)
    await releases.schedule(tx, rebate_id)
    await _notify(tx, member_id, rebate_id, sum(close.stage_fen), at)
    await _spend_budget(tx, cycle, sum(close.stage_fen))


async def _join(tx: db.Connection, member_id: int, cycle: _Cycle, join: Join, at: datetime) -> None:
    await _consume(tx, join.rebate_id, (join.qualification_id,))
    joined = rebate_history.Joined(at, cycle.facts.counted[0], cycle.facts.budget_used_fen)
    await tx.execute(
        "UPDATE rebates SET history = history || $2::jsonb WHERE id = $1",
        join.rebate_id,
        rebate_history.write(joined),
    )
    await _grant(tx, member_id, join.rebate_id, join.position, join.stage_fen, cycle.terms, at)
    await releases.schedule(tx, join.rebate_id)
    await _notify(tx, member_id, join.rebate_id, join.stage_fen, at)
    await _spend_budget(tx, cycle, join.stage_fen)


async def _consume(tx: db.Connection, rebate_id: int, qualification_ids: Sequence[int]) -> None:
    taken = await tx.fetch(
        "UPDATE qualifications SET state = 'consumed', rebate_id = $1 WHERE id = ANY ($2) AND state = 'counted'"
        " RETURNING id",
        rebate_id,
        list(qualification_ids),
    )
    if len(taken) != len(qualification_ids):
        msg = f"qualifications {qualification_ids} moved although their referrer is locked"
        raise RuntimeError(msg)


async def _grant(
    tx: db.Connection, member_id: int, rebate_id: int, position: int, amount_fen: int, terms: RuleTerms, at: datetime
) -> None:
    """Write one stage: its row, its frozen money (a coupon is issued only at release), the rebate's total."""
    stage_id: int = await tx.fetchval(
        "INSERT INTO rebate_stages (rebate_id, position, amount_fen, state, created_at)"
        " VALUES ($1, $2, $3, 'frozen', $4) RETURNING id",
        rebate_id,
        position,
        amount_fen,
        at,
    )
    await tx.execute("UPDATE rebates SET granted_fen = granted_fen + $2 WHERE id = $1", rebate_id, amount_fen)
    if terms.pay_as == "balance" and amount_fen:
        await book.post(tx, entries.rebate_stage(rebate_id, position, stage_id, member_id, amount_fen), at)


async def _spend_budget(tx: db.Connection, cycle: _Cycle, amount_fen: int) -> None:
    if cycle.terms.budget_fen is None:
        return
    spent = await tx.fetchval(
        "UPDATE rule_versions SET budget_used_fen = budget_used_fen + $2"
        " WHERE version = $1 AND budget_used_fen + $2 <= $3 RETURNING version",
        cycle.version,
        amount_fen,
        cycle.terms.budget_fen,
    )
    if spent is None:
        raise _BudgetTakenError


async def _tell_budget(tx: db.Connection, version: int, at: datetime) -> None:
    """Alert operators, at most once per version and day, that cycles wait for budget."""
    await alarms.sound_at_most_every(timedelta(days=1), tx, "rebate_budget", f"rule:{version}", at, {})


async def _notify(tx: db.Connection, member_id: int, rebate_id: int, amount_fen: int, at: datetime) -> None:
    if not amount_fen:
        return
    values = {"amount": f"{yuan(amount_fen)}元", "state": "已入账（冻结中）"}
    told: Job = messages.notice_job(member_id, "rebate_frozen", values, f"id={rebate_id}")
    await outbox.put(tx, [told], at)
