"""Take rebates back when a qualification is lost or a returned order is refunded.

Steps inside their callers' transactions. The callers hold the locks of the buyer and of the referrer (members
ascending). What the wallet cannot cover becomes debt, or is reported to the caller.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from server import db
from server.ledger import book, entries
from server.outbox import Job
from server.rules.rebates import LineNet, granted, reduced, stage_total, take_from_stages
from server.services.commissions import carried
from server.services.common import locks, take_backs
from server.services.growth import progress
from server.services.rebates import coupon_returns, releases
from server.services.terms import policy
from server.services.terms.rebate_rules import terms_of


class _Stage(msgspec.Struct, frozen=True):
    id: int
    amount_fen: int
    state: Literal["frozen", "settled"]


class _Row(msgspec.Struct, frozen=True):
    id: int
    member_id: int
    rule_version: int
    pay_as: Literal["balance", "coupon"]
    whole_fen: int
    granted_fen: int


class _Rebate(_Row, frozen=True):
    stages: tuple[_Stage, ...]
    """Live stages, first to last."""


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


class _Qualification(msgspec.Struct, frozen=True):
    id: int
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
    terms = await terms_of(rebate.rule_version)
    if terms.staged and len(rebate.stages) > 1:
        return jobs + await _drop_last_stage(tx, rebate, why, at)
    _, more = await reverse(tx, rebate.id, why, at, debt=True)
    return jobs + more


_CARRIED = carried.OF_REBATE.format("$1")


async def _drop_last_stage(tx: db.Connection, rebate: _Rebate, why: str, at: datetime) -> list[Job]:
    """Reverse the last stage; reduce the others where the orders of the remaining friends no longer cover them."""
    terms = await terms_of(rebate.rule_version)
    *kept, last = rebate.stages
    amounts = [stage.amount_fen for stage in kept]
    points_per_fen = (await policy.read(tx)).policy.points_per_fen
    row = await tx.fetchrow(_CARRIED, rebate.id, points_per_fen)
    carried_fen = granted(terms, rebate.whole_fen, row["nets"], row["given"])
    excess = max(0, sum(amounts) - carried_fen)
    left = take_from_stages(amounts, excess)
    await tx.execute("UPDATE rebate_stages SET state = 'reversed' WHERE id = $1", last.id)
    await _resize(tx, kept, left)
    await tx.execute(
        "UPDATE rebates SET granted_fen = $2, state = 'frozen', settled_at = NULL WHERE id = $1", rebate.id, sum(left)
    )
    await releases.schedule(tx, rebate.id)  # the remaining stages depend on other orders now
    key, text = f"rebate:{rebate.id}:reversal:{last.id}", _WHY.get(why, "返还收回")
    _, jobs = await _take(tx, rebate, [last], last.amount_fen + excess, key, text, at, debt=True)
    if rebate.pay_as == "coupon" and excess:
        used_fen, more = await coupon_returns.shrink(tx, rebate.id, _settled(kept, left), at)
        await book.post(tx, entries.coupon_take_back(key, rebate.id, rebate.member_id, text, used_fen), at)
        jobs += more
    return jobs


async def _resize(tx: db.Connection, stages: Sequence[_Stage], amounts_fen: list[int]) -> None:
    await tx.execute(
        "UPDATE rebate_stages s SET amount_fen = n.amount FROM unnest($1::bigint[], $2::bigint[]) AS n (id, amount)"
        " WHERE s.id = n.id",
        [stage.id for stage in stages],
        amounts_fen,
    )


def _settled(stages: Sequence[_Stage], amounts_fen: list[int]) -> dict[int, int]:
    """Map stage id → new amount in fen, for the settled stages, which have become coupons."""
    pairs = zip(stages, amounts_fen, strict=True)
    return {stage.id: amount_fen for stage, amount_fen in pairs if stage.state == "settled"}


_WHY = {
    "refund": "好友订单退款，返还收回",
    "review": "审核未通过，返还收回",
    "returned_refund": "返还订单退款，返还收回",
}


async def reverse(tx: db.Connection, rebate_id: int, why: str, at: datetime, *, debt: bool) -> tuple[int, list[Job]]:
    """Step: reverse a live rebate in full; this frees its cap, budget, qualifications and returned order.

    Returns the fen that the wallet could not cover (0 with `debt`, where they become debt) and the follow-up jobs. The
    other qualifications count again and keep the cycle's version.
    """
    rebate = await _locked(tx, rebate_id)
    await tx.execute(
        "UPDATE rebates SET state = 'reversed', reversed_at = $2, reversed_for = $3, granted_fen = 0, release_at = NULL"
        " WHERE id = $1",
        rebate_id,
        at,
        why,
    )
    await tx.execute(
        "UPDATE rebate_stages SET state = 'reversed' WHERE rebate_id = $1 AND state <> 'reversed'", rebate_id
    )
    await tx.execute(
        "UPDATE qualifications SET state = 'counted', rebate_id = NULL, rule_version = $2 WHERE rebate_id = $1",
        rebate_id,
        rebate.rule_version,
    )
    key = f"rebate:{rebate_id}:reversal"
    text = _WHY.get(why, "返还收回")
    short, jobs = await _take(tx, rebate, rebate.stages, rebate.granted_fen, key, text, at, debt=debt)
    jobs += await _give_budget_back(tx, rebate, rebate.whole_fen)
    return short, [*jobs, Job("close_cycle", {"member_id": rebate.member_id})]


async def reduce(
    tx: db.Connection, rebate_id: int, lines: list[LineNet], refund_no: str, at: datetime
) -> tuple[int, list[Job]]:
    """Step: reduce a rebate after a partial refund of its returned order, to what the rule would have given.

    Returns the fen that the wallet could not cover, which are withheld from that refund, and the follow-up jobs.
    """
    rebate = await _locked(tx, rebate_id)
    terms = await terms_of(rebate.rule_version)
    whole = reduced(terms, rebate.whole_fen, lines)
    if whole == 0:
        return await reverse(tx, rebate_id, "returned_refund", at, debt=False)
    amounts = [stage.amount_fen for stage in rebate.stages]
    excess = max(0, rebate.granted_fen - stage_total(terms, whole, len(amounts)))
    left = take_from_stages(amounts, excess)
    await tx.execute(
        "UPDATE rebates SET whole_fen = $2, granted_fen = granted_fen - $3 WHERE id = $1", rebate_id, whole, excess
    )
    await _resize(tx, rebate.stages, left)
    if rebate.pay_as == "coupon":
        short, jobs = await coupon_returns.shrink(tx, rebate_id, _settled(rebate.stages, left), at)
    else:
        key = f"rebate:{rebate_id}:reduction:{refund_no}"
        short, jobs = await _take(tx, rebate, rebate.stages, excess, key, "返还订单部分退款", at, debt=False)
    return short, jobs + await _give_budget_back(tx, rebate, rebate.whole_fen - whole)


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


async def _take(  # noqa: PLR0913 - one taking-back with all its parts
    tx: db.Connection,
    rebate: _Rebate,
    stages: Sequence[_Stage],
    amount_fen: int,
    key: str,
    why: str,
    at: datetime,
    *,
    debt: bool,
) -> tuple[int, list[Job]]:
    if rebate.pay_as == "coupon":
        settled = [stage.id for stage in stages if stage.state == "settled"]
        if not debt:
            return await coupon_returns.shrink(tx, rebate.id, dict.fromkeys(settled, 0), at)
        return 0, [coupon_returns.job(rebate.id, stage_id) for stage_id in settled]
    source = entries.rebate_source(rebate.id)
    taken, short_fen = await take_backs.parts(tx, rebate.member_id, source, amount_fen, debt=debt)
    await book.post(tx, entries.rebate_take_back(key, rebate.id, rebate.member_id, why, taken), at)
    return short_fen, []
