"""What operators do about a refund that WeChat could not make: ask again, send it to a card, or pay it by hand.

The refund stays one: whichever number pays it, the ledger has one entry for it. Before each step WeChat is asked how
the refund stands, so that nothing is paid that WeChat has made meanwhile.
"""

from datetime import datetime

import msgspec

from server import db, outbox
from server.core import ids
from server.core.errors import NotFound, ReissueRefused, StateConflict, WeChatUnavailable
from server.gateways.ports import BankCard, Deps, OutcomeUnknown, RefundNotice, WeChatError
from server.ledger import book, entries
from server.outbox import Job
from server.rules.refunds import Remedy, remedies
from server.services.common import audit_log
from server.services.orders import refund_grants, refund_transfers
from server.services.orders.refund_transfers import NUMBER

_CLOSED = "CLOSED"


class _Ended(msgspec.Struct, frozen=True):
    """A refund that WeChat could not make."""

    id: int
    state: str
    number: str
    issued_at: datetime
    cash_fen: int
    balance_fen: int
    member_id: int
    order_no: str


_ENDED = f"""
SELECT r.id, r.state, {NUMBER} AS number, COALESCE(r.issued_at, r.decided_at) AS issued_at, r.cash_fen, r.balance_fen,
  r.member_id, o.order_no
FROM refunds r JOIN orders o ON o.id = r.order_id WHERE r.refund_no = $1 FOR NO KEY UPDATE OF r
"""  # noqa: S608 - our own text  # house: lock - only WeChat's reports and operators move a granted refund


async def again(deps: Deps, refund_no: str, operator: str, reason: str) -> str:
    """Ask WeChat again for a refund that it closed, under a second number; return that number.

    Raises NotFound, StateConflict (WeChat did not close it, or no longer says so), WeChatUnavailable, Busy.
    """
    said = await _asked(deps, refund_no, Remedy.AGAIN)
    at = deps.clock.now()
    number = ids.number("R", at)
    async with db.transaction() as tx:
        ended = await _ended(tx, refund_no, said)
        await _record(tx, ended, said, _Act(Remedy.AGAIN, refund_no, number, operator, reason, at))
        await tx.execute(
            "UPDATE refunds SET state = 'approved', issue_no = $2, issued_at = $3, check_at = $3,"
            " wechat_refund_id = NULL, problem = NULL WHERE id = $1",
            ended.id,
            number,
            at,
        )
        await outbox.put(tx, [Job("send_refund", {"refund_id": ended.id})], at)
    return number


async def to_card(deps: Deps, refund_no: str, card: BankCard, operator: str, reason: str) -> None:
    """Let WeChat send an abnormal refund to a bank card of the payer; the card is kept nowhere.

    Raises NotFound, StateConflict (it is not abnormal), ReissueRefused, WeChatUnavailable, Busy.
    """
    said = await _asked(deps, refund_no, Remedy.CARD)
    at = deps.clock.now()
    async with db.transaction() as tx:
        ended = await _ended(tx, refund_no, said)
        await _record(tx, ended, said, _Act(Remedy.CARD, refund_no, said.refund_no, operator, reason, at))
    await _redirect(deps, said, card)


async def by_hand(deps: Deps, refund_no: str, reference: str, operator: str, reason: str) -> None:
    """Record that the shop paid the refund outside WeChat; `reference` is the number of that payment.

    The money of a closed refund is the shop's already, so it is done. That of an abnormal one goes to the shop's own
    account first: it is done when WeChat says so. Raises NotFound, StateConflict (WeChat can still make it, or did),
    ReissueRefused, WeChatUnavailable, Busy.
    """
    said = await _asked(deps, refund_no, Remedy.HAND)
    at = deps.clock.now()
    async with db.transaction() as tx:
        ended = await _ended(tx, refund_no, said)
        await _record(tx, ended, said, _Act(Remedy.HAND, refund_no, reference, operator, reason, at))
        if said.status == _CLOSED:
            await book.post(tx, entries.refund_paid_by_hand(refund_no, ended.order_no, ended.cash_fen), at)
            await tx.execute(
                "UPDATE refunds SET state = 'succeeded', by_hand = true, finished_at = $2, check_at = NULL"
                " WHERE id = $1",
                ended.id,
                at,
            )
            amount_fen = ended.cash_fen + ended.balance_fen
            told = refund_grants.notice(ended.member_id, ended.order_no, amount_fen, "已线下退款")
            await outbox.put(tx, [told], at)
    if said.status != _CLOSED:
        await _redirect(deps, said, None)


async def _asked(deps: Deps, refund_no: str, remedy: Remedy) -> RefundNotice:
    """Ask WeChat how it ended the refund, and check that the remedy is for that."""
    row = await db.fetch_row(f"SELECT r.state, {NUMBER} AS number FROM refunds r WHERE r.refund_no = $1", refund_no)  # noqa: S608 - our own text
    if row is None:
        raise NotFound(what="refund")
    if row["state"] != "abnormal":
        raise StateConflict(status=row["state"])
    try:
        said = await deps.pay.query_refund(row["number"])
    except (OutcomeUnknown, WeChatError) as error:
        raise WeChatUnavailable from error
    if said is None:
        raise WeChatUnavailable
    if not remedies(said.status):
        await refund_transfers.apply(deps, said)
    if remedy not in remedies(said.status):
        raise StateConflict(status=said.status)
    return said


async def _ended(tx: db.Connection, refund_no: str, said: RefundNotice) -> _Ended:
    """Step: lock the refund. Raises StateConflict when somebody else has helped it meanwhile."""
    ended = db.typed(await tx.fetchrow(_ENDED, refund_no), _Ended)
    if ended.state != "abnormal" or ended.number != said.refund_no:
        raise StateConflict(status=ended.state)
    return ended


class _Act(msgspec.Struct, frozen=True):
    """What an operator does: `number` is the second number."""

    way: Remedy
    refund_no: str
    number: str
    operator: str
    reason: str
    at: datetime


async def _record(tx: db.Connection, ended: _Ended, said: RefundNotice, act: _Act) -> None:
    """Step: keep what was done, under which second number, and who did it."""
    await tx.execute(
        "INSERT INTO refund_reissues (refund_id, way, number, ended, before_no, before_at, before_wechat_id, by, at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        ended.id,
        act.way,
        act.number,
        said.status,
        ended.number,
        ended.issued_at,
        said.refund_id,
        act.operator,
        act.at,
    )
    detail = {"way": act.way, "ended": said.status, "before": ended.number, "number": act.number, "reason": act.reason}
    await audit_log.record(tx, act.at, act.operator, "refund.reissue", f"refund:{act.refund_no}", detail)


async def _redirect(deps: Deps, said: RefundNotice, card: BankCard | None) -> None:
    """Let WeChat send it elsewhere. Without an answer it stays abnormal here until WeChat is asked the next time."""
    try:
        answer = await deps.pay.redirect_refund(said.refund_id, said.refund_no, card)
    except WeChatError as error:
        raise ReissueRefused(problem=f"{error.code}: {error.message}"[:200]) from error
    except OutcomeUnknown as error:
        raise WeChatUnavailable from error
    await refund_transfers.apply(deps, answer)
