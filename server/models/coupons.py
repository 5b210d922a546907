"""Coupon templates, the coupons of members, and the jobs that issue a template's coupons to many members."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class CouponTemplate(Model):
    """What a coupon is worth, who may have it, and how long it is valid."""

    id = fields.BigIntField(primary_key=True)
    slug = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=40)
    amount_fen = fields.BigIntField()
    """0 if the coupon takes off a percentage."""
    off_bp = fields.IntField(db_default=0)
    """The percentage it takes off: 1500 is 15 % (八五折); 0 if it takes off an amount."""
    most_fen = fields.BigIntField(null=True)
    """The most that a percentage takes off."""
    threshold_fen = fields.BigIntField(default=0)
    products: fields.JSONField[Any] = fields.JSONField(null=True)
    """Ids of the products it is for; null: see `categories`."""
    categories: fields.JSONField[Any] = fields.JSONField(null=True)
    """Ids of the categories it is for, with all categories below them at the time of saving; both null: everything."""
    valid_days = fields.IntField(default=30, null=True)
    """Days from the claim; null if the template has `starts_at` and `ends_at`."""
    starts_at = fields.DatetimeField(null=True)
    ends_at = fields.DatetimeField(null=True)
    claim_from = fields.DatetimeField(null=True)
    claim_until = fields.DatetimeField(null=True)
    audience = fields.CharField(max_length=8, db_default="all")
    """Who may claim: `all`, `new` (no paid order yet) or `birthday` (in the month of the birthday)."""
    levels: fields.JSONField[Any] = fields.JSONField(null=True)
    """Positions of the levels that may claim it or get it as a gift; null: every level."""
    listed = fields.BooleanField(db_default=True)
    """Whether the claim centre shows it."""
    birthday_gift = fields.BooleanField(db_default=False)
    """Given to each member on the birthday, once a year."""
    total = fields.IntField(null=True)
    claimed = fields.IntField(default=0)
    """How many coupons were issued from it, in all ways together."""
    per_member = fields.IntField(default=1)
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "coupon_templates"


class Coupon(Model):
    """One coupon of one member."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    template_id = fields.BigIntField(null=True)
    source = fields.CharField(max_length=60, unique=True)
    """Where it came from, each source once: `template:3:member:8:1`, `issue:5:member:8`, `birthday:3:2026:member:8`,
    `rebate:12:stage:3`, `line:7:2`."""
    issue_id = fields.BigIntField(null=True)
    """The job that issued it."""
    name = fields.CharField(max_length=40)
    amount_fen = fields.BigIntField()
    off_bp = fields.IntField(db_default=0)
    most_fen = fields.BigIntField(null=True)
    threshold_fen = fields.BigIntField(default=0)
    products: fields.JSONField[Any] = fields.JSONField(null=True)
    categories: fields.JSONField[Any] = fields.JSONField(null=True)
    state = fields.CharField(max_length=8, default="unused")
    """`unused`, `locked` (by an unpaid order), `used` or `void`. "Expired" is not a state: compare `expires_at`."""
    starts_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    order_id = fields.BigIntField(null=True)
    discount_fen = fields.BigIntField(default=0)
    """What it took off the order that locked or used it."""
    order_line_id = fields.BigIntField(null=True)
    """The order line that it was bought with."""
    taken_by = fields.BigIntField(null=True)
    """The refund that took it back; set only for a coupon that was bought."""
    taken_at = fields.DatetimeField(null=True)
    """When a used coupon of value was taken back for good: it stays void when its order is refunded."""
    warned_at = fields.DatetimeField(null=True)
    """When the member was told that it expires soon."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "coupons"
        indexes = (
            ("member_id", "id"),
            # For the panel's list, newest first: of all, of one state, of one template.
            Index(fields=("created_at", "id"), name="coupons_by_day"),
            Index(fields=("state", "created_at", "id"), name="coupons_by_state"),
            Index(fields=("template_id", "created_at", "id"), name="coupons_by_template"),
        )


class CouponIssue(Model):
    """One job that issues a template's coupons to many members. The table is the queue; a job works in batches."""

    id = fields.BigIntField(primary_key=True)
    template_id = fields.BigIntField(db_index=True)
    source = fields.CharField(max_length=40, unique=True)
    """The beginning of its coupons' sources: `issue:5`, or `birthday:3:2026-11-28` for the gifts of a day."""
    segment = fields.CharField(max_length=12)
    """Who gets one, see rules/coupons.py."""
    days = fields.IntField(null=True)
    levels: fields.JSONField[Any] = fields.JSONField(null=True)
    day = fields.DateField(null=True)
    """For birthday gifts: the day of the birthdays."""
    operator = fields.CharField(max_length=40)
    reason = fields.CharField(max_length=200)
    state = fields.CharField(max_length=8, db_default="running")
    """`running`, `done`, or why it ended early: `total`, `ended`, `stopped`."""
    place = fields.BigIntField(db_default=0)
    """Id of the last member that was processed. It changes in the transaction that issues the coupons."""
    last_id = fields.BigIntField()
    """Id of the newest member when the job was asked for."""
    seen = fields.IntField(db_default=0)
    members = fields.IntField()
    """How many members are to be processed."""
    issued = fields.IntField(db_default=0)
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "coupon_issues"


class CouponIssueMember(Model):
    """A member on the list that an operator uploaded for a job."""

    id = fields.BigIntField(primary_key=True)
    issue_id = fields.BigIntField()
    member_id = fields.BigIntField()

    class Meta:
        table = "coupon_issue_members"
        unique_together = (("issue_id", "member_id"),)
