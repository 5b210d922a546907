"""A withdrawal as its member sees it: its amounts, its state, and the time of every state it reached."""

from datetime import datetime
from typing import Literal

import asyncpg
import msgspec

from server import db
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules.withdrawals import LABELS, LIVE, S, WithdrawalState
from server.services.common import cursors


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


def view(deps: Deps, row: asyncpg.Record) -> WithdrawalView:
    """Convert a row of `withdrawals` to what its member sees."""
    state = WithdrawalState(row["state"])
    cancelling = state in LIVE and row["cancelled_by"] is not None
    confirm = None
    actions: list[Literal["confirm", "cancel"]] = []
    if state is S.CONFIRMING and not cancelling:
        confirm = Confirmation(deps.mchid, deps.appid, row["package_info"])
        actions.append("confirm")
    if state in LIVE and not cancelling:
        actions.append("cancel")
    return WithdrawalView(
        withdrawal_no=row["withdrawal_no"],
        state=state,
        state_label=LABELS[state],
        amount_fen=row["amount_fen"],
        fee_fen=row["fee_fen"],
        tax_fen=row["tax_fen"],
        payout_fen=row["payout_fen"],
        why=row["why"],
        cancelling=cancelling,
        allowed_actions=actions,
        requested_at=row["requested_at"],
        finished_at=row["finished_at"],
        steps=_steps(row, state),
        confirm=confirm,
    )


def _steps(row: asyncpg.Record, state: WithdrawalState) -> list[Step]:
    approved = state is S.APPROVED or row["sent_at"] is not None
    reached = [
        (S.REQUESTED, row["requested_at"]),
        (S.APPROVED, (row["second_at"] or row["approved_at"]) if approved else None),
        (S.SENT, row["sent_at"]),
        (S.CONFIRMING, row["confirming_at"]),
        (state, row["finished_at"]),
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
        "SELECT * FROM withdrawals WHERE member_id = $1 AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
        member_id,
        before,
        limit + 1,
    )
    following = cursors.pack((rows[limit - 1]["id"],)) if len(rows) > limit else None
    return [view(deps, row) for row in rows[:limit]], following


async def one_of(deps: Deps, member_id: int, withdrawal_no: str) -> WithdrawalView:
    """Read the member's own withdrawal. Raises NotFound."""
    row = await db.fetch_row(
        "SELECT * FROM withdrawals WHERE withdrawal_no = $1 AND member_id = $2", withdrawal_no, member_id
    )
    if row is None:
        raise NotFound(what="withdrawal")
    return view(deps, row)
