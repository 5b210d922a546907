"""Orders and their lines. Every amount is fixed when the order is placed."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Order(Model):
    """items − discounts + freight − balance = cash due. `status` changes only as rules/orders.py allows."""

    id = fields.BigIntField(primary_key=True)
    order_no = fields.CharField(max_length=32, unique=True)
    member_id = fields.BigIntField()
    kind = fields.CharField(max_length=12, default="normal")
    """`normal`, `group_buy`, `flash_sale` or `points`."""
    promotion_id = fields.BigIntField(null=True)
    """Id of the group buy, of the item of a flash sale, or of the points good."""
    team_id = fields.BigIntField(null=True)
    stacking_version = fields.IntField(db_default=0)
    """The stacking matrix it was priced under; 0 is the one built into the code."""
    for_commission = fields.BooleanField(db_default=True)
    for_qualification = fields.BooleanField(db_default=True)
    for_return = fields.BooleanField(db_default=True)
    """Whether the stacking matrix let its kind earn, count and be returned under 推三返一 when it was placed."""
    points = fields.BigIntField(db_default=0)
    refunded_points = fields.BigIntField(db_default=0)
    status = fields.CharField(max_length=12, default="pending")
    virtual = fields.BooleanField(default=False)
    """All lines are virtual goods, so it is delivered on payment and never shipped."""
    items_fen = fields.BigIntField()
    discounts: fields.JSONField[Any] = fields.JSONField()
    """`[{kind, label, amount_fen}]` as shown to the member."""
    coupon_id = fields.BigIntField(null=True)
    freight_fen = fields.BigIntField(default=0)
    freight_cash_fen = fields.BigIntField(default=0)
    """The part of the freight paid in cash. Cash pays for freight before it pays for goods."""
    balance_fen = fields.BigIntField(default=0)
    withdrawable_fen = fields.BigIntField(default=0)
    """The part of `balance_fen` taken from the withdrawable account; the rest is spend-only."""
    cash_due_fen = fields.BigIntField()
    address_sealed = fields.TextField(null=True)
    region = fields.CharField(max_length=130, default="")
    remark = fields.CharField(max_length=200, default="")
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    prepay_started_at = fields.DatetimeField(null=True)
    """Set before WeChat is first asked to open the payment. From then on, closing must ask WeChat first."""
    prepay_id = fields.CharField(max_length=64, null=True)
    prepay_at = fields.DatetimeField(null=True)
    check_at = fields.DatetimeField(null=True)
    """When to ask WeChat next whether the order was paid, if no notice comes."""
    checks = fields.IntField(default=0)
    paid_at = fields.DatetimeField(null=True)
    transaction_id = fields.CharField(max_length=40, null=True)
    rule_version = fields.IntField(null=True)
    referrer_id = fields.BigIntField(null=True)
    ancestor2_id = fields.BigIntField(null=True)
    ancestor3_id = fields.BigIntField(null=True)
    """The rule version and the chain of referrers at the time of payment."""
    shipped_at = fields.DatetimeField(null=True)
    shipped_by = fields.CharField(max_length=8, null=True)
    """`express`, `own` (the shop's own delivery) or `pick_up`. Only express has a company and a tracking number."""
    company = fields.CharField(max_length=40, null=True)
    tracking_no = fields.CharField(max_length=60, null=True)
    shipping_corrected_at = fields.DatetimeField(null=True)
    """When the three above were corrected; WeChat takes one correction."""
    received_at = fields.DatetimeField(null=True)
    completed_at = fields.DatetimeField(null=True)
    close_at = fields.DatetimeField(null=True)
    """When to try again to close it, if WeChat did not confirm the closing."""
    closed_at = fields.DatetimeField(null=True)
    close_reason = fields.CharField(max_length=20, null=True)
    refunded_at = fields.DatetimeField(null=True)
    refunded_cash_fen = fields.BigIntField(default=0)
    """Cash granted back, freight included. A part that was withheld counts as granted."""
    refunded_balance_fen = fields.BigIntField(default=0)
    refunded_freight_fen = fields.BigIntField(default=0)
    """The cash part of the freight that was granted back. It is also included in `refunded_cash_fen`."""

    class Meta:
        table = "orders"
        indexes = (
            ("member_id", "id"),
            # For the panel's list: of all, and of one status in the list's own order.
            Index(fields=("created_at", "id"), name="orders_by_time"),
            Index(fields=("status", "created_at", "id"), name="orders_by_status"),
        )


class OrderLine(Model):
    """One SKU of an order with its shares of discount, coupon, points, balance and cash, without freight."""

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="lines", on_delete=fields.OnDelete.RESTRICT
    )
    position = fields.IntField()
    sku_id = fields.BigIntField()
    product_id = fields.BigIntField()
    category_id = fields.BigIntField()
    title = fields.CharField(max_length=80)
    image = fields.CharField(max_length=400, default="")
    spec = fields.TextField()
    """JSON text, as in `skus`."""
    virtual = fields.BooleanField(default=False)
    quantity = fields.IntField()
    unit_price_fen = fields.BigIntField()
    """The list price of a piece."""
    promotion_fen = fields.BigIntField(null=True)
    """The promotion's price of a piece; null where no promotion set one."""
    amount_fen = fields.BigIntField()
    discount_fen = fields.BigIntField(default=0)
    coupon_fen = fields.BigIntField(default=0)
    points_fen = fields.BigIntField(default=0)
    points = fields.BigIntField(db_default=0)
    """Points paid, worth `points_fen`."""
    refunded_points = fields.BigIntField(db_default=0)
    balance_fen = fields.BigIntField(default=0)
    withdrawable_fen = fields.BigIntField(default=0)
    cash_fen = fields.BigIntField()
    refunded_quantity = fields.IntField(default=0)
    refunded_cash_fen = fields.BigIntField(default=0)
    refunded_balance_fen = fields.BigIntField(default=0)
    refunded_withdrawable_fen = fields.BigIntField(default=0)

    class Meta:
        table = "order_lines"
        indexes = (Index(fields=("order_id",), name="order_lines_order"),)
