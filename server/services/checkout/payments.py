"""Settle payments: apply what WeChat reports about a payment, whatever the outcome, in one transaction.

Locks: the buyer and the order (`settle_facts`), the team, then stock and the buyer's wallet (`settle_write`).
Why an order has one number and the inbox one row per content: docs/decisions/0008-one-number-one-inbox.md.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec
import orjson

from server import db, outbox
from server.core.errors import NotFound, PaymentRefused, StateConflict, WeChatUnavailable
from server.gateways.ports import Deps, OutcomeUnknown, PaymentNotice, PayParameters, Prepay, WeChatError
from server.outbox import Job
from server.rules.orders import OrderStatus
from server.rules.payments import Expected, Outcome, Said, judge
from server.services.checkout.settlement import PayableOrder, SettleFacts, Settlement, settlement_of, settlement_of_paid
from server.services.common import locks
from server.services.promotions import kinds as promotion_kinds

Source = Literal["notify", "query", "nothing"]

PREPAY_LIFE = timedelta(minutes=110)
"""A prepay_id is valid for two hours at WeChat. We renew it a little earlier, with identical parameters."""
_FIRST_CHECK = timedelta(seconds=20)
_PAID_ANSWERS = frozenset({"ORDERPAID", "ORDER_PAID", "OUT_TRADE_NO_USED"})


async def settle(deps: Deps, notice: PaymentNotice, source: Source) -> Outcome:
    """Apply what WeChat reports about a transaction; the same content takes effect only once.

    A mismatch, a late payment and a second payment are recorded and committed, not raised. Raises Busy: ask again.
    """
    if judge(_said(notice), None).outcome is Outcome.UNPAID:
        return Outcome.UNPAID
    async with db.transaction() as tx:
        return await _settle(deps, tx, notice, source)


async def _settle(deps: Deps, tx: db.Connection, notice: PaymentNotice, source: Source) -> Outcome:
    at = deps.clock.now()
    facts = await _facts(tx, _digest(notice), source, notice, at)
    if facts.duplicate:
        return Outcome.ALREADY
    judgement = judge(_said(notice), _expected(deps, facts))
    settlement = await settlement_of(judgement, notice, facts, at)
    payment_id = await _write(tx, facts, settlement)
    if judgement.outcome in (Outcome.AFTER_CLOSE, Outcome.TWICE) and facts.order is not None:
        await _give_back(tx, facts.order, payment_id, notice.amount_fen, at)
    return judgement.outcome


_facts_in = msgspec.json.Decoder(SettleFacts)


async def _facts(
    tx: db.Connection, digest: str, source: Source, said: "PaymentNotice | _NothingDue", at: datetime
) -> SettleFacts:
    """Step: put the notice into the inbox, lock the buyer and the order, and return the facts to judge."""
    found: str = await tx.fetchval(
        "SELECT settle_facts($1, $2, $3, $4, $5, $6, $7)",
        digest,
        source,
        said.out_trade_no,
        said.transaction_id,
        said.amount_fen,
        at,
        said.success_time,
    )
    return _facts_in.decode(found)


@dataclass(frozen=True, slots=True)
class _NothingDue:
    """What is told about the payment of an order without cash due, in place of WeChat's notice."""

    out_trade_no: str
    transaction_id: str = ""
    amount_fen: int = 0
    success_time: datetime | None = None


async def _write(tx: db.Connection, facts: SettleFacts, settlement: Settlement) -> int | None:
    """Step: write what was decided, and continue the promotion of an order that is now paid; returns the payment's id.

    The team is locked before the stock, in the same order as placing does.
    """
    order = facts.order if settlement.paid is not None else None
    if order is not None and order.team_id is not None:
        await locks.team(tx, order.team_id)
    payment_id: int | None = await tx.fetchval(
        "SELECT settle_write($1::jsonb)", msgspec.json.encode(settlement).decode()
    )
    kind = promotion_kinds.KINDS.get(order.kind) if order is not None else None
    if order is not None and kind is not None:
        await outbox.put(tx, await kind.paid(tx, order, settlement.at), settlement.at)
    return payment_id


def _said(notice: PaymentNotice) -> Said:
    return Said(
        notice.appid,
        notice.mchid,
        notice.transaction_id,
        notice.trade_state,
        notice.amount_fen,
        notice.currency,
        notice.payer_openid,
    )


def _digest(notice: PaymentNotice) -> str:
    """Build the inbox key from the content only: a repeated notice has a new id, and a query has no id."""
    parts = (
        notice.out_trade_no,
        notice.transaction_id,
        notice.amount_fen,
        notice.currency,
        notice.appid,
        notice.mchid,
        notice.payer_openid,
    )
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def _expected(deps: Deps, facts: SettleFacts) -> Expected | None:
    order = facts.order
    if order is None:
        return None
    return Expected(
        appid=deps.appid,
        mchid=deps.mchid,
        status=order.status,
        cash_due_fen=order.cash_due_fen,
        openid=facts.openid,
        transaction_id=order.transaction_id,
        known_payment=facts.known_payment,
    )


async def _give_back(
    tx: db.Connection, order: PayableOrder, payment_id: int | None, amount_fen: int, at: datetime
) -> None:
    """Refund a payment that belongs to no open order, without waiting for an operator."""
    refund_no = f"S{order.order_no}{payment_id}"
    refund_id = await tx.fetchval(
        "INSERT INTO refunds (refund_no, order_id, member_id, payment_id, kind, state, reason, whole, cash_fen,"
        " freight_fen, balance_fen, withdrawable_fen, withheld_fen, requested_at, decided_at, decided_by)"
        " VALUES ($1, $2, $3, $4, 'stray', 'approved', '重复或超时支付自动退款', false, $5, 0, 0, 0, 0, $6, $6,"
        " 'system') RETURNING id",
        refund_no[:32],
        order.id,
        order.member_id,
        payment_id,
        amount_fen,
        at,
    )
    await outbox.put(tx, [Job("send_refund", {"refund_id": refund_id})], at)


@dataclass(frozen=True, slots=True)
class Payment:
    """How to pay: parameters for WeChat, or None when the order is paid already."""

    parameters: PayParameters | None


class _Unpaid(msgspec.Struct, frozen=True):
    """An order to pay, with what WeChat needs to know of it."""

    id: int
    order_no: str
    status: OrderStatus
    cash_due_fen: int
    expires_at: datetime
    prepay_id: str | None
    prepay_at: datetime | None
    openid: str
    description: str


_UNPAID = """
SELECT o.id, o.order_no, o.status, o.cash_due_fen, o.expires_at, o.prepay_id, o.prepay_at, m.openid,
    (SELECT min(title) || CASE WHEN count(*) > 1 THEN ' 等' || count(*) || '件' ELSE '' END
      FROM order_lines WHERE order_id = o.id) AS description
  FROM orders o JOIN members m ON m.id = o.member_id WHERE o.order_no = $1 AND o.member_id = $2
  FOR NO KEY UPDATE OF o
"""  # house: lock - fetches and locks in one round trip


async def pay(deps: Deps, member_id: int, order_no: str) -> Payment:
    """Open the payment of the member's own pending order, or settle it at once when no cash is due.

    Raises NotFound, StateConflict (`status`), PaymentRefused, WeChatUnavailable, Busy.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await tx.fetchrow(_UNPAID, order_no, member_id)
        if row is None:
            raise NotFound(what="order")
        order = db.typed(row, _Unpaid)
        if order.status is not OrderStatus.PENDING or at >= order.expires_at:
            raise StateConflict(status=order.status)
        if order.cash_due_fen:
            await tx.execute(
                "UPDATE orders SET prepay_started_at = COALESCE(prepay_started_at, $2),"
                " check_at = COALESCE(check_at, $3) WHERE id = $1",
                order.id,
                at,
                at + _FIRST_CHECK,
            )
    if not order.cash_due_fen:
        await settle_without_cash(deps, order_no)
        return Payment(None)
    if order.prepay_id and order.prepay_at and at < order.prepay_at + PREPAY_LIFE:
        return Payment(deps.pay.pay_parameters(order.prepay_id))
    return await _open(deps, order, at)


async def _open(deps: Deps, order: _Unpaid, at: datetime) -> Payment:
    request = Prepay(
        out_trade_no=order.order_no,
        description=order.description[:60],
        amount_fen=order.cash_due_fen,
        openid=order.openid,
        expires_at=order.expires_at,
    )
    try:
        prepay_id = await deps.pay.prepay(request)
    except OutcomeUnknown as error:
        raise WeChatUnavailable from error
    except WeChatError as error:
        if error.code not in _PAID_ANSWERS:
            raise PaymentRefused(reason=error.code) from error
        if await check(deps, order.order_no) in (Outcome.SETTLE, Outcome.ALREADY):
            return Payment(None)
        raise PaymentRefused(reason=error.code) from error
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE orders SET prepay_id = $2, prepay_at = $3 WHERE id = $1 AND status = 'pending'",
            order.id,
            prepay_id,
            # WeChat may return the same prepay_id again; its lifetime still counts from the first time.
            order.prepay_at if prepay_id == order.prepay_id else at,
        )
    return Payment(deps.pay.pay_parameters(prepay_id))


async def settle_without_cash(deps: Deps, order_no: str) -> None:
    """Settle an order that balance or coupons pay in full, without WeChat. Raises NotFound, StateConflict."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        digest = hashlib.sha256(f"nothing due:{order_no}".encode()).hexdigest()
        facts = await _facts(tx, digest, "nothing", _NothingDue(order_no), at)
        if facts.duplicate:
            return
        order = facts.order
        if order is None:
            raise NotFound(what="order")
        if order.status is not OrderStatus.PENDING or order.cash_due_fen:
            raise StateConflict(status=order.status)
        await _write(tx, facts, await settlement_of_paid(order, facts, None, 0, at))


async def check(deps: Deps, order_no: str) -> Outcome:
    """Ask WeChat about an order and act on the answer. Raises WeChatUnavailable, Busy."""
    try:
        said = await deps.pay.query(order_no)
    except (OutcomeUnknown, WeChatError) as error:
        raise WeChatUnavailable from error
    return Outcome.UNPAID if said is None else await settle(deps, said, "query")
