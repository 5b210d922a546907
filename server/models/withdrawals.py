"""提现: money on its way from a wallet to WeChat, and WeChat's answers about it."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Withdrawal(Model):
    """One withdrawal. amount = fee + tax + payout. `state` changes only as rules/withdrawals.py allows."""

    id = fields.BigIntField(primary_key=True)
    withdrawal_no = fields.CharField(max_length=32, unique=True)
    """Also WeChat's `out_bill_no`. It is stored before WeChat is asked, and never replaced by another number."""
    member_id = fields.BigIntField()
    amount_fen = fields.BigIntField()
    fee_fen = fields.BigIntField(default=0)
    tax_fen = fields.BigIntField(default=0)
    payout_fen = fields.BigIntField()
    """What WeChat pays."""
    state = fields.CharField(max_length=12)
    """`requested`, `approved`, `sent`, `confirming`, `paid`, `rejected`, `failed`, `expired` or `cancelled`."""
    real_name_sealed = fields.TextField(null=True)
    requested_at = fields.DatetimeField()
    approved_by = fields.CharField(max_length=40, null=True)
    approved_at = fields.DatetimeField(null=True)
    second_by = fields.CharField(max_length=40, null=True)
    """An operator other than `approved_by`; needed for large amounts."""
    second_at = fields.DatetimeField(null=True)
    sent_at = fields.DatetimeField(null=True)
    """When WeChat was first asked. From then on WeChat's answer decides."""
    confirming_at = fields.DatetimeField(null=True)
    package_info = fields.CharField(max_length=500, null=True)
    """The argument of `wx.requestMerchantTransfer`, with which the member confirms."""
    wechat_bill_no = fields.CharField(max_length=64, null=True)
    cancelled_by = fields.CharField(max_length=40, null=True)
    """`member` or an operator who asked to cancel; WeChat may still have to agree."""
    finished_at = fields.DatetimeField(null=True)
    why = fields.CharField(max_length=200, null=True)
    """Why it was rejected, failed or cancelled, in the words that the member reads."""
    check_at = fields.DatetimeField(null=True)
    """When to ask WeChat next."""
    checks = fields.IntField(default=0)
    absent_at = fields.DatetimeField(null=True)
    """When WeChat last said that it does not know the bill: no earlier call to WeChat has created it."""

    class Meta:
        table = "withdrawals"
        indexes = (
            ("member_id", "id"),
            # For the panel's list: of one state.
            Index(fields=("state", "id"), name="withdrawals_by_state"),
        )
