"""提现: asked for, approved by operators or turned down, called off. What WeChat does is in transfers.py.

Locks: the member, then the withdrawal. The money is in flight from the request to its end; every end but `paid` gives
it back in one entry.
"""

from datetime import datetime, timedelta

import asyncpg

from server import db, outbox
from server.core import ids
from server.core.clock import SHANGHAI, month_start
from server.core.errors import AccountBlocked, BalanceInsufficient, NotAllowed, NotFound, StateConflict
from server.core.money import yuan
from server.gateways.ports import Deps
from server.ledger import book, entries, statement
from server.outbox import Job
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
from server.services.common import audit_log, idempotency, locks
from server.services.common.idempotency import Keyed
from server.services.notices import messages
from server.services.terms import policy
from server.services.withdrawals.views import WithdrawalView, view

SYSTEM = "system"
NAME_COLUMN = "withdrawals.real_name"
CANCEL_WITHIN = timedelta(minutes=1)
"""How soon WeChat is asked again once a bill is to be called off; longer than any call to it lasts."""

_INSERT = """
INSERT INTO withdrawals (withdrawal_no, member_id, amount_fen, fee_fen, tax_fen, payout_fen, state, real_name_sealed,
    requested_at, approved_by, approved_at, checks)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0) RETURNING *
"""


async def request(deps: Deps, member_id: int, amount_fen: int, real_name: str | None, keyed: Keyed) -> bytes:
    """A member asks for money; it leaves the wallet at once. The encoded WithdrawalView.

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
        if held.withdrawable_fen < amount_fen:
            raise BalanceInsufficient(available_fen=held.withdrawable_fen)
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
        entry = entries.withdrawal_request(row["withdrawal_no"], member_id, amount_fen)
        await book.post(tx, entry, at)
        if by_itself:
            await outbox.put(tx, [send_job(row["withdrawal_no"])], at)
        return view(deps, row)

    return await idempotency.once(member_id, keyed, at, work)


async def asked_today(reader: db.Connection, member_id: int, at: datetime) -> Today:
    """What the member asked for today and this month in Shanghai; under the member's lock it holds until the end."""
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
    """The job that hands an approved withdrawal to WeChat."""
    return Job("send_withdrawal", {"withdrawal_no": withdrawal_no})


async def lock(tx: db.Connection, withdrawal_no: str) -> asyncpg.Record:
    """Step: lock the member, then the withdrawal; its row with the member's openid. Raises NotFound."""
    if await locks.owner(tx, "withdrawal_no", withdrawal_no) is None:
        raise NotFound(what="withdrawal")
    return await tx.fetchrow(
        "SELECT w.*, m.openid FROM withdrawals w JOIN members m ON m.id = w.member_id WHERE w.withdrawal_no = $1"
        " FOR NO KEY UPDATE OF w",  # house: lock - a withdrawal, behind its member
        withdrawal_no,
    )


async def approve(deps: Deps, withdrawal_no: str, operator: str, reason: str = "") -> WithdrawalView:
    """An operator's yes. From the policy's limit on it takes a second operator's, too: until then it stays requested.

    `reason` stands in the log. Raises NotFound, StateConflict, NotAllowed (the same operator twice), Busy.
    """
    shop = await policy.current()
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await lock(tx, withdrawal_no)
        if row["state"] != S.REQUESTED:
            raise StateConflict(status=row["state"])
        if row["approved_by"] == operator:
            raise NotAllowed(reason="second_approver")
        first = row["approved_by"] is None
        state = S.REQUESTED if first and needs_second(row["amount_fen"], shop) else S.APPROVED
        who = "approved_by = $2, approved_at = $3" if first else "second_by = $2, second_at = $3"
        after = await tx.fetchrow(
            f"UPDATE withdrawals SET {who}, state = $4 WHERE id = $1 RETURNING *",  # noqa: S608 - our own text
            row["id"],
            operator,
            at,
            state,
        )
        if state is S.APPROVED:
            await outbox.put(tx, [send_job(withdrawal_no), notice(row, S.APPROVED)], at)
        await _logged(tx, at, operator, "withdrawal_approve", row, after, reason)
        return view(deps, after)


async def reject(deps: Deps, withdrawal_no: str, operator: str, why: str) -> WithdrawalView:
    """An operator's no, with the reason that the member reads. Raises NotFound, StateConflict, Busy."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await lock(tx, withdrawal_no)
        if row["state"] != S.REQUESTED:
            raise StateConflict(status=row["state"])
        after = await give_back(tx, row, S.REJECTED, why, at)
        await _logged(tx, at, operator, "withdrawal_reject", row, after, why)
        return view(deps, after)


async def cancel(deps: Deps, member_id: int, withdrawal_no: str) -> WithdrawalView:
    """The member calls it off: at once while WeChat knows nothing of it, else WeChat is asked whether it still can.

    Raises NotFound, StateConflict (it has ended), Busy.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await lock(tx, withdrawal_no)
        if row["member_id"] != member_id:
            raise NotFound(what="withdrawal")
        return view(deps, await _call_off(tx, row, "member", at))


async def cancel_for(deps: Deps, withdrawal_no: str, operator: str, reason: str = "") -> WithdrawalView:
    """An operator calls it off, at any time before its end; `reason` stands in the log. Raises as `cancel`."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await lock(tx, withdrawal_no)
        after = await _call_off(tx, row, operator, at)
        await _logged(tx, at, operator, "withdrawal_cancel", row, after, reason)
        return view(deps, after)


async def _call_off(tx: db.Connection, row: asyncpg.Record, by: str, at: datetime) -> asyncpg.Record:
    state = WithdrawalState(row["state"])
    if state not in LIVE:
        raise StateConflict(status=state)
    wished = await tx.fetchrow(
        "UPDATE withdrawals SET cancelled_by = COALESCE(cancelled_by, $2), check_at = LEAST(check_at, $3)"
        " WHERE id = $1 RETURNING *",
        row["id"],
        by,
        at + CANCEL_WITHIN,
    )
    if state in AT_WECHAT:
        await outbox.put(tx, [Job("cancel_withdrawal", {"withdrawal_no": row["withdrawal_no"]})], at)
        return wished
    return await give_back(tx, row, S.CANCELLED, called_off(wished), at)


def called_off(row: asyncpg.Record) -> str:
    """Why a cancelled withdrawal was: whose wish it was, as the member reads it."""
    return "已取消提现" if row["cancelled_by"] == "member" else "商城已撤销提现"


async def give_back(
    tx: db.Connection, row: asyncpg.Record, state: WithdrawalState, why: str, at: datetime
) -> asyncpg.Record:
    """Step, under the locks of `lock`: a live withdrawal ends without being paid, and its money comes back."""
    debts = (await statement.wallet(tx, row["member_id"])).debts
    entry = entries.withdrawal_back(row["withdrawal_no"], row["member_id"], row["amount_fen"], why, debts)
    await book.post(tx, entry, at)
    await outbox.put(tx, [notice(row, state)], at)
    return await end(tx, row, state, why, at)


async def end(
    tx: db.Connection, row: asyncpg.Record, state: WithdrawalState, why: str | None, at: datetime
) -> asyncpg.Record:
    """Step: the last state; the name and the way to confirm are forgotten."""
    return await tx.fetchrow(
        "UPDATE withdrawals SET state = $2, why = $3, finished_at = $4, check_at = NULL, real_name_sealed = NULL,"
        " package_info = NULL WHERE id = $1 RETURNING *",
        row["id"],
        state,
        why,
        at,
    )


def notice(row: asyncpg.Record, state: WithdrawalState) -> Job:
    """The job that tells the member where the withdrawal stands."""
    values = {"amount": f"{yuan(row['amount_fen'])}元", "state": LABELS[state]}
    return messages.notice_job(row["member_id"], "withdrawal", values, f"no={row['withdrawal_no']}")


async def _logged(
    tx: db.Connection,
    at: datetime,
    operator: str,
    action: str,
    before: asyncpg.Record,
    after: asyncpg.Record,
    reason: str,
) -> None:
    detail = {"before": before["state"], "after": after["state"], "reason": reason, "amount_fen": before["amount_fen"]}
    await audit_log.record(tx, at, operator, action, f"withdrawal:{before['withdrawal_no']}", detail)
