"""分润: versions of the commission policies, and what each paid order earned for its referrers."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class CommissionVersion(Model):
    """An immutable set of policies. The highest version is in force; an order keeps the version it was paid under."""

    version = fields.IntField(primary_key=True)
    terms: fields.JSONField[Any] = fields.JSONField()
    """See rules/commissions.py, complete and validated."""
    note = fields.CharField(max_length=200)
    operator = fields.CharField(max_length=40)
    published_at = fields.DatetimeField()

    class Meta:
        table = "commission_versions"


class Commission(Model):
    """What one referrer earns from one order. One per order and level, decided when the order is paid."""

    id = fields.BigIntField(primary_key=True)
    order_id = fields.BigIntField()
    member_id = fields.BigIntField()
    """Who earns it."""
    level = fields.IntField()
    """1 is the direct referrer, 2 is that member's referrer."""
    version = fields.IntField()
    state = fields.CharField(max_length=8)
    """`frozen`, `settled` or `reversed`."""
    whole_fen = fields.BigIntField()
    """As it was decided at payment."""
    granted_fen = fields.BigIntField()
    """What is left after refunds."""
    explanation: fields.JSONField[Any] = fields.JSONField()
    """For each line the policy, the base and the rate; then the cap. The parts sum to `whole_fen`. `earner` has what
    was known of the member when it was decided, for the audit."""
    release_at = fields.DatetimeField(null=True)
    """Receipt + `observe_days`; null before receipt."""
    created_at = fields.DatetimeField()
    settled_at = fields.DatetimeField(null=True)
    reversed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "commissions"
        indexes = (
            ("member_id", "id"),
            Index(fields=("order_id",), name="commissions_order"),
            # For the panel's list, newest first: of all, of one state, of one member (who may have 10 000).
            Index(fields=("created_at", "id"), name="commissions_by_time"),
            Index(fields=("state", "created_at", "id"), name="commissions_by_state"),
            Index(fields=("member_id", "created_at", "id"), name="commissions_member_time"),
        )
        unique_together = (("order_id", "level"),)
