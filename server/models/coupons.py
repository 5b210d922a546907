"""Coupon templates, the coupons they, and rebates, issue, and the jobs that issue them to many."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class CouponTemplate(Model):
    """What a coupon is worth, for whom and how long."""

    id = fields.BigIntField(primary_key=True)
    slug = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=40)
    amount_fen = fields.BigIntField()
    """0 for a percentage."""
    off_bp = fields.IntField(db_default=0)
    """What a percentage takes off: 1500 is 15 %, 八五折; 0 for an amount."""
    most_fen = fields.BigIntField(null=True)
    """What a percentage takes off at most."""
    threshold_fen = fields.BigIntField(default=0)
    products: fields.JSONField[Any] = fields.JSONField(null=True)
    """The products it is for; null: see `categories`."""
    categories: fields.JSONField[Any] = fields.JSONField(null=True)
    """The categories it is for, with all below them as they were when it was saved; both null: everything."""
    valid_days = fields.IntField(default=30, null=True)
    """Days from the claim; null where it has its own `starts_at` and `ends_at`."""
    starts_at = fields.DatetimeField(null=True)
    ends_at = fields.DatetimeField(null=True)
    claim_from = fields.DatetimeField(null=True)
    claim_until = fields.DatetimeField(null=True)
    audience = fields.CharField(max_length=8, db_default="all")
    """Who may claim: `all`, `new` (no paid order yet) or `birthday` (in the month of theirs)."""
    levels: fields.JSONField[Any] = fields.JSONField(null=True)
    """The positions of the levels that may claim it, or get it as a gift; null: every one."""
    listed = fields.BooleanField(db_default=True)
    """Whether the claim centre shows it."""
    birthday_gift = fields.BooleanField(db_default=False)
    """Given to each member on the day, once a year."""
    total = fields.IntField(null=True)
    claimed = fields.IntField(default=0)
    """How many coupons it has issued, in whichever way."""
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
    """What it came from, once: `template:3:member:8:1`, `issue:5:member:8`, `birthday:3:2026:member:8`,
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
    """`unused`, `locked` (by an unpaid order), `used` or `void`; expiry is a matter of time."""
    starts_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    order_id = fields.BigIntField(null=True)
    discount_fen = fields.BigIntField(default=0)
    """What it actually took off the order that locked or used it."""
    order_line_id = fields.BigIntField(null=True)
    """The line of an order that it was bought by."""
    taken_by = fields.BigIntField(null=True)
    """The refund of that order that took it back."""
    owed_fen = fields.BigIntField(db_default=0)
    """What it had taken off when it was taken back, which its member owes."""
    warned_at = fields.DatetimeField(null=True)
    """When its member was told that it ends soon."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "coupons"
        indexes = (
            ("member_id", "id"),
            # The panel's list, newest first: all, those of one state, those of one template.
            Index(fields=("created_at", "id"), name="coupons_by_day"),
            Index(fields=("state", "created_at", "id"), name="coupons_by_state"),
            Index(fields=("template_id", "created_at", "id"), name="coupons_by_template"),
        )


class CouponIssue(Model):
    """Giving a template's coupons to many: the table is the queue, a row goes through the members batch by batch."""

    id = fields.BigIntField(primary_key=True)
    template_id = fields.BigIntField(db_index=True)
    source = fields.CharField(max_length=40, unique=True)
    """What its coupons' sources begin with: `issue:5`, or `birthday:3:2026-11-28` for a day's gifts."""
    segment = fields.CharField(max_length=12)
    """Who gets one, see rules/coupons.py."""
    days = fields.IntField(null=True)
    levels: fields.JSONField[Any] = fields.JSONField(null=True)
    day = fields.DateField(null=True)
    """Of a birthday gift: whose day it is."""
    operator = fields.CharField(max_length=40)
    reason = fields.CharField(max_length=200)
    state = fields.CharField(max_length=8, db_default="running")
    """`running`, `done`, or why it ended before: `total`, `ended`, `stopped`."""
    place = fields.BigIntField(db_default=0)
    """The last member that was looked at; moves in the transaction that issues."""
    last_id = fields.BigIntField()
    """The newest member there was when it was asked for."""
    seen = fields.IntField(db_default=0)
    members = fields.IntField()
    """How many are to be looked at."""
    issued = fields.IntField(db_default=0)
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "coupon_issues"


class CouponIssueMember(Model):
    """A member that a list named."""

    id = fields.BigIntField(primary_key=True)
    issue_id = fields.BigIntField()
    member_id = fields.BigIntField()

    class Meta:
        table = "coupon_issue_members"
        unique_together = (("issue_id", "member_id"),)
