"""Withdrawals for operators to decide: the list, one with its evidence, many at once, and the real name on request."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from server import db
from server.core.columns import PHONE_COLUMN
from server.core.errors import NotFound, Refusal
from server.gateways.ports import Deps
from server.ledger import browser, statement
from server.ledger.browser import Mention
from server.ledger.chart import WITHDRAWABLE
from server.rules import labels
from server.rules.members import masked_name, masked_phone
from server.rules.operators import Permission
from server.rules.shop import ShopPolicy
from server.rules.withdrawals import LIVE, S, Today, WithdrawalState, needs_second
from server.services.common import audit_log, cursors
from server.services.common.listings import (
    Column,
    Key,
    Listing,
    choice,
    exactly,
    numbered,
    phone,
    search,
    since,
    switch,
    until,
)
from server.services.terms import policy
from server.services.withdrawals import requests as withdrawal_requests
from server.services.withdrawals.views import WithdrawalView

MANY_MOST = 50
"""The most withdrawals that one request decides: as many as one page of the list has."""
_LATEST = 10
_CREDITS = 20
_LOOK_BACK = timedelta(days=180)
"""How far back orders and refunds are counted."""

WITHDRAWALS = Listing(
    name="withdrawals",
    title="提现",
    permission=Permission.WITHDRAWALS_VIEW,
    select=(
        "w.id, w.withdrawal_no, w.member_id, w.state, w.amount_fen, w.fee_fen, w.tax_fen, w.payout_fen, w.requested_at,"
        " w.approved_by, w.second_by, w.cancelled_by, w.finished_at, w.why"
    ),
    source="withdrawals w",
    keys=(Key("w.id", cursors.Number),),
    columns=(
        Column("提现号", "withdrawal_no", "code", to="/admin/withdrawals/{withdrawal_no}"),
        Column("会员", "member_id", to="/admin/members/{member_id}"),
        Column("状态", "state", "tag", words=labels.WITHDRAWAL_STATES),
        Column("提现金额", "amount_fen", "yuan"),
        Column("手续费", "fee_fen", "yuan"),
        Column("代扣税", "tax_fen", "yuan"),
        Column("实付", "payout_fen", "yuan"),
        Column("申请时间", "requested_at", "when"),
        Column("审核人", "approved_by"),
        Column("复核人", "second_by"),
        Column("结束时间", "finished_at", "when"),
        Column("原因", "why"),
    ),
    filters=(
        search(
            "提现号、手机号或 #会员号",
            phone("w.member_id", PHONE_COLUMN, "(SELECT id FROM members WHERE phone_blind = {0} LIMIT 1)"),
            numbered("w.member_id"),
            exactly("w.withdrawal_no", "W[0-9A-Z]{3,31}"),
        ),
        choice("state", "状态", "w.state", labels.WITHDRAWAL_STATES),
        switch(
            "review",
            "审核",
            {
                "first": ("等待审核", "w.state = 'requested' AND w.approved_by IS NULL"),
                "second": ("等待复核", "w.state = 'requested' AND w.approved_by IS NOT NULL"),
            },
        ),
        since("w.requested_at", "申请从"),
        until("w.requested_at"),
    ),
    empty="还没有提现",
    template="withdrawals/withdrawals.html",
)


class Step(NamedTuple):
    """A state that was reached, when, and who caused it."""

    label: str
    at: datetime
    who: str


class Earned(NamedTuple):
    """A member's earnings of one kind: how often, the amount granted, and how many were taken back."""

    name: str
    times: int
    granted_fen: int
    reversed: int


class Traffic(NamedTuple):
    """Paid orders of the last half year, and how many of them were refunded fully or partly."""

    orders: int
    refunded: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Facts for and against a member who asks for money."""

    member: str
    state: str
    since: datetime
    referrer_id: int | None
    referees: int
    qualifications: dict[str, int]
    """By state."""
    balances: dict[str, int]
    """By account code, in fen, or in points where the code says so."""
    earned: list[Earned]
    credits: list[Mention]
    """The latest credits of the withdrawable account."""
    own: Traffic
    friends: Traffic
    same_phone: int
    """Referees who share a phone number with the member, in the profile or in an address."""
    same_address: int
    latest: list[dict[str, Any]]
    """The member's latest other withdrawals."""
    today: Today


@dataclass(frozen=True, slots=True)
class Detail:
    """One withdrawal, for the operator who decides. `row` has the columns of its table."""

    row: dict[str, Any]
    state: WithdrawalState
    steps: list[Step]
    second_needed: bool
    may_cancel: bool
    has_name: bool
    limits: ShopPolicy
    evidence: Evidence
    entries: list[Mention]


async def detail(deps: Deps, withdrawal_no: str) -> Detail:
    """Return everything about one withdrawal. Raises NotFound, Busy."""
    found = await db.fetch_row("SELECT * FROM withdrawals WHERE withdrawal_no = $1", withdrawal_no)
    if found is None:
        raise NotFound(what="withdrawal")
    shop, row, state = await policy.current(), dict(found), WithdrawalState(found["state"])
    return Detail(
        row=row,
        state=state,
        steps=_steps(row, state),
        second_needed=needs_second(row["amount_fen"], shop),
        may_cancel=state in LIVE and row["cancelled_by"] is None,
        has_name=row["real_name_sealed"] is not None,
        limits=shop,
        evidence=await _evidence(deps, row["member_id"], row["id"]),
        entries=await browser.about(f"withdrawal:{withdrawal_no}"),
    )


def _steps(row: dict[str, Any], state: WithdrawalState) -> list[Step]:
    ended_by = row["cancelled_by"] if state is S.CANCELLED else None
    reached = [
        ("申请", row["requested_at"], "会员"),
        ("同意", row["approved_at"], row["approved_by"]),
        ("复核同意", row["second_at"], row["second_by"]),
        ("交给微信", row["sent_at"], "系统"),
        ("等会员确认", row["confirming_at"], "微信"),
        (labels.WITHDRAWAL_STATES[state], row["finished_at"], {"member": "会员", None: ""}.get(ended_by, ended_by)),
    ]
    return [Step(label, at, who or "") for label, at, who in reached if at is not None]


_PERSON = """
SELECT m.nickname, m.phone_sealed, m.state, m.created_at, m.referrer_id,
  (SELECT count(*) FROM members f WHERE f.referrer_id = m.id) AS referees
FROM members m WHERE m.id = $1
"""
_EARNED = """
SELECT '返一' AS name, count(*) AS times, COALESCE(sum(granted_fen), 0)::bigint AS granted_fen,
  count(*) FILTER (WHERE state = 'reversed') AS reversed FROM rebates WHERE member_id = $1
UNION ALL
SELECT '佣金', count(*), COALESCE(sum(granted_fen), 0)::bigint, count(*) FILTER (WHERE state = 'reversed')
  FROM commissions WHERE member_id = $1
"""
_TRAFFIC = """
SELECT count(*) AS orders, count(*) FILTER (WHERE refunded_cash_fen + refunded_balance_fen > 0) AS refunded
FROM orders WHERE {of} = $1 AND paid_at >= $2
"""
_SAME = """
WITH mine AS (SELECT phone_blind AS phone, place_blind AS place FROM addresses WHERE member_id = $1
    UNION ALL SELECT $2, NULL UNION ALL SELECT phone_blind, NULL FROM members WHERE id = $1),
theirs AS (
  SELECT a.member_id, a.phone_blind AS phone, a.place_blind AS place
    FROM members f JOIN addresses a ON a.member_id = f.id WHERE f.referrer_id = $1
  UNION ALL SELECT f.id, f.phone_blind, NULL FROM members f WHERE f.referrer_id = $1 AND f.phone_blind IS NOT NULL)
SELECT (SELECT count(DISTINCT t.member_id) FROM theirs t WHERE t.phone IN (SELECT phone FROM mine)) AS same_phone,
  (SELECT count(DISTINCT t.member_id) FROM theirs t WHERE t.place IN (SELECT place FROM mine)) AS same_address
"""


async def _evidence(deps: Deps, member_id: int, withdrawal_id: int) -> Evidence:
    at = deps.clock.now()
    person: Any = await db.fetch_row(_PERSON, member_id)
    number = deps.cipher.open(person["phone_sealed"], PHONE_COLUMN) if person["phone_sealed"] else None
    same: Any = await db.fetch_row(_SAME, member_id, number and deps.cipher.blind(number, "addresses.phone_blind"))
    states = await db.fetch(
        "SELECT state, count(*) AS count FROM qualifications WHERE referrer_id = $1 GROUP BY state ORDER BY state",
        member_id,
    )
    latest = await db.fetch(
        "SELECT withdrawal_no, state, amount_fen, requested_at, why FROM withdrawals"
        " WHERE member_id = $1 AND id <> $2 ORDER BY id DESC LIMIT $3",
        member_id,
        withdrawal_id,
        _LATEST,
    )
    async with db.connection() as reader:
        today = await withdrawal_requests.asked_today(reader, member_id, at)
    return Evidence(
        member=f"#{member_id} {masked_name(person['nickname'])} {masked_phone(number) if number else ''}".rstrip(),
        state=person["state"],
        since=person["created_at"],
        referrer_id=person["referrer_id"],
        referees=person["referees"],
        qualifications={row["state"]: row["count"] for row in states},
        balances=await statement.balances(member_id),
        earned=[Earned(**row) for row in await db.fetch(_EARNED, member_id)],
        credits=await browser.credits_of(member_id, WITHDRAWABLE, _CREDITS),
        own=await _traffic("member_id", member_id, at),
        friends=await _traffic("referrer_id", member_id, at),
        same_phone=same["same_phone"],
        same_address=same["same_address"],
        latest=[dict(row) for row in latest],
        today=today,
    )


async def _traffic(of: str, member_id: int, at: datetime) -> Traffic:
    row: Any = await db.fetch_row(_TRAFFIC.format(of=of), member_id, at - _LOOK_BACK)
    return Traffic(**row)


Decide = Callable[[str], Awaitable[WithdrawalView]]
"""Decides the withdrawal with the given number."""


async def decide_many(numbers: Sequence[str], decide: Decide) -> list[tuple[str, WithdrawalState | Refusal]]:
    """Decide each number once, each in its own transaction; return each with its state afterwards, or its refusal."""
    return [(number, await _outcome(decide, number)) for number in dict.fromkeys(numbers)]


async def _outcome(decide: Decide, number: str) -> WithdrawalState | Refusal:
    try:
        return (await decide(number)).state
    except Refusal as refusal:
        return refusal


async def real_name(deps: Deps, withdrawal_no: str, operator: str, reason: str) -> str:
    """Return the real name sent to WeChat; the audit log records the look-up. Raises NotFound (no name), Busy."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        sealed = await tx.fetchval("SELECT real_name_sealed FROM withdrawals WHERE withdrawal_no = $1", withdrawal_no)
        if sealed is None:
            raise NotFound(what="real_name")
        subject = f"withdrawal:{withdrawal_no}"
        await audit_log.record(tx, at, operator, "withdrawal.name", subject, {"reason": reason})
    return deps.cipher.open(sealed, withdrawal_requests.NAME_COLUMN)
