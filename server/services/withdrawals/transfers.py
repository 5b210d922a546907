"""Withdrawals at WeChat: send each under its own number, query it, cancel it, and book the result.

No transaction is open during a call to WeChat. Before each send, a commit sets the next query to a time when the call
must have ended. So if that query says that WeChat has no such bill, we can rely on it.
"""

import contextlib
import logging
from datetime import datetime

import msgspec

from server import db, outbox
from server.gateways.ports import Deps, OutcomeUnknown, TransferNotice, TransferRequest, WeChatError
from server.ledger import book, entries
from server.rules.withdrawals import (
    AT_WECHAT,
    LIVE,
    QUERYABLE,
    SHOPS_TROUBLE,
    TRANSITIONS,
    S,
    WithdrawalState,
    ask_again,
    meaning,
    reason_text,
)
from server.services.common import alarms
from server.services.terms import policy
from server.services.withdrawals import requests
from server.services.withdrawals.requests import Bill

log = logging.getLogger("tuisan.withdrawals")

_REMARK = "余额提现"
_WAITING = "WAIT_USER_CONFIRM"


async def send(deps: Deps, withdrawal_no: str) -> None:
    """Send an approved withdrawal to WeChat, or send the same bill again: its number and content never change.

    If the outcome is unknown, a later query finds it out. Raises NotFound, Busy.
    """
    shop = await policy.current()
    at = deps.clock.now()
    async with db.transaction() as tx:
        bill = await requests.lock(tx, withdrawal_no)
        if bill.state not in (S.APPROVED, S.SENT) or bill.cancelled_by is not None:
            return
        await tx.execute(
            "UPDATE withdrawals SET state = $2, sent_at = COALESCE(sent_at, $3), check_at = $4, checks = checks + 1"
            " WHERE id = $1",
            bill.id,
            S.SENT,
            at,
            ask_again(at, bill.checks),
        )
    sealed = bill.real_name_sealed
    asked = TransferRequest(
        out_bill_no=withdrawal_no,
        openid=bill.openid,
        amount_fen=bill.payout_fen,
        remark=_REMARK,
        scene_id=shop.transfer_scene_id,
        reports=shop.transfer_reports,
        real_name=deps.cipher.open(sealed, requests.NAME_COLUMN) if sealed else None,
    )
    try:
        said = await deps.pay.transfer(asked)
    except OutcomeUnknown as unknown:
        log.warning("withdrawal %s: sent, result unknown: %s", withdrawal_no, unknown)
    except WeChatError as refused:
        await _refused(deps, withdrawal_no, refused)
    else:
        await apply(deps, said)


async def _refused(deps: Deps, withdrawal_no: str, refused: WeChatError) -> None:
    """Handle WeChat's refusal: keep the bill if the shop can fix the cause, or fail it if WeChat has no such bill."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        problem = f"{refused.code}: {refused.message}"
        await alarms.sound(tx, "withdrawal_refused", f"withdrawal:{withdrawal_no}", at, problem)
    if refused.code in SHOPS_TROUBLE:
        return
    with contextlib.suppress(OutcomeUnknown, WeChatError):  # then a scheduled query asks again
        said = await deps.pay.query_transfer(withdrawal_no)
        if said is not None:
            await apply(deps, said)
        else:
            await _never_made(deps, withdrawal_no, S.FAILED, reason_text(refused.code))


async def _never_made(deps: Deps, withdrawal_no: str, state: WithdrawalState, why: str) -> None:
    """Give the money back: WeChat has no such bill, and no call that could create it is under way."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        bill = await requests.lock(tx, withdrawal_no)
        if bill.state is S.SENT:
            await requests.give_back(tx, bill, state, why, at)


async def apply(deps: Deps, said: TransferNotice) -> bool:
    """Apply what WeChat reports about a bill; the same report takes effect only once.

    Returns False when the report does not fit the withdrawal, or contradicts our books; operators get an alarm.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        known = await tx.fetchval("SELECT 1 FROM withdrawals WHERE withdrawal_no = $1", said.out_bill_no)
        bill = await requests.lock(tx, said.out_bill_no) if known else None
        if bill is None or not _fits(deps, bill, said):
            problem = f"{said.state} {said.amount_fen}"
            await alarms.sound(tx, "withdrawal_mismatch", f"withdrawal:{said.out_bill_no}", at, problem)
            return False
        state, means = bill.state, _means(said)
        if state not in AT_WECHAT or means not in TRANSITIONS[state]:
            return await _no_news(tx, bill, said, at)
        if means is S.CONFIRMING:
            await _confirming(tx, bill, said, at)
        elif means is S.PAID:
            kept = bill.payout_fen, bill.fee_fen, bill.tax_fen
            entry = entries.withdrawal_paid(bill.withdrawal_no, bill.member_id, *kept)
            await book.post(tx, entry, at)
            await requests.end(tx, bill, means, None, at)
            await outbox.put(tx, [requests.notice(bill, means)], at)
        else:
            why = requests.called_off(bill.cancelled_by) if means is S.CANCELLED else reason_text(said.fail_reason)
            await requests.give_back(tx, bill, means, why, at)
        await _know(tx, bill, said)
    return True


def _means(said: TransferNotice) -> WithdrawalState:
    """Translate WeChat's state into ours.

    To confirm, the member needs `package_info`, which only the answer to sending has. Without it the state stays
    `sent`.
    """
    means = meaning(said.state, said.fail_reason)
    return S.SENT if means is S.CONFIRMING and not said.package_info else means


async def _know(tx: db.Connection, bill: Bill, said: TransferNotice) -> None:
    await tx.execute("UPDATE withdrawals SET wechat_bill_no = $2 WHERE id = $1", bill.id, said.transfer_bill_no)


def _fits(deps: Deps, bill: Bill, said: TransferNotice) -> bool:
    return (
        said.mchid in ("", deps.mchid)
        and said.openid in ("", bill.openid)
        and said.amount_fen in (None, bill.payout_fen)
    )


async def _no_news(tx: db.Connection, bill: Bill, said: TransferNotice, at: datetime) -> bool:
    """Handle a report that changes nothing: a repeated or earlier state is ignored, a contradiction raises an alarm.

    A contradiction is a state that cannot follow the one in our books.
    """
    state, means = bill.state, _means(said)
    if state is S.SENT:
        await _know(tx, bill, said)
    elif means is not state and (means not in LIVE or bill.wechat_bill_no is None):
        problem = f"{state}, WeChat: {said.state} {said.fail_reason}"
        await alarms.sound(tx, "withdrawal_contradiction", f"withdrawal:{bill.withdrawal_no}", at, problem)
        return False
    return True


async def _confirming(tx: db.Connection, bill: Bill, said: TransferNotice, at: datetime) -> None:
    """Let the member confirm. If the withdrawal was cancelled meanwhile, a query due at once cancels the bill."""
    await tx.execute(
        "UPDATE withdrawals SET state = $2, confirming_at = $3, package_info = $4, check_at = $5, checks = 0"
        " WHERE id = $1",
        bill.id,
        S.CONFIRMING,
        at,
        said.package_info,
        ask_again(at, 0) if bill.cancelled_by is None else at,
    )
    await outbox.put(tx, [requests.notice(bill, S.CONFIRMING)], at)


class _Queried(msgspec.Struct, frozen=True):
    """A bill that WeChat is asked about, without a lock: what is done with the answer rests on `requests.lock`."""

    id: int
    withdrawal_no: str
    state: WithdrawalState
    sent_at: datetime | None
    package_info: str | None
    wechat_bill_no: str | None
    cancelled_by: str | None
    checks: int
    absent_at: datetime | None


_QUERIED = db.columns(_Queried)
_NEXT = f"""
SELECT {_QUERIED} FROM withdrawals WHERE check_at <= $1 ORDER BY check_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608 - our own names # house: lock - a queue skips rows that are locked


async def ask_due(deps: Deps) -> bool:
    """Query WeChat about the next bill that is due; returns False when none is due. Raises Busy."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await tx.fetchrow(_NEXT, at)
        if row is None:
            return False
        bill = db.typed(row, _Queried)
        await tx.execute(
            "UPDATE withdrawals SET check_at = $2, checks = checks + 1 WHERE id = $1",
            bill.id,
            ask_again(at, bill.checks),
        )
    with contextlib.suppress(OutcomeUnknown, WeChatError):  # check_at is already set to the next time
        said = await _ask(deps, bill)
        if said is None:
            await _unknown_there(deps, bill)
        elif said.state == _WAITING and bill.package_info is None and bill.cancelled_by is None:
            await send(deps, bill.withdrawal_no)  # only the answer to sending says how to confirm
        else:
            await apply(deps, said)
    return True


async def call_off(deps: Deps, withdrawal_no: str) -> None:
    """Ask WeChat to cancel a bill that is not confirmed yet. Raises OutcomeUnknown: try again."""
    sql = f"SELECT {_QUERIED} FROM withdrawals WHERE withdrawal_no = $1 AND state = ANY ($2)"  # noqa: S608 - our own names
    row = await db.fetch_row(sql, withdrawal_no, [*AT_WECHAT])
    if row is None:
        return
    bill = db.typed(row, _Queried)
    said = await _ask(deps, bill)
    if said is not None:
        await apply(deps, said)


async def _ask(deps: Deps, bill: _Queried) -> TransferNotice | None:
    if bill.cancelled_by is not None:
        with contextlib.suppress(WeChatError):  # too late to cancel: the query gives the state
            await deps.pay.cancel_transfer(bill.withdrawal_no)
    return await deps.pay.query_transfer(bill.withdrawal_no)


async def _unknown_there(deps: Deps, bill: _Queried) -> None:
    """Handle a bill that WeChat does not know; the last send is longer ago than any call lasts."""
    at = deps.clock.now()
    last = bill.absent_at or bill.sent_at
    if bill.wechat_bill_no is not None or last is None or at - last > QUERYABLE:
        async with db.transaction() as tx:
            await alarms.sound(tx, "withdrawal_lost", f"withdrawal:{bill.withdrawal_no}", at, bill.state)
        return
    await db.fetch("UPDATE withdrawals SET absent_at = $2 WHERE id = $1 RETURNING id", bill.id, at)
    if bill.cancelled_by is not None:
        await _never_made(deps, bill.withdrawal_no, S.CANCELLED, requests.called_off(bill.cancelled_by))
    else:
        await send(deps, bill.withdrawal_no)
