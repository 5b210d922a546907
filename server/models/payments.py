"""WeChat transactions, WeChat's notices about them, and refunds."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Payment(Model):
    """One successful WeChat transaction for an order of ours, whatever its outcome."""

    id = fields.BigIntField(primary_key=True)
    transaction_id = fields.CharField(max_length=40, unique=True)
    order_id = fields.BigIntField(db_index=True)
    amount_fen = fields.BigIntField()
    outcome = fields.CharField(max_length=12)
    """`settled`, `after_close` or `twice`. The last two are refunded automatically."""
    paid_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "payments"
        indexes = (
            # Reconciliation reads the payments of one day.
            Index(fields=("paid_at",), name="payments_by_time"),
        )


class PaymentNotice(Model):
    """The inbox: what WeChat said about a payment, once per content, stored in the transaction that acts on it."""

    id = fields.BigIntField(primary_key=True)
    digest = fields.CharField(max_length=64, unique=True)
    """SHA-256 of the content. A repeated notice and a query with the same content share one row."""
    source = fields.CharField(max_length=8)
    out_trade_no = fields.CharField(max_length=32, db_index=True)
    transaction_id = fields.CharField(max_length=40)
    amount_fen = fields.BigIntField()
    outcome = fields.CharField(max_length=16)
    mismatch = fields.CharField(max_length=40, null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "payment_notices"


class Refund(Model):
    """One refund of an order, or of a stray payment (paid after the order was closed, or paid twice)."""

    id = fields.BigIntField(primary_key=True)
    refund_no = fields.CharField(max_length=32, unique=True)
    order_id = fields.BigIntField(db_index=True)
    member_id = fields.BigIntField()
    payment_id = fields.BigIntField(null=True)
    """The transaction that the cash goes back through; null if only balance moves."""
    kind = fields.CharField(max_length=8)
    """`order` or `stray`."""
    state = fields.CharField(max_length=12)
    """`requested`, `returning` (goods must come back first), `rejected`, `withdrawn` (by its member), `granting`
    (decided, but an unpaid order that holds a coupon is closed first), `approved` (granted, WeChat not asked yet),
    `processing`, `abnormal` or `succeeded`."""
    holds = fields.BooleanField(db_default=False)
    """Whether it was asked for within the order's refund window: while it is open, nothing that the order brings is
    released."""
    decide_by = fields.DatetimeField(null=True)
    """When the shop's default decides, if no operator has; null while the member must send the goods."""
    held_by = fields.BigIntField(null=True)
    """The unpaid order that a `granting` refund waits for."""
    reason = fields.CharField(max_length=80)
    whole = fields.BooleanField(default=False)
    cash_fen = fields.BigIntField(default=0)
    """What WeChat pays back: the granted cash less what is withheld."""
    freight_fen = fields.BigIntField(default=0)
    """The cash part of the freight in this refund."""
    balance_fen = fields.BigIntField(default=0)
    withdrawable_fen = fields.BigIntField(default=0)
    withheld_fen = fields.BigIntField(default=0)
    """The amount kept back because the wallet no longer holds this order's own rebate."""
    points = fields.BigIntField(db_default=0)
    requested_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=40, null=True)
    finished_at = fields.DatetimeField(null=True)
    wechat_refund_id = fields.CharField(max_length=40, null=True)
    issue_no = fields.CharField(max_length=32, null=True, unique=True)
    """The number under which WeChat was asked again after it had closed the refund; until then that is `refund_no`."""
    issued_at = fields.DatetimeField(null=True)
    by_hand = fields.BooleanField(db_default=False)
    """Paid outside WeChat after WeChat had closed it."""
    check_at = fields.DatetimeField(null=True)
    problem = fields.CharField(max_length=200, null=True)
    answer = fields.CharField(max_length=200, null=True)
    """The operator's message to the member about the decision."""
    return_to = fields.CharField(max_length=200, null=True)
    """The address for the returned goods, fixed when the shop asks for them."""
    return_by = fields.DatetimeField(null=True)
    """The parcel must be on its way before this time."""
    return_company = fields.CharField(max_length=40, null=True)
    return_tracking_no = fields.CharField(max_length=60, null=True)
    restocked_at = fields.DatetimeField(null=True)
    """When its shipped goods were back in stock; null if they were never shipped, or did not come back."""

    class Meta:
        table = "refunds"
        indexes = (
            # For the panel's list: of one state.
            Index(fields=("state", "id"), name="refunds_by_state"),
        )


class RefundReissue(Model):
    """A refund that WeChat could not make, and what an operator did about it."""

    id = fields.BigIntField(primary_key=True)
    refund: fields.ForeignKeyRelation[Refund] = fields.ForeignKeyField(
        "models.Refund", related_name="reissues", on_delete=fields.OnDelete.RESTRICT
    )
    way = fields.CharField(max_length=5)
    """`again` (asked again under a second number), `card` (to a bank card of the payer) or `hand`."""
    number = fields.CharField(max_length=64)
    """The second number: WeChat's for `again` and `card`, the reference of the payment for `hand`."""
    ended = fields.CharField(max_length=8)
    """How WeChat had ended it: `CLOSED` or `ABNORMAL`."""
    before_no = fields.CharField(max_length=32)
    """The number that ended so, when WeChat was asked under it, and WeChat's own number."""
    before_at = fields.DatetimeField()
    before_wechat_id = fields.CharField(max_length=40)
    by = fields.CharField(max_length=40)
    at = fields.DatetimeField()

    class Meta:
        table = "refund_reissues"
        indexes = (Index(fields=("refund_id",), name="refund_reissues_refund"),)


class RefundLine(Model):
    """The part of an order line that a refund gives back."""

    id = fields.BigIntField(primary_key=True)
    refund: fields.ForeignKeyRelation[Refund] = fields.ForeignKeyField(
        "models.Refund", related_name="lines", on_delete=fields.OnDelete.RESTRICT
    )
    order_line_id = fields.BigIntField()
    quantity = fields.IntField()
    cash_fen = fields.BigIntField(default=0)
    balance_fen = fields.BigIntField(default=0)
    withdrawable_fen = fields.BigIntField(default=0)
    points = fields.BigIntField(db_default=0)

    class Meta:
        table = "refund_lines"
        indexes = (
            Index(fields=("refund_id",), name="refund_lines_refund"),
            Index(fields=("order_line_id",), name="refund_lines_line"),
        )
