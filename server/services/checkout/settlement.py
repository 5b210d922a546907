"""Decide what a payment changes: from the facts that `settle_facts` read to what `settle_write` shall write.

Nothing here locks or writes; see payments.py.
"""

from datetime import datetime

import msgspec
from msgspec import structs

from server import outbox
from server.core.money import yuan
from server.gateways.ports import PaymentNotice
from server.ledger import book, entries
from server.ledger.book import Posting
from server.ledger.entries import UsedCoupon
from server.outbox import Job, JobRow
from server.rules import qualifications
from server.rules.orders import OrderKind, OrderStatus
from server.rules.payments import Judgement, Outcome
from server.rules.promotions import PromotedOrder
from server.rules.rebates import LineNet, qualifies
from server.services.notices import messages
from server.services.promotions import qualification_waits
from server.services.terms.rebate_rules import terms_of


class PayableOrder(PromotedOrder, frozen=True):
    """The order that a payment names, under its lock."""

    order_no: str
    member_id: int
    kind: OrderKind
    status: OrderStatus
    paid_at: datetime
    """When it was paid, if this is its payment."""
    cash_due_fen: int
    balance_fen: int
    points: int
    coupon_id: int | None
    transaction_id: str | None
    for_commission: bool
    for_qualification: bool


class PayableLine(msgspec.Struct, frozen=True):
    """A line of that order: `n` pieces of `sku`."""

    sku: int
    n: int
    product_id: int
    category_id: int
    cash_fen: int
    virtual: bool


class SettleFacts(msgspec.Struct, frozen=True):
    """The answer of `settle_facts`. With `duplicate` nothing else is set; without an order only `notice_id` is."""

    duplicate: bool = False
    notice_id: int = 0
    order: PayableOrder | None = None
    lines: tuple[PayableLine, ...] = ()
    value_coupon: UsedCoupon | None = None
    openid: str = ""
    nickname: str = ""
    chain: tuple[int | None, int | None, int | None] = (None, None, None)
    """The buyer's referrer and the two members above, at the time of payment."""
    referrer_state: str | None = None
    friends_counted: int = 0
    """The referrer's counted qualifications."""
    qualified: bool = False
    """Whether the buyer has a qualification already, or lost one by review."""
    first_unclear: bool = False
    """Whether the buyer's other paid orders must be looked at to say which one is the first that counts."""
    binding_asked: bool = False
    """Whether the buyer asked for a binding while a payment was open."""
    waiting_cycle: bool = False
    """Whether the buyer has counted qualifications of friends, which may wait for an order to return."""
    rule_version: int | None = None
    """The version in force at the time of payment."""
    known_payment: bool = False
    """Whether this transaction is recorded already, with any outcome."""
    notice_credits: tuple[str, ...] | None = None
    """The messages that the buyer allowed."""


class PaymentRow(msgspec.Struct, frozen=True):
    """The row of `payments`."""

    transaction_id: str
    order_id: int
    amount_fen: int
    outcome: Outcome
    paid_at: datetime


class PaidOrder(msgspec.Struct, frozen=True):
    """What changes in the row of `orders`."""

    order_id: int
    member_id: int
    status: OrderStatus
    paid_at: datetime
    transaction_id: str | None
    rule_version: int | None
    referrer_id: int | None
    ancestor2_id: int | None
    ancestor3_id: int | None


class SoldStock(msgspec.Struct, frozen=True):
    """`n` pieces of `sku`, for `stock_move`."""

    sku: int
    n: int


class QualificationRow(msgspec.Struct, frozen=True):
    """The row of `qualifications`."""

    referee_id: int
    referrer_id: int
    order_id: int
    rule_version: int
    state: str
    held_for: str | None
    paid_at: datetime
    counted_at: datetime | None
    created_at: datetime


class AlarmRow(msgspec.Struct, frozen=True):
    """The row of `alarms`."""

    kind: str
    subject: str
    detail: dict[str, str | int | None]


class Settlement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The argument of `settle_write`: the judged notice and what follows from it. What is None is not written."""

    notice_id: int
    outcome: Outcome
    mismatch: str | None
    at: datetime
    payment: PaymentRow | None = None
    paid: PaidOrder | None = None
    stock: tuple[SoldStock, ...] | None = None
    coupon_id: int | None = None
    entry: Posting | None = None
    qualification: QualificationRow | None = None
    jobs: list[JobRow] | None = None
    alarm: AlarmRow | None = None


async def settlement_of(judgement: Judgement, notice: PaymentNotice, facts: SettleFacts, at: datetime) -> Settlement:
    """Build what follows from a judgement of `notice`."""
    order, outcome = facts.order, judgement.outcome
    judged = Settlement(notice_id=facts.notice_id, outcome=outcome, mismatch=judgement.mismatch, at=at)
    if outcome is Outcome.MISMATCH:
        return structs.replace(judged, alarm=_alarm("payment_mismatch", notice, {"field": judgement.mismatch}))
    assert order is not None  # noqa: S101 - a notice without an order is a mismatch
    match outcome:
        case Outcome.SETTLE:
            return await settlement_of_paid(order, facts, notice.transaction_id, notice.amount_fen, at)
        case Outcome.AFTER_CLOSE | Outcome.TWICE:
            paid_at = notice.success_time or at
            stray = entries.stray_payment(notice.transaction_id, notice.out_trade_no, notice.amount_fen)
            return structs.replace(
                judged,
                payment=PaymentRow(notice.transaction_id, order.id, notice.amount_fen, outcome, paid_at),
                entry=book.posting(stray, at, paid_at),
                alarm=_alarm(f"payment_{outcome}", notice, {}),
            )
        case _:
            return judged


def _alarm(kind: str, notice: PaymentNotice, more: dict[str, str | None]) -> AlarmRow:
    detail = {"transaction_id": notice.transaction_id, "amount_fen": notice.amount_fen, **more}
    return AlarmRow(kind, f"order:{notice.out_trade_no}"[:60], detail)


async def settlement_of_paid(
    order: PayableOrder, facts: SettleFacts, transaction_id: str | None, cash_fen: int, at: datetime
) -> Settlement:
    """Build the settlement of an order: its status, stock, coupon, money, qualification and follow-up jobs.

    `transaction_id` is None when no cash was due.
    """
    referrer, second, third = facts.chain
    entry = entries.order_paid(order.order_no, cash_fen, order.balance_fen, order.points, facts.value_coupon)
    paid_at = order.paid_at
    matches = await _matches(order, facts)
    qualification = await _qualification(order, facts, at) if matches else None
    jobs = _jobs(order, facts, cash_fen) + _jobs_of(qualification, facts)
    if matches and facts.first_unclear:
        jobs.append(Job("requalify", {"member_id": order.member_id}))
    return Settlement(
        notice_id=facts.notice_id,
        outcome=Outcome.SETTLE,
        mismatch=None,
        at=at,
        payment=None
        if transaction_id is None
        else PaymentRow(transaction_id, order.id, cash_fen, Outcome.SETTLE, paid_at),
        paid=PaidOrder(
            order_id=order.id,
            member_id=order.member_id,
            status=OrderStatus.TEAMING if order.kind == "group_buy" else OrderStatus.PAID,
            paid_at=paid_at,
            transaction_id=transaction_id,
            rule_version=facts.rule_version,
            referrer_id=referrer,
            ancestor2_id=second,
            ancestor3_id=third,
        ),
        stock=tuple(SoldStock(line.sku, line.n) for line in facts.lines),
        coupon_id=order.coupon_id,
        # a coupon may pay everything: then no money moves
        entry=book.posting(entry, at, paid_at) if entry.lines else None,
        qualification=qualification,
        jobs=outbox.as_rows(jobs),
    )


def _jobs(order: PayableOrder, facts: SettleFacts, cash_fen: int) -> list[Job]:
    """Build the jobs that follow a paid order, whether it qualifies or not."""
    jobs: list[Job] = []
    if "paid" in (facts.notice_credits or ()):
        values = {"order_no": order.order_no, "amount": f"{yuan(cash_fen + order.balance_fen)}元"}
        jobs.append(messages.notice_job(order.member_id, "paid", values, f"order_no={order.order_no}"))
    teaming = order.kind == "group_buy"  # nothing is delivered or earned before the team succeeds
    if not teaming and any(line.virtual for line in facts.lines):
        jobs.append(Job("deliver_cards", {"order_id": order.id}))
    earning = order.for_commission and facts.chain[0] is not None and not teaming
    if earning and any(line.cash_fen for line in facts.lines):
        jobs.append(Job("decide_commission", {"order_id": order.id}))
    if facts.waiting_cycle and not teaming:
        jobs.append(Job("close_cycle", {"member_id": order.member_id}))
    if facts.binding_asked:
        jobs.append(Job("decide_bindings", {"member_id": order.member_id}))
    return jobs


def _jobs_of(qualification: QualificationRow | None, facts: SettleFacts) -> list[Job]:
    """Build the jobs for the referrer: closing the cycle, and the notice about a friend who counts."""
    if qualification is None or qualification.state == "pending":
        return []
    referrer = qualification.referrer_id
    jobs = [Job("close_cycle", {"member_id": referrer})]
    if qualification.state == "counted":
        jobs.append(qualification_waits.counted_notice(referrer, facts.nickname, facts.friends_counted + 1))
    return jobs


async def _matches(order: PayableOrder, facts: SettleFacts) -> bool:
    """Return whether the order may be the buyer's first that counts, by the rule in force when it was paid."""
    concerned = facts.first_unclear or (facts.chain[0] is not None and not facts.qualified)
    if not concerned or facts.rule_version is None or not order.for_qualification:
        return False
    lines = [LineNet(line.product_id, line.category_id, line.cash_fen) for line in facts.lines]
    return qualifies(await terms_of(facts.rule_version), order.kind, lines)


async def _qualification(order: PayableOrder, facts: SettleFacts, at: datetime) -> QualificationRow | None:
    """Build the buyer's qualification for the referrer, for an order that matches, if it is clearly the first."""
    referrer, version = facts.chain[0], facts.rule_version
    if facts.first_unclear or referrer is None or version is None or facts.referrer_state == "closed":
        return None
    terms = await terms_of(version)
    waiting = qualifications.waits(terms, teaming=order.kind == "group_buy", received=False)
    active = facts.referrer_state == "active"
    standing = qualifications.PENDING if waiting else qualifications.after_waiting(referrer_active=active)
    return QualificationRow(
        referee_id=order.member_id,
        referrer_id=referrer,
        order_id=order.id,
        rule_version=version,
        state=standing.state,
        held_for=standing.held_for,
        paid_at=order.paid_at,
        counted_at=at if standing.state == "counted" else None,
        created_at=at,
    )
