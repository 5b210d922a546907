"""提现: request, approve or reject, cancel. What happens at WeChat is in transfers.py.

Locks: the member, then the withdrawal. The money is in flight from the request until the final state. Every final state
but `paid` gives the money back in one ledger entry.
"""

from datetime import datetime, timedelta

from server import db, outbox
from server.core import ids
from server.core.clock import SHANGHAI, month_start
from server.core.errors import AccountBlocked, BalanceInsufficient, NotAllowed, NotFound, StateConflict
from server.core.money import yuan
from server.gateways.ports import Deps
from server.ledger import book, entries, statement
from server.outbox import Job
from server.rules.approvals import ApprovalState, WithdrawalApprove
from server.rules.withdrawals import (
    AT_WECHAT,
    LABELS,
    LIVE,
    S,
    Today,
    WithdrawalState,
    approves_itself,
    check_limits,
    name_to_send,
    needs_second,
    quote,
    withholding,
)
from server.services.common import approvals, audit_log, idempotency, locks
from server.services.common.approvals import Measured
from server.services.common.idempotency import Keyed
from server.services.notices import messages
from server.services.terms import policy
from server.services.withdrawals.views import COLUMNS, Withdrawal, WithdrawalView, view

SYSTEM = "system"
NAME_COLUMN = "withdrawals.real_name"
CANCEL_WITHIN = timedelta(minutes=1)
"""WeChat is queried at most this long after a cancellation; it is longer than any call to WeChat lasts."""

_INSERT = f"""
INSERT INTO withdrawals (withdrawal_no, member_id, amount_fen, fee_fen, tax_fen, payout_fen, state, real_name_sealed,
    requested_at, approved_by, approved_at, checks)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0) RETURNING {COLUMNS}
"""  # noqa: S608 - our own names


class Bill(Withdrawal, frozen=True):
    """A withdrawal with what goes to WeChat (the member's openid, the name) and what came back (its own number)."""

    openid: str
    real_name_sealed: str | None
    wechat_bill_no: str | None
    checks: int
    """How often WeChat was asked."""


_BILL = f"""
SELECT {db.columns(Withdrawal, of="w")}, w.real_name_sealed, w.wechat_bill_no, w.checks, m.openid
FROM withdrawals w JOIN members m ON m.id = w.member_id WHERE w.withdrawal_no = $1
FOR NO KEY UPDATE OF w
"""  # noqa: S608 - our own names # house: lock - a withdrawal, after its member


async def request(deps: Deps, member_id: int, amount_fen: int, real_name: str | None, keyed: Keyed) -> bytes:
    """Request a withdrawal; the money leaves the wallet at once. Returns the encoded WithdrawalView.

    Raises AccountBlocked, WithdrawalLimit, RealNameRequired, BalanceInsufficient, IdempotencyMismatch, Busy.
    """
    shop = await policy.current()
    at = deps.clock.now()

    async def work(tx: db.Connection) -> WithdrawalView:
        state = await locks.member(tx, member_id)
        if state != "active":
            raise AccountBlocked
        today = await asked_today(tx, member_id, at)
        asked = quote(amount_fen, shop.withdrawal_fee_bp, withholding(shop, today))
        check_limits(asked, today, shop)
        name = name_to_send(asked.payout_fen, real_name, shop)
        held = await statement.wallet(tx, member_id)
        if held.free_fen < amount_fen:
            raise BalanceInsufficient(available_fen=held.free_fen)
        by_itself = approves_itself(amount_fen, shop)
        row = await tx.fetchrow(
            _INSERT,
            ids.number("W", at),
            member_id,
            asked.amount_fen,
            asked.fee_fen,
            asked.tax_fen,
            asked.payout_fen,
            S.APPROVED if by_itself else S.REQUESTED,
            deps.cipher.seal(name, NAME_COLUMN) if name else None,
            at,
            SYSTEM if by_itself else None,
            at if by_itself else None,
        )
        withdrawal = db.typed(row, Withdrawal)
        entry = entries.withdrawal_request(withdrawal.withdrawal_no, member_id, amount_fen)
        await book.post(tx, entry, at)
        if by_itself:
            await outbox.put(tx, [send_job(withdrawal.withdrawal_no)], at)
        return view(deps, withdrawal)

    return await idempotency.once(member_id, keyed, at, work)


async def asked_today(reader: db.Connection, member_id: int, at: datetime) -> Today:
    """Sum up what the member requested today and this month, in Shanghai time.

    Under the member's lock the sums stay valid until the transaction ends.
    """
    midnight = at.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    row = await reader.fetchrow(
        "SELECT count(*) FILTER (WHERE requested_at >= $2) AS count, COALESCE(sum(amount_fen)"
        "   FILTER (WHERE requested_at >= $2 AND state = ANY ($3)), 0)::bigint AS amount_fen,"
        " COALESCE(sum(amount_fen - fee_fen) FILTER (WHERE state = ANY ($3)), 0)::bigint AS month_taxable_fen,"
        " COALESCE(sum(tax_fen) FILTER (WHERE state = ANY ($3)), 0)::bigint AS month_tax_fen"
        " FROM withdrawals WHERE member_id = $1 AND requested_at >= $4",
        member_id,
        midnight,
        [*LIVE, S.PAID],
        month_start(at),
    )
    return Today(**row)


def send_job(withdrawal_no: str) -> Job:
    """Build the job that sends an approved withdrawal to WeChat."""
    return Job("send_withdrawal", {"withdrawal_no": withdrawal_no})


async def lock(tx: db.Connection, withdrawal_no: str) -> Bill:
    """Step: lock the member, then the withdrawal. Raises NotFound."""
    if await locks.owner(tx, "withdrawal_no", withdrawal_no) is None:
        raise NotFound(what="withdrawal")
    return db.typed(await tx.fetchrow(_BILL, withdrawal_no), Bill)


async def approve(deps: Deps, withdrawal_no: str, operator: str, reason: str = "") -> WithdrawalView:
    """Approve a withdrawal as an operator; from the policy's limit on, a second operator must approve, too.

    Until the second approval the state stays `requested`. `reason` goes to the audit log. Raises NotFound,
    StateConflict, NotAllowed (the same operator twice, or an account that it has just made), Busy.
    """
    shop = await policy.current()
    at = deps.clock.now()
    async with db.transaction() as tx:
        withdrawal = await lock(tx, withdrawal_no)
        if withdrawal.state is not S.REQUESTED:
            raise StateConflict(status=withdrawal.state)
        first = withdrawal.approved_by is None
        if not first and await approvals.may_be_one_person(tx, operator, str(withdrawal.approved_by), at):
            raise NotAllowed(reason="second_approver")
        state = S.REQUESTED if first and needs_second(withdrawal.amount_fen, shop) else S.APPROVED
        who = "approved_by = $2, approved_at = $3" if first else "second_by = $2, second_at = $3"
        row = await tx.fetchrow(
            f"UPDATE withdrawals SET {who}, state = $4 WHERE id = $1 RETURNING {COLUMNS}",  # noqa: S608 - our own text
            withdrawal.id,
            operator,
            at,
            state,
        )
        after = db.typed(row, Withdrawal)
        detail = _changed(withdrawal, after, reason)
        if state is S.APPROVED:
            await outbox.put(tx, [send_job(withdrawal_no), notice(withdrawal, S.APPROVED)], at)
            await approvals.end_withdrawal(tx, withdrawal_no, ApprovalState.APPROVED, operator, reason, at)
        else:
            act = WithdrawalApprove(reason=reason, withdrawal_no=withdrawal_no)
            measured = Measured(withdrawal.amount_fen, shop.withdrawal_second_from_fen, detail)
            await approvals.ask(tx, at, operator, act, measured, days=shop.approval_days)
        await audit_log.record(tx, at, operator, "withdrawal_approve", f"withdrawal:{withdrawal_no}", detail)
        return view(deps, after)


async def take_back_approval(deps: Deps, withdrawal_no: str, state: ApprovalState, operator: str, why: str) -> None:
    """Take back the first approval of a withdrawal that waits for a second operator; its approval ends in `state`.

    Raises NotFound, StateConflict, Busy.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        withdrawal = await lock(tx, withdrawal_no)
        if withdrawal.state is not S.REQUESTED or withdrawal.approved_by is None:
            raise StateConflict(status=withdrawal.state)
        await tx.execute("UPDATE withdrawals SET approved_by = NULL, approved_at = NULL WHERE id = $1", withdrawal.id)
        await approvals.end_withdrawal(tx, withdrawal_no, state, operator, why, at)


async def reject(deps: Deps, withdrawal_no: str, operator: str, why: str) -> WithdrawalView:
    """Reject a withdrawal as an operator; the member reads `why`. Raises NotFound, StateConflict, Busy."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        withdrawal = await lock(tx, withdrawal_no)
        if withdrawal.state is not S.REQUESTED:
            raise StateConflict(status=withdrawal.state)
        after = await give_back(tx, withdrawal, S.REJECTED, why, at)
        await approvals.end_withdrawal(tx, withdrawal_no, ApprovalState.REJECTED, operator, why, at)
        await _logged(tx, at, operator, "withdrawal_reject", withdrawal, after, why)
        return view(deps, after)


async def cancel(deps: Deps, member_id: int, withdrawal_no: str) -> WithdrawalView:
    """Cancel a withdrawal as the member.

    Until it is sent to WeChat, the withdrawal is cancelled at once. After that, WeChat is asked whether it can still be
    cancelled. Raises NotFound, StateConflict (it has ended), Busy.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        withdrawal = await lock(tx, withdrawal_no)
        if withdrawal.member_id != member_id:
            raise NotFound(what="withdrawal")
        return view(deps, await _call_off(tx, withdrawal, "member", at))


async def cancel_for(deps: Deps, withdrawal_no: str, operator: str, reason: str = "") -> WithdrawalView:
    """Cancel a withdrawal as an operator, at any time before it ends. Raises as `cancel`.

    `reason` goes to the audit log.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        withdrawal = await lock(tx, withdrawal_no)
        after = await _call_off(tx, withdrawal, operator, at)
        await _logged(tx, at, operator, "withdrawal_cancel", withdrawal, after, reason)
        return view(deps, after)


async def _call_off(tx: db.Connection, withdrawal: Withdrawal, by: str, at: datetime) -> Withdrawal:
    if withdrawal.state not in LIVE:
        raise StateConflict(status=withdrawal.state)
    row = await tx.fetchrow(
        "UPDATE withdrawals SET cancelled_by = COALESCE(cancelled_by, $2), check_at = LEAST(check_at, $3)"  # noqa: S608 - our own names
        f" WHERE id = $1 RETURNING {COLUMNS}",
        withdrawal.id,
        by,
        at + CANCEL_WITHIN,
    )
    wished = db.typed(row, Withdrawal)
    if withdrawal.state in AT_WECHAT:
        await outbox.put(tx, [Job("cancel_withdrawal", {"withdrawal_no": withdrawal.withdrawal_no})], at)
        return wished
    why = called_off(wished.cancelled_by)
    after = await give_back(tx, withdrawal, S.CANCELLED, why, at)
    who = SYSTEM if by == "member" else by
    await approvals.end_withdrawal(tx, withdrawal.withdrawal_no, ApprovalState.FAILED, who, why, at)
    return after


def called_off(cancelled_by: str | None) -> str:
    """Give the reason for a cancellation as the member reads it: the member's own wish, or the shop's."""
    return "已取消提现" if cancelled_by == "member" else "商城已撤销提现"


async def give_back(
    tx: db.Connection, withdrawal: Withdrawal, state: WithdrawalState, why: str, at: datetime
) -> Withdrawal:
    """Step, under the locks of `lock`: end a live withdrawal without paying it, and give the money back."""
    debts = (await statement.wallet(tx, withdrawal.member_id)).debts
    entry = entries.withdrawal_back(withdrawal.withdrawal_no, withdrawal.member_id, withdrawal.amount_fen, why, debts)
    await book.post(tx, entry, at)
    await outbox.put(tx, [notice(withdrawal, state)], at)
    return await end(tx, withdrawal, state, why, at)


async def end(
    tx: db.Connection, withdrawal: Withdrawal, state: WithdrawalState, why: str | None, at: datetime
) -> Withdrawal:
    """Step: write the final state; delete the real name and the data needed to confirm."""
    row = await tx.fetchrow(
        "UPDATE withdrawals SET state = $2, why = $3, finished_at = $4, check_at = NULL, real_name_sealed = NULL,"  # noqa: S608 - our own names
        f" package_info = NULL WHERE id = $1 RETURNING {COLUMNS}",
        withdrawal.id,
        state,
        why,
        at,
    )
    return db.typed(row, Withdrawal)


def notice(withdrawal: Withdrawal, state: WithdrawalState) -> Job:
    """Build the job that tells the member the state, and what WeChat pays, or what returned to the wallet."""
    fen = withdrawal.payout_fen if state in LIVE or state is S.PAID else withdrawal.amount_fen
    values = {"amount": f"{yuan(fen)}元", "state": LABELS[state]}
    return messages.notice_job(withdrawal.member_id, "withdrawal", values, f"no={withdrawal.withdrawal_no}")


async def _logged(
    tx: db.Connection,
    at: datetime,
    operator: str,
    action: str,
    before: Withdrawal,
    after: Withdrawal,
    reason: str,
) -> None:
    await audit_log.record(
        tx, at, operator, action, f"withdrawal:{before.withdrawal_no}", _changed(before, after, reason)
    )


def _changed(before: Withdrawal, after: Withdrawal, reason: str) -> dict[str, object]:
    return {"before": before.state, "after": after.state, "reason": reason, "amount_fen": before.amount_fen}
