"""Refund granted cash through WeChat: send, query, confirm. A refund keeps its number in every retry."""

import contextlib
from datetime import timedelta

from server import db, outbox
from server.gateways.ports import Deps, OutcomeUnknown, RefundNotice, RefundRequest, WeChatError
from server.ledger import book, entries
from server.services.common import alarms
from server.services.orders import refund_grants

BATCH = 50
_CHECK_AFTER = timedelta(minutes=1)


async def send(deps: Deps, refund_id: int) -> None:
    """Send a granted refund to WeChat; repeating the call never refunds twice. Raises OutcomeUnknown: try again."""
    row = await db.fetch_row(
        "SELECT r.refund_no, r.state, r.cash_fen, r.reason, p.transaction_id, p.amount_fen FROM refunds r"
        " JOIN payments p ON p.id = r.payment_id WHERE r.id = $1",
        refund_id,
    )
    if row is None or row["state"] not in ("approved", "processing"):
        return
    request = RefundRequest(row["refund_no"], row["transaction_id"], row["cash_fen"], row["amount_fen"], row["reason"])
    try:
        answer = await deps.pay.refund(request)
    except WeChatError as error:
        await _problem(deps, row["refund_no"], f"{error.code}: {error.message}"[:200])
        raise OutcomeUnknown(error.code) from error
    await apply(deps, answer)


async def apply(deps: Deps, said: RefundNotice) -> bool:
    """Apply what WeChat reports about a refund; the same report takes effect only once.

    Returns False when the report does not fit the refund, and raises an alarm for operators.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await tx.fetchrow(
            "SELECT r.id, r.refund_no, r.state, r.cash_fen, r.balance_fen, r.member_id, o.order_no FROM refunds r"
            " JOIN orders o ON o.id = r.order_id WHERE r.refund_no = $1"
            " FOR NO KEY UPDATE OF r",  # house: lock - only WeChat's reports move a granted refund
            said.refund_no,
        )
        fits = row is not None and said.amount_fen == row["cash_fen"] and said.mchid in ("", deps.mchid)
        if not fits:
            await alarms.sound(
                tx, "refund_mismatch", f"refund:{said.refund_no}", at, f"{said.status} {said.amount_fen}"
            )
            return False
        if row["state"] not in ("approved", "processing", "abnormal"):
            return True
        match said.status:
            case "SUCCESS":
                await book.post(tx, entries.refund_sent(row["refund_no"], row["order_no"], row["cash_fen"]), at)
                await tx.execute(
                    "UPDATE refunds SET state = 'succeeded', finished_at = $2, wechat_refund_id = $3, check_at = NULL,"
                    " problem = NULL WHERE id = $1",
                    row["id"],
                    said.success_time or at,
                    said.refund_id,
                )
                amount_fen = row["cash_fen"] + row["balance_fen"]
                told = refund_grants.notice(row["member_id"], row["order_no"], amount_fen, "已到账")
                await outbox.put(tx, [told], at)
            case "PROCESSING":
                await tx.execute(
                    "UPDATE refunds SET state = 'processing', wechat_refund_id = $2, check_at = $3 WHERE id = $1",
                    row["id"],
                    said.refund_id,
                    at + _CHECK_AFTER,
                )
            case _:
                await tx.execute(
                    "UPDATE refunds SET state = 'abnormal', wechat_refund_id = $2, check_at = NULL, problem = $3"
                    " WHERE id = $1",
                    row["id"],
                    said.refund_id,
                    said.status,
                )
                await alarms.sound(tx, "refund_abnormal", f"refund:{said.refund_no}", at, said.status)
    return True


async def check_pending(deps: Deps) -> int:
    """Query WeChat about refunds without a final answer; returns how many were due.

    A refund in `processing` that WeChat does not know is sent again.
    """
    at = deps.clock.now()
    rows = await db.fetch(
        "UPDATE refunds SET check_at = $1::timestamptz + interval '1 minute'"
        " WHERE id = ANY (ARRAY(SELECT id FROM refunds"
        " WHERE state IN ('approved', 'processing') AND check_at <= $1 ORDER BY check_at LIMIT $2"
        " FOR UPDATE SKIP LOCKED)) RETURNING id, refund_no, state",  # house: lock - a queue skips rows that are locked
        at,
        BATCH,
    )
    for row in rows:
        with contextlib.suppress(OutcomeUnknown, WeChatError):  # check_at is already set to the next time
            await _check(deps, row["id"], row["refund_no"], row["state"])
    return len(rows)


async def _check(deps: Deps, refund_id: int, refund_no: str, state: str) -> None:
    said = await deps.pay.query_refund(refund_no)
    if said is not None:
        await apply(deps, said)
    elif state == "processing":
        await send(deps, refund_id)


async def _problem(deps: Deps, refund_no: str, problem: str) -> None:
    at = deps.clock.now()
    async with db.transaction() as tx:
        await tx.execute("UPDATE refunds SET problem = $2 WHERE refund_no = $1", refund_no, problem)
        await alarms.sound(tx, "refund_refused", f"refund:{refund_no}", at, problem)
