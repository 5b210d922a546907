"""The parts of WeChat Pay's JSON that we read, and their conversion to the notices of the ports."""

from datetime import datetime
from typing import Annotated

import msgspec

from server.gateways.ports import PaymentNotice, RefundNotice, TransferNotice

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time without a zone is refused."""


class Amount(msgspec.Struct):
    """An amount in fen; WeChat's default currency applies when it is missing."""

    total: int = 0
    currency: str = "CNY"


class Payer(msgspec.Struct):
    """Who paid; the openid belongs to our appid."""

    openid: str = ""


class Transaction(msgspec.Struct):
    """A transaction in a notice or a query. An unpaid one has no transaction id, payer or time."""

    appid: str
    mchid: str
    out_trade_no: str
    trade_state: str
    amount: Amount = msgspec.field(default_factory=Amount)
    payer: Payer = msgspec.field(default_factory=Payer)
    transaction_id: str = ""
    success_time: Moment | None = None


class RefundAmount(msgspec.Struct):
    """The refunded amount in fen."""

    refund: int


class Refund(msgspec.Struct, kw_only=True):
    """What answers and notices of refunds have in common; only notices carry the merchant."""

    out_refund_no: str
    refund_id: str
    out_trade_no: str
    transaction_id: str
    amount: RefundAmount
    success_time: Moment | None = None
    mchid: str = ""


class RefundAnswer(Refund, kw_only=True):
    """The answer to a refund call or a query."""

    status: str
    create_time: Moment | None = None


class RefundNews(Refund, kw_only=True):
    """A refund notice, where the state has another field name."""

    refund_status: str


class Transfer(msgspec.Struct, kw_only=True):
    """What all messages about a transfer have in common. Answers to opening and cancelling carry nothing more."""

    out_bill_no: str
    transfer_bill_no: str
    state: str
    fail_reason: str | None = None
    package_info: str = ""
    mch_id: str = ""
    openid: str = ""
    transfer_amount: int | None = None
    update_time: Moment | None = None


class WholeTransfer(Transfer, kw_only=True):
    """A transfer in a query or a notice, which also carry merchant, receiver and amount."""

    mch_id: str
    openid: str
    transfer_amount: int


class PrepayAnswer(msgspec.Struct):
    """The answer to a prepay call."""

    prepay_id: str


class BillLink(msgspec.Struct):
    """The link of a bill, valid for five minutes, and the SHA-1 of the file."""

    download_url: str
    hash_value: str


class Refusal(msgspec.Struct):
    """The body of every 4xx that WeChat itself sends."""

    code: Annotated[str, msgspec.Meta(min_length=1)]
    message: str = ""


class Resource(msgspec.Struct):
    """What an encrypted notice contains, as stated outside the encryption."""

    original_type: str


class Envelope(msgspec.Struct):
    """The kind of event that a notice is about."""

    event_type: str
    resource: Resource


TRANSACTION = msgspec.json.Decoder(Transaction)
REFUND_ANSWER = msgspec.json.Decoder(RefundAnswer)
REFUND_NEWS = msgspec.json.Decoder(RefundNews)
TRANSFER = msgspec.json.Decoder(Transfer)
WHOLE_TRANSFER = msgspec.json.Decoder(WholeTransfer)
PREPAY_ANSWER = msgspec.json.Decoder(PrepayAnswer)
BILL_LINK = msgspec.json.Decoder(BillLink)
REFUSAL = msgspec.json.Decoder(Refusal)
ENVELOPE = msgspec.json.Decoder(Envelope)


def payment_notice(transaction: Transaction) -> PaymentNotice:
    """Convert a transaction to the port's type."""
    return PaymentNotice(
        appid=transaction.appid,
        mchid=transaction.mchid,
        out_trade_no=transaction.out_trade_no,
        transaction_id=transaction.transaction_id,
        trade_state=transaction.trade_state,
        amount_fen=transaction.amount.total,
        currency=transaction.amount.currency,
        payer_openid=transaction.payer.openid,
        success_time=transaction.success_time,
    )


def refund_notice(refund: Refund, status: str) -> RefundNotice:
    """Convert a refund to the port's type."""
    return RefundNotice(
        mchid=refund.mchid,
        refund_no=refund.out_refund_no,
        refund_id=refund.refund_id,
        out_trade_no=refund.out_trade_no,
        transaction_id=refund.transaction_id,
        status=status,
        amount_fen=refund.amount.refund,
        success_time=refund.success_time,
        created_at=refund.create_time if isinstance(refund, RefundAnswer) else None,
    )


def transfer_notice(transfer: Transfer) -> TransferNotice:
    """Convert a transfer to the port's type."""
    return TransferNotice(
        out_bill_no=transfer.out_bill_no,
        transfer_bill_no=transfer.transfer_bill_no,
        state=transfer.state,
        fail_reason=transfer.fail_reason or "",
        package_info=transfer.package_info,
        mchid=transfer.mch_id,
        openid=transfer.openid,
        amount_fen=transfer.transfer_amount,
        updated_at=transfer.update_time,
    )
