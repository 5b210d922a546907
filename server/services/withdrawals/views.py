"""A withdrawal as its member sees it: its amounts, its state, and the time of every state it reached."""

from datetime import datetime
from typing import Literal

import msgspec

from server import db
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules.withdrawals import LABELS, LIVE, S, WithdrawalState
from server.services.common import cursors


class Withdrawal(msgspec.Struct, frozen=True):
    """A row of `withdrawals`: its amounts, and the states it reached. The table explains its columns."""

    id: int
    withdrawal_no: str
    member_id: int
    state: WithdrawalState
    amount_fen: int
    fee_fen: int
    tax_fen: int
    payout_fen: int
    requested_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    second_at: datetime | None
    sent_at: datetime | None
    confirming_at: datetime | None
    package_info: str | None
    cancelled_by: str | None
    finished_at: datetime | None
    why: str | None


COLUMNS = db.columns(Withdrawal)


class Confirmation(msgspec.Struct):
    """What `wx.requestMerchantTransfer` takes (its `mchId`, `appId`, `package`)."""

    mch_id: str
    app_id: str
    package: str


class Step(msgspec.Struct):
    """A state that was reached, and when."""

    state: WithdrawalState
    label: str
    at: datetime


class WithdrawalView(msgspec.Struct):
    """amount = fee + tax + payout. `confirm` is there while the member must accept the money in WeChat."""

    withdrawal_no: str
    state: WithdrawalState
    state_label: str
    amount_fen: int
    fee_fen: int
    tax_fen: int
    payout_fen: int
    why: str | None
    """Why the withdrawal was not paid."""
    cancelling: bool
    """Cancelled here, but WeChat has not agreed yet."""
    allowed_actions: list[Literal["confirm", "cancel"]]
    requested_at: datetime
    finished_at: datetime | None
    steps: list[Step]
    confirm: Confirmation | None


def view(deps: Deps, withdrawal: Withdrawal) -> WithdrawalView:
    """Show a withdrawal to its member."""
    state = withdrawal.state
    cancelling = state in LIVE and withdrawal.cancelled_by is not None
    confirm = None
    actions: list[Literal["confirm", "cancel"]] = []
    if state is S.CONFIRMING and withdrawal.package_info is not None and not cancelling:
        confirm = Confirmation(deps.mchid, deps.appid, withdrawal.package_info)
        actions.append("confirm")
    if state in LIVE and not cancelling:
        actions.append("cancel")
    return WithdrawalView(
        withdrawal_no=withdrawal.withdrawal_no,
        state=state,
        state_label=LABELS[state],
        amount_fen=withdrawal.amount_fen,
        fee_fen=withdrawal.fee_fen,
        tax_fen=withdrawal.tax_fen,
        payout_fen=withdrawal.payout_fen,
        why=withdrawal.why,
        cancelling=cancelling,
        allowed_actions=actions,
        requested_at=withdrawal.requested_at,
        finished_at=withdrawal.finished_at,
        steps=_steps(withdrawal),
        confirm=confirm,
    )


def _steps(withdrawal: Withdrawal) -> list[Step]:
    approved = withdrawal.state is S.APPROVED or withdrawal.sent_at is not None
    reached = [
        (S.REQUESTED, withdrawal.requested_at),
        (S.APPROVED, (withdrawal.second_at or withdrawal.approved_at) if approved else None),
        (S.SENT, withdrawal.sent_at),
        (S.CONFIRMING, withdrawal.confirming_at),
        (withdrawal.state, withdrawal.finished_at),
    ]
    return [Step(one, LABELS[one], at) for one, at in reached if at is not None]


async def page_of(
    deps: Deps, member_id: int, cursor: str | None, limit: int
) -> tuple[list[WithdrawalView], str | None]:
    """List the member's own withdrawals, newest first, and the next page's cursor.

    Raises BadRequest for a bad cursor.
    """
    before = cursors.unpack(cursor, tuple[cursors.Number])[0] if cursor else None
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM withdrawals WHERE member_id = $1 AND ($2::bigint IS NULL OR id < $2)"  # noqa: S608 - our own names
        " ORDER BY id DESC LIMIT $3",
        member_id,
        before,
        limit + 1,
    )
    withdrawals = [db.typed(row, Withdrawal) for row in rows]
    following = cursors.pack((withdrawals[limit - 1].id,)) if len(rows) > limit else None
    return [view(deps, withdrawal) for withdrawal in withdrawals[:limit]], following


async def one_of(deps: Deps, member_id: int, withdrawal_no: str) -> WithdrawalView:
    """Read the member's own withdrawal. Raises NotFound."""
    row = await db.fetch_row(
        f"SELECT {COLUMNS} FROM withdrawals WHERE withdrawal_no = $1 AND member_id = $2",  # noqa: S608 - our own names
        withdrawal_no,
        member_id,
    )
    if row is None:
        raise NotFound(what="withdrawal")
    return view(deps, db.typed(row, Withdrawal))
