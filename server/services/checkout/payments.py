"""Settle payments: apply what WeChat reports about a payment, whatever the outcome, in one transaction.

Why an order has one number and the inbox one row per content: docs/decisions/0008-one-number-one-inbox.md.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson

from server import db, outbox
from server.core.errors import NotFound, PaymentRefused, StateConflict, WeChatUnavailable
from server.core.money import yuan
from server.gateways.ports import Deps, OutcomeUnknown, PaymentNotice, PayParameters, Prepay, WeChatError
from server.ledger import book, entries
from server.outbox import Job
from server.rules import qualifications
from server.rules.members import masked_name
from server.rules.orders import OrderStatus
from server.rules.payments import Expected, Judgement, Outcome, Said, judge
from server.rules.rebates import LineNet, qualifies
from server.services.common import locks
from server.services.notices import messages
from server.services.promotions import kinds as promotion_kinds
from server.services.terms.rebate_rules import terms_of

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
    found = await tx.fetchval(
        "SELECT settle_facts($1, $2, $3, $4, $5, $6)",
        _digest(notice),
        source,
        notice.out_trade_no,
        notice.transaction_id,
        notice.amount_fen,
        at,
    )
    facts: dict[str, Any] = orjson.loads(found)
    if facts.get("duplicate"):
        return Outcome.ALREADY
    judgement = judge(_said(notice), _expected(deps, facts))
    writes: dict[str, Any] = {
        "notice_id": facts["notice_id"],
        "outcome": judgement.outcome,
        "mismatch": judgement.mismatch,
        "at": at,
    }
    writes |= await _consequences(judgement, notice, facts, at)
    if judgement.outcome is Outcome.SETTLE:
        await _lock_team(tx, facts["order"])
    payment_id = await tx.fetchval("SELECT settle_write($1::jsonb)", orjson.dumps(writes).decode())
    if judgement.outcome is Outcome.SETTLE:
        await _promoted(tx, facts["order"], at)
    if judgement.outcome in (Outcome.AFTER_CLOSE, Outcome.TWICE):
        await _give_back(tx, facts["order"], payment_id, notice.amount_fen, at)
    return judgement.outcome


async def _lock_team(tx: db.Connection, order: dict[str, Any]) -> None:
    """Step: lock the team before the stock, in the same order as placing does."""
    if order["team_id"] is not None:
        await locks.team(tx, order["team_id"])


async def _promoted(tx: db.Connection, order: dict[str, Any], at: datetime) -> None:
    """Step: continue the order's promotion after the order was paid."""
    kind = promotion_kinds.KINDS.get(order["kind"])
    if kind is not None:
        row = await tx.fetchrow("SELECT * FROM orders WHERE id = $1", order["id"])
        await outbox.put(tx, await kind.paid(tx, dict(row), at), at)


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


def _expected(deps: Deps, facts: dict[str, Any]) -> Expected | None:
    order = facts["order"]
    if order is None:
        return None
    return Expected(
        appid=deps.appid,
        mchid=deps.mchid,
        status=OrderStatus(order["status"]),
        cash_due_fen=order["cash_due_fen"],
        openid=facts["openid"],
        transaction_id=order["transaction_id"],
        known_payment=facts["known_payment"],
    )


async def _consequences(
    judgement: Judgement, notice: PaymentNotice, facts: dict[str, Any], at: datetime
) -> dict[str, Any]:
    """Build what `settle_write` has to write for a judgement."""
    order = facts["order"]
    match judgement.outcome:
        case Outcome.SETTLE:
            # An order cannot be paid before it was created: in development WeChat's clock may be behind ours.
            paid_at = max(notice.success_time or at, datetime.fromisoformat(order["created_at"]))
            return await _paid(order, facts, notice.transaction_id, notice.amount_fen, paid_at, at)
        case Outcome.AFTER_CLOSE | Outcome.TWICE:
            stray = entries.stray_payment(notice.transaction_id, notice.out_trade_no, notice.amount_fen)
            return {
                "payment": _payment_row(order["id"], notice, judgement.outcome, at),
                "entry": book.as_json(stray, at),
                "alarm": _alarm(f"payment_{judgement.outcome}", notice, {}),
            }
        case Outcome.MISMATCH:
            return {"alarm": _alarm("payment_mismatch", notice, {"field": judgement.mismatch})}
        case _:
            return {}


def _alarm(kind: str, notice: PaymentNotice, detail: dict[str, Any]) -> dict[str, Any]:
    told = {"transaction_id": notice.transaction_id, "amount_fen": notice.amount_fen, **detail}
    return {"kind": kind, "subject": f"order:{notice.out_trade_no}"[:60], "detail": told}


def _payment_row(order_id: int, notice: PaymentNotice, outcome: Outcome, at: datetime) -> dict[str, Any]:
    return {
        "transaction_id": notice.transaction_id,
        "order_id": order_id,
        "amount_fen": notice.amount_fen,
        "outcome": outcome,
        "paid_at": notice.success_time or at,
    }


async def _paid(
    order: dict[str, Any],
    facts: dict[str, Any],
    transaction_id: str | None,
    cash_fen: int,
    paid_at: datetime,
    at: datetime,
) -> dict[str, Any]:
    """Build the writes of a paid order: its status, stock, coupon, money, qualification and follow-up jobs."""
    lines = facts["lines"]
    referrer, second, third = facts["chain"]
    jobs = _jobs(order, facts, cash_fen)
    writes: dict[str, Any] = {
        "paid": {
            "order_id": order["id"],
            "member_id": order["member_id"],
            "status": OrderStatus.TEAMING if order["kind"] == "group_buy" else OrderStatus.PAID,
            "paid_at": paid_at,
            "transaction_id": transaction_id,
            "rule_version": facts["rule_version"],
            "referrer_id": referrer,
            "ancestor2_id": second,
            "ancestor3_id": third,
        },
        "stock": [{"sku": line["sku"], "n": line["n"]} for line in lines],
    }
    entry = entries.order_paid(order["order_no"], cash_fen, order["balance_fen"], order["points"])
    if entry.lines:  # a coupon may pay everything: then no money moves
        writes["entry"] = book.as_json(entry, at)
    if transaction_id is not None:
        writes["payment"] = {
            "transaction_id": transaction_id,
            "order_id": order["id"],
            "amount_fen": cash_fen,
            "outcome": Outcome.SETTLE,
            "paid_at": paid_at,
        }
    if order["coupon_id"] is not None:
        writes["coupon_id"] = order["coupon_id"]
    qualification = await _qualification(order, facts, paid_at, at)
    if qualification is not None:
        writes["qualification"] = qualification
        if qualification["state"] != "pending":
            jobs.append(Job("close_cycle", {"member_id": referrer}))
        if qualification["state"] == "counted":
            values = {"name": masked_name(facts["nickname"]), "progress": f"第{facts['friends_counted'] + 1}位有效推荐"}
            jobs.append(messages.notice_job(referrer, "qualified", values))
    writes["jobs"] = outbox.as_json(jobs)
    return writes


def _jobs(order: dict[str, Any], facts: dict[str, Any], cash_fen: int) -> list[Job]:
    """Build the jobs that follow a paid order, whether it qualifies or not."""
    jobs: list[Job] = []
    if "paid" in (facts["notice_credits"] or ()):
        values = {"order_no": order["order_no"], "amount": f"{yuan(cash_fen + order['balance_fen'])}元"}
        jobs.append(messages.notice_job(order["member_id"], "paid", values, f"order_no={order['order_no']}"))
    teaming = order["kind"] == "group_buy"  # nothing is delivered or earned before the team succeeds
    if not teaming and any(line["virtual"] for line in facts["lines"]):
        jobs.append(Job("deliver_cards", {"order_id": order["id"]}))
    earning = order["for_commission"] and facts["chain"][0] is not None and not teaming
    if earning and any(line["cash_fen"] for line in facts["lines"]):
        jobs.append(Job("decide_commission", {"order_id": order["id"]}))
    if facts["waiting_cycle"] and not teaming:
        jobs.append(Job("close_cycle", {"member_id": order["member_id"]}))
    return jobs


async def _qualification(
    order: dict[str, Any], facts: dict[str, Any], paid_at: datetime, at: datetime
) -> dict[str, Any] | None:
    """Build the buyer's qualification for the referrer if this is the first order that counts."""
    referrer, version = facts["chain"][0], facts["rule_version"]
    if referrer is None or version is None or facts["qualified"] or facts["referrer_state"] == "closed":
        return None
    terms = await terms_of(version)
    lines = [LineNet(line["product_id"], line["category_id"], line["cash_fen"]) for line in facts["lines"]]
    if not order["for_qualification"] or not qualifies(terms, order["kind"], lines):
        return None
    waiting = qualifications.waits(terms, teaming=order["kind"] == "group_buy", received=False)
    active = facts["referrer_state"] == "active"
    standing = qualifications.PENDING if waiting else qualifications.after_waiting(referrer_active=active)
    return {
        "referee_id": order["member_id"],
        "referrer_id": referrer,
        "order_id": order["id"],
        "rule_version": version,
        "state": standing.state,
        "held_for": standing.held_for,
        "paid_at": paid_at,
        "counted_at": at if standing.state == "counted" else None,
        "created_at": at,
    }


async def _give_back(tx: db.Connection, order: dict[str, Any], payment_id: int, amount_fen: int, at: datetime) -> None:
    """Refund a payment that belongs to no open order, without waiting for an operator."""
    refund_no = f"S{order['order_no']}{payment_id}"
    refund_id = await tx.fetchval(
        "INSERT INTO refunds (refund_no, order_id, member_id, payment_id, kind, state, reason, whole, cash_fen,"
        " freight_fen, balance_fen, withdrawable_fen, withheld_fen, requested_at, decided_at, decided_by)"
        " VALUES ($1, $2, $3, $4, 'stray', 'approved', '重复或超时支付自动退款', false, $5, 0, 0, 0, 0, $6, $6,"
        " 'system') RETURNING id",
        refund_no[:32],
        order["id"],
        order["member_id"],
        payment_id,
        amount_fen,
        at,
    )
    await outbox.put(tx, [Job("send_refund", {"refund_id": refund_id})], at)


@dataclass(frozen=True, slots=True)
class Payment:
    """How to pay: parameters for WeChat, or None when the order is paid already."""

    parameters: PayParameters | None


async def pay(deps: Deps, member_id: int, order_no: str) -> Payment:
    """Open the payment of the member's own pending order, or settle it at once when no cash is due.

    Raises NotFound, StateConflict (`status`), PaymentRefused, WeChatUnavailable, Busy.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        order = await tx.fetchrow(
            "SELECT o.id, o.order_no, o.status, o.cash_due_fen, o.expires_at, o.prepay_id, o.prepay_at, m.openid,"
            " (SELECT min(title) || CASE WHEN count(*) > 1 THEN ' 等' || count(*) || '件' ELSE '' END"
            "    FROM order_lines WHERE order_id = o.id) AS description"
            " FROM orders o JOIN members m ON m.id = o.member_id"
            " WHERE o.order_no = $1 AND o.member_id = $2"
            " FOR NO KEY UPDATE OF o",  # house: lock - fetches and locks in one round trip
            order_no,
            member_id,
        )
        if order is None:
            raise NotFound(what="order")
        if order["status"] != OrderStatus.PENDING or at >= order["expires_at"]:
            raise StateConflict(status=order["status"])
        if order["cash_due_fen"]:
            await tx.execute(
                "UPDATE orders SET prepay_started_at = COALESCE(prepay_started_at, $2),"
                " check_at = COALESCE(check_at, $3) WHERE id = $1",
                order["id"],
                at,
                at + _FIRST_CHECK,
            )
    if not order["cash_due_fen"]:
        await settle_without_cash(deps, order_no)
        return Payment(None)
    if order["prepay_id"] and at < order["prepay_at"] + PREPAY_LIFE:
        return Payment(deps.pay.pay_parameters(order["prepay_id"]))
    return await _open(deps, dict(order), at)


async def _open(deps: Deps, order: dict[str, Any], at: datetime) -> Payment:
    request = Prepay(
        out_trade_no=order["order_no"],
        description=order["description"][:60],
        amount_fen=order["cash_due_fen"],
        openid=order["openid"],
        expires_at=order["expires_at"],
    )
    try:
        prepay_id = await deps.pay.prepay(request)
    except OutcomeUnknown as error:
        raise WeChatUnavailable from error
    except WeChatError as error:
        if error.code not in _PAID_ANSWERS:
            raise PaymentRefused(reason=error.code) from error
        if await check(deps, order["order_no"]) in (Outcome.SETTLE, Outcome.ALREADY):
            return Payment(None)
        raise PaymentRefused(reason=error.code) from error
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE orders SET prepay_id = $2, prepay_at = $3 WHERE id = $1 AND status = 'pending'",
            order["id"],
            prepay_id,
            # WeChat may return the same prepay_id again; its lifetime still counts from the first time.
            order["prepay_at"] if prepay_id == order["prepay_id"] else at,
        )
    return Payment(deps.pay.pay_parameters(prepay_id))


async def settle_without_cash(deps: Deps, order_no: str) -> None:
    """Settle an order that balance or coupons pay in full, without WeChat. Raises StateConflict."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        digest = hashlib.sha256(f"nothing due:{order_no}".encode()).hexdigest()
        facts: dict[str, Any] = orjson.loads(
            await tx.fetchval("SELECT settle_facts($1, 'nothing', $2, '', 0, $3)", digest, order_no, at)
        )
        if facts.get("duplicate"):
            return
        order = facts["order"]
        if order["status"] != OrderStatus.PENDING or order["cash_due_fen"]:
            raise StateConflict(status=order["status"])
        writes = {"notice_id": facts["notice_id"], "outcome": Outcome.SETTLE, "mismatch": None, "at": at}
        writes |= await _paid(order, facts, None, 0, at, at)
        await _lock_team(tx, order)
        await tx.execute("SELECT settle_write($1::jsonb)", orjson.dumps(writes).decode())
        await _promoted(tx, order, at)


async def check(deps: Deps, order_no: str) -> Outcome:
    """Ask WeChat about an order and act on the answer. Raises WeChatUnavailable, Busy."""
    try:
        said = await deps.pay.query(order_no)
    except (OutcomeUnknown, WeChatError) as error:
        raise WeChatUnavailable from error
    return Outcome.UNPAID if said is None else await settle(deps, said, "query")
