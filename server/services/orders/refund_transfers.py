"""Refund granted cash through WeChat: send, query, confirm. A refund keeps its number in every retry.

A refund that WeChat ends as CLOSED or ABNORMAL stays owed. It is asked about again, and operators are told every day
until it is made; what they can do is in `refund_reissues`.
"""

import contextlib
from datetime import datetime, timedelta

import msgspec

from server import db, outbox
from server.gateways.ports import Deps, OutcomeUnknown, RefundNotice, RefundRequest, WeChatError
from server.ledger import book, entries
from server.services.common import alarms, batches
from server.services.orders import refund_grants

BATCH = 50
_CHECK_AFTER = timedelta(minutes=1)
_ASK_AGAIN = timedelta(hours=1)
"""How long after an abnormal end WeChat is asked again: somebody may have helped it in WeChat's own console."""
_REMIND = timedelta(days=1)

NUMBER = "COALESCE(r.issue_no, r.refund_no)"
"""The number that WeChat has for a refund."""


async def send(deps: Deps, refund_id: int) -> None:
    """Send a granted refund to WeChat; repeating the call never refunds twice. Raises OutcomeUnknown: try again."""
    row = await db.fetch_row(
        f"SELECT r.refund_no, {NUMBER} AS number, r.state, r.cash_fen, r.reason, p.transaction_id, p.amount_fen"  # noqa: S608 - our own text
        " FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE r.id = $1",
        refund_id,
    )
    if row is None or row["state"] not in ("approved", "processing"):
        return
    request = RefundRequest(row["number"], row["transaction_id"], row["cash_fen"], row["amount_fen"], row["reason"])
    try:
        answer = await deps.pay.refund(request)
    except WeChatError as error:
        await _problem(deps, row["refund_no"], f"{error.code}: {error.message}"[:200])
        raise OutcomeUnknown(error.code) from error
    await apply(deps, answer)


class _Owed(msgspec.Struct, frozen=True):
    """A refund as WeChat's report finds it."""

    id: int
    refund_no: str
    state: str
    by_hand: bool
    cash_fen: int
    balance_fen: int
    member_id: int
    order_no: str


_OWED = """
SELECT r.id, r.refund_no, r.state, r.by_hand, r.cash_fen, r.balance_fen, r.member_id, o.order_no
FROM refunds r JOIN orders o ON o.id = r.order_id
WHERE r.issue_no = $1 OR (r.refund_no = $1 AND r.issue_no IS NULL) FOR NO KEY UPDATE OF r
"""  # house: lock - only WeChat's reports and operators move a granted refund


async def apply(deps: Deps, said: RefundNotice) -> bool:
    """Apply what WeChat reports about a refund; the same report takes effect only once.

    Returns False when the report does not fit the refund, and raises an alarm for operators.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await tx.fetchrow(_OWED, said.refund_no)
        owed = None if row is None else db.typed(row, _Owed)
        if owed is None and said.status != "SUCCESS" and await _given_up(tx, said.refund_no):
            return True
        if owed is None or said.amount_fen != owed.cash_fen or said.mchid not in ("", deps.mchid) or _twice(owed, said):
            await alarms.sound(
                tx, "refund_mismatch", f"refund:{said.refund_no}", at, f"{said.status} {said.amount_fen}"
            )
            return False
        if owed.state in ("approved", "processing", "abnormal"):
            await _write(tx, owed, said, at)
    return True


def _twice(owed: _Owed, said: RefundNotice) -> bool:
    """Whether WeChat made a refund after all that it had closed and the shop then paid itself."""
    return owed.by_hand and said.status == "SUCCESS"


async def _given_up(tx: db.Connection, number: str) -> bool:
    """Whether the number was WeChat's for a refund, until it was closed and asked for under a second one."""
    found: bool = await tx.fetchval("SELECT EXISTS (SELECT FROM refund_reissues WHERE before_no = $1)", number)
    return found


async def _write(tx: db.Connection, owed: _Owed, said: RefundNotice, at: datetime) -> None:
    match said.status:
        case "SUCCESS":
            await book.post(
                tx, entries.refund_sent(owed.refund_no, owed.order_no, owed.cash_fen), at, said.success_time
            )
            await tx.execute(
                "UPDATE refunds SET state = 'succeeded', finished_at = $2, wechat_refund_id = $3, check_at = NULL,"
                " problem = NULL WHERE id = $1",
                owed.id,
                said.success_time or at,
                said.refund_id,
            )
            amount_fen = owed.cash_fen + owed.balance_fen
            told = refund_grants.notice(owed.member_id, owed.order_no, amount_fen, "已到账")
            await outbox.put(tx, [told], at)
        case "PROCESSING":
            await tx.execute(
                "UPDATE refunds SET state = 'processing', wechat_refund_id = $2, check_at = $3 WHERE id = $1",
                owed.id,
                said.refund_id,
                at + _CHECK_AFTER,
            )
        case ended:
            await tx.execute(
                "UPDATE refunds SET state = 'abnormal', wechat_refund_id = $2, check_at = $4, problem = $3"
                " WHERE id = $1",
                owed.id,
                said.refund_id,
                ended,
                at + _ASK_AGAIN,
            )
            detail = {"problem": ended}
            await alarms.sound_at_most_every(_REMIND, tx, "refund_abnormal", f"refund:{owed.refund_no}", at, detail)


class _Due(msgspec.Struct, frozen=True):
    """A refund that WeChat is to be asked about."""

    id: int
    refund_no: str
    number: str
    state: str


_CLAIM = f"""
UPDATE refunds r SET check_at = $1::timestamptz + interval '1 minute' WHERE id = ANY (ARRAY(SELECT id FROM refunds
    WHERE state IN ('approved', 'processing', 'abnormal') AND check_at <= $1
    ORDER BY check_at LIMIT $2 FOR UPDATE SKIP LOCKED))
  RETURNING id, refund_no, {NUMBER} AS number, state
"""  # noqa: S608 - our own text  # house: lock - a queue skips rows that are locked


async def check_pending(deps: Deps) -> int:
    """Query WeChat about refunds without a final answer, and those it could not make; returns how many were due.

    A refund in `processing` that WeChat does not know is sent again. Raises Busy.
    """
    rows = await db.fetch(_CLAIM, deps.clock.now(), BATCH)
    due = [db.typed(row, _Due) for row in rows]
    await batches.each(deps, "refund", due, lambda one: _check(deps, one), "refund_no")
    return len(rows)


async def _check(deps: Deps, due: _Due) -> None:
    with contextlib.suppress(OutcomeUnknown, WeChatError):  # check_at is already set to the next time
        said = await deps.pay.query_refund(due.number)
        if said is not None:
            await apply(deps, said)
        elif due.state == "processing":
            await send(deps, due.id)


async def _problem(deps: Deps, refund_no: str, problem: str) -> None:
    at = deps.clock.now()
    async with db.transaction() as tx:
        await tx.execute("UPDATE refunds SET problem = $2 WHERE refund_no = $1", refund_no, problem)
        await alarms.sound(tx, "refund_refused", f"refund:{refund_no}", at, problem)
