"""Take rebates back when a qualification is lost, or when a returned or a qualifying order is refunded.

Steps inside their callers' transactions. The callers hold the locks of the buyer and of the referrer (members
ascending). What the wallet cannot cover becomes debt, or is reported to the caller. Every step raises CouponHeld where
an unpaid order holds a coupon that it must take back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from server import db
from server.ledger import book, entries
from server.outbox import Job
from server.rules import rebate_history
from server.rules.rebate_history import Event, FriendRefunded, Lost, OwnRefunded, Standing
from server.rules.rebates import LineNet
from server.services.common import locks, take_backs
from server.services.coupons import values
from server.services.coupons.values import Excess
from server.services.growth import progress
from server.services.rebates import releases
from server.services.terms.rebate_rules import terms_of


class _Stage(msgspec.Struct, frozen=True):
    id: int
    amount_fen: int
    state: Literal["frozen", "settled"]


class _Row(msgspec.Struct, frozen=True):
    id: int
    member_id: int
    order_id: int
    rule_version: int
    pay_as: Literal["balance", "coupon"]
    whole_fen: int
    granted_fen: int
    history: tuple[Event, ...]


class _Rebate(_Row, frozen=True):
    stages: tuple[_Stage, ...]
    """Live stages, first to last."""

    @property
    def standing(self) -> Standing:
        """What the rule gave until now."""
        amounts = tuple(stage.amount_fen for stage in self.stages)
        return Standing(self.order_id, self.whole_fen, amounts, rebate_history.friends_of(self.history))


async def _locked(tx: db.Connection, rebate_id: int) -> _Rebate:
    """Lock a live rebate and its stages.

    The callers hold its member's lock, under which they found it not reversed. Reversing it takes the same lock.
    """
    row = await locks.row(tx, "rebates", rebate_id, _Row)
    stages = await tx.fetch(
        "SELECT id, amount_fen, state FROM rebate_stages WHERE rebate_id = $1 AND state <> 'reversed'"
        " ORDER BY position FOR NO KEY UPDATE",  # house: lock - the stages, after their rebate
        rebate_id,
    )
    return _Rebate(**msgspec.structs.asdict(row), stages=tuple(db.typed(stage, _Stage) for stage in stages))


@dataclass(frozen=True, slots=True)
class _Taking:
    """Why something of a rebate is taken back. `event` names it once per rebate."""

    event: str
    text: str


@dataclass(frozen=True, slots=True)
class Short:
    """What is withheld from a refund of the returned order: `fen` in all, of it what each used coupon took off."""

    fen: int
    coupons: tuple[Excess, ...] = ()


NOTHING = Short(0)


class _Qualification(msgspec.Struct, frozen=True):
    id: int
    order_id: int
    referrer_id: int
    state: str
    rebate_id: int | None


async def lose(tx: db.Connection, qualification_id: int, why: str, at: datetime) -> list[Job]:
    """Step: void a qualification. If a rebate consumed it, reverse the rebate; a staged one loses only its last stage.

    Returns the follow-up jobs: the referrer's cycle is checked again.
    """
    row = await locks.row(tx, "qualifications", qualification_id, _Qualification)
    if row.state == "void":
        return []
    await tx.execute(
        "UPDATE qualifications SET state = 'void', void_for = $2, held_for = NULL, rebate_id = NULL WHERE id = $1",
        qualification_id,
        why,
    )
    await progress.take_back_growth(tx, qualification_id, row.referrer_id, at)
    jobs = [Job("close_cycle", {"member_id": row.referrer_id})]
    if row.state != "consumed" or row.rebate_id is None:
        return jobs
    rebate = await _locked(tx, row.rebate_id)
    event = Lost(row.order_id, why)
    now = rebate_history.lost(await terms_of(rebate.rule_version), rebate.standing, event)
    if now.stages_fen:
        return jobs + await _drop_last_stage(tx, rebate, event, now, at)
    return jobs + await _reverse(tx, rebate, event, at)


async def recap(
    tx: db.Connection, rebate_id: int, order_id: int, net_fen: int, refund_no: str, at: datetime
) -> list[Job]:
    """Step: apply the payout cap again after a partial refund that left a qualifying order with this net cash.

    The rebate never rises again. Returns the follow-up jobs.
    """
    rebate = await _locked(tx, rebate_id)
    event = FriendRefunded(refund_no, order_id, net_fen)
    now = rebate_history.friend_refunded(await terms_of(rebate.rule_version), rebate.standing, event)
    await _write(tx, rebate, event, now)
    fallen_fen = rebate.granted_fen - now.granted_fen
    if not fallen_fen:
        return []
    await _fall(tx, rebate, now.stages_fen, _Taking(f"cap:{refund_no}", "好友订单部分退款，返还减少"), at)
    return await _give_budget_back(tx, rebate, fallen_fen)


async def _write(tx: db.Connection, rebate: _Rebate, event: Event, now: Standing) -> None:
    await tx.execute(
        "UPDATE rebates SET whole_fen = $2, granted_fen = $3, history = history || $4::jsonb WHERE id = $1",
        rebate.id,
        now.whole_fen,
        now.granted_fen,
        rebate_history.write(event),
    )


async def _drop_last_stage(tx: db.Connection, rebate: _Rebate, event: Lost, now: Standing, at: datetime) -> list[Job]:
    """Reverse the last stage; reduce the others where the orders of the remaining friends no longer cover them."""
    last = rebate.stages[-1]
    await tx.execute("UPDATE rebate_stages SET state = 'reversed' WHERE id = $1", last.id)
    await tx.execute("UPDATE rebates SET state = 'frozen', settled_at = NULL WHERE id = $1", rebate.id)
    await _write(tx, rebate, event, now)
    await releases.schedule(tx, rebate.id)  # the remaining stages depend on other orders now
    taking = _Taking(f"reversal:{last.id}", _WHY.get(event.why, "返还收回"))
    await _fall(tx, rebate, [*now.stages_fen, 0], taking, at)
    return await _give_budget_back(tx, rebate, rebate.granted_fen - now.granted_fen)


_WHY = {
    "refund": "好友订单退款，返还收回",
    "review": "审核未通过，返还收回",
    "returned_refund": "返还订单退款，返还收回",
}


async def _reverse(tx: db.Connection, rebate: _Rebate, event: Lost, at: datetime) -> list[Job]:
    """Reverse a live rebate in full and turn what the wallet cannot cover into debt."""
    await _end(tx, rebate, event, event.why, at)
    nothing = [0] * len(rebate.stages)
    await _fall(tx, rebate, nothing, _Taking("reversal", _WHY.get(event.why, "返还收回")), at)
    return await _wake(tx, rebate)


async def _end(tx: db.Connection, rebate: _Rebate, event: Event, why: str, at: datetime) -> None:
    """Write that a rebate is reversed; the other qualifications count again and keep the cycle's version."""
    await tx.execute(
        "UPDATE rebates SET state = 'reversed', reversed_at = $2, reversed_for = $3, granted_fen = 0,"
        " release_at = NULL, history = history || $4::jsonb WHERE id = $1",
        rebate.id,
        at,
        why,
        rebate_history.write(event),
    )
    await tx.execute(
        "UPDATE rebate_stages SET state = 'reversed' WHERE rebate_id = $1 AND state <> 'reversed'", rebate.id
    )
    await tx.execute(
        "UPDATE qualifications SET state = 'counted', rebate_id = NULL, rule_version = $2 WHERE rebate_id = $1",
        rebate.id,
        rebate.rule_version,
    )


async def _wake(tx: db.Connection, rebate: _Rebate) -> list[Job]:
    """Give the budget of a reversed rebate back; return the jobs that check the cycles which may close now."""
    jobs = await _give_budget_back(tx, rebate, rebate.granted_fen)
    return [*jobs, Job("close_cycle", {"member_id": rebate.member_id})]


async def reduce(
    tx: db.Connection, rebate_id: int, lines: Sequence[LineNet], refund_no: str, at: datetime
) -> tuple[Short, list[Job]]:
    """Step: reduce a rebate after a refund of its returned order, to what the rule would have given for the rest of it.

    Returns what is to be withheld from that refund, and the follow-up jobs.
    """
    rebate = await _locked(tx, rebate_id)
    event = OwnRefunded(refund_no, tuple(lines))
    now = rebate_history.own_refunded(await terms_of(rebate.rule_version), rebate.standing, event)
    if not now.stages_fen:
        return await _reverse_returned(tx, rebate, event, at)
    await _write(tx, rebate, event, now)
    taking = _Taking(f"reduction:{refund_no}", "返还订单部分退款")
    short = await _withhold(tx, rebate, now.stages_fen, taking, at)
    return short, await _give_budget_back(tx, rebate, rebate.granted_fen - now.granted_fen)


async def _reverse_returned(
    tx: db.Connection, rebate: _Rebate, event: OwnRefunded, at: datetime
) -> tuple[Short, list[Job]]:
    await _end(tx, rebate, event, "returned_refund", at)
    short = await _withhold(tx, rebate, [0] * len(rebate.stages), _Taking("reversal", _WHY["returned_refund"]), at)
    return short, await _wake(tx, rebate)


async def _give_budget_back(tx: db.Connection, rebate: _Rebate, amount_fen: int) -> list[Job]:
    """Give budget back and have all cycles checked again: those of other members may have waited for it."""
    terms = await terms_of(rebate.rule_version)
    if terms.budget_fen is None or not amount_fen:
        return []
    await tx.execute(
        "UPDATE rule_versions SET budget_used_fen = budget_used_fen - $2 WHERE version = $1",
        rebate.rule_version,
        amount_fen,
    )
    return [Job("sweep_cycles", {})]


async def _fall(tx: db.Connection, rebate: _Rebate, left_fen: Sequence[int], taking: _Taking, at: datetime) -> None:
    """Leave each stage this much of a rebate; what wallet and coupons do not cover becomes debt."""
    if rebate.pay_as == "coupon":
        for excess in await _lower_coupons(tx, rebate, left_fen, taking, at):
            await values.owe(tx, excess, taking.event, taking.text, at)
    else:
        await _take(tx, rebate, left_fen, taking, at, debt=True)


async def _withhold(
    tx: db.Connection, rebate: _Rebate, left_fen: Sequence[int], taking: _Taking, at: datetime
) -> Short:
    """Do the same, but return what wallet and coupons do not cover."""
    if rebate.pay_as == "coupon":
        excesses = await _lower_coupons(tx, rebate, left_fen, taking, at)
        return Short(sum(excess.fen for excess in excesses), tuple(excesses))
    return Short(await _take(tx, rebate, left_fen, taking, at, debt=False))


async def _lower_coupons(
    tx: db.Connection, rebate: _Rebate, left_fen: Sequence[int], taking: _Taking, at: datetime
) -> list[Excess]:
    """Leave the coupons of settled stages no more than this; returns what used ones took off above it."""
    await _resize(tx, rebate, left_fen)
    found = []
    for stage, to_fen in zip(rebate.stages, left_fen, strict=True):
        if stage.state == "settled" and to_fen < stage.amount_fen:
            coupon = await values.of_source(tx, releases.coupon_source(rebate.id, stage.id))
            excess = await values.lower(tx, coupon, to_fen, taking.event, at)
            found += [excess] if excess is not None else []
    return found


async def _take(
    tx: db.Connection, rebate: _Rebate, left_fen: Sequence[int], taking: _Taking, at: datetime, *, debt: bool
) -> int:
    """Take the rest of a rebate back from the wallet; returns the fen that it does not cover, 0 with `debt`."""
    await _resize(tx, rebate, left_fen)
    amount_fen = sum(stage.amount_fen for stage in rebate.stages) - sum(left_fen)
    source = entries.rebate_source(rebate.id)
    taken, short_fen = await take_backs.parts(tx, rebate.member_id, source, amount_fen, debt=debt)
    key = f"{source}:{taking.event}"
    await book.post(tx, entries.rebate_take_back(key, rebate.id, rebate.member_id, taking.text, taken), at)
    return short_fen


async def _resize(tx: db.Connection, rebate: _Rebate, left_fen: Sequence[int]) -> None:
    """Write the amounts of the stages that stay; a reversed stage keeps the amount it had."""
    await tx.execute(
        "UPDATE rebate_stages s SET amount_fen = n.amount FROM unnest($1::bigint[], $2::bigint[]) AS n (id, amount)"
        " WHERE s.id = n.id AND s.state <> 'reversed'",
        [stage.id for stage in rebate.stages],
        list(left_fen),
    )
