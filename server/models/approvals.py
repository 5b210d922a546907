"""Acts of operators above their limits: what waits for a second operator, and what was done alone today."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Approval(Model):
    """One act that needs a second operator. It is done in the transaction that makes it `approved`."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=24)
    """See rules/limits.py."""
    key = fields.CharField(max_length=120)
    """What makes an act the same as another; only one of them waits."""
    subject = fields.CharField(max_length=80)
    """What the act is about, such as `member:12`."""
    act: fields.JSONField[Any] = fields.JSONField()
    """What the act needs to be done later; its form is in rules/approvals.py."""
    detail: fields.JSONField[Any] = fields.JSONField()
    """What would have been in the operators' log: `before`, `after` and more."""
    basis: fields.JSONField[Any] = fields.JSONField()
    """What must still be so when the act is approved, such as the prices before."""
    weight = fields.BigIntField()
    """What was measured, in the unit of its kind: points, growth, fen, basis points, versions."""
    allowed = fields.BigIntField()
    """The limit that it exceeded, in the same unit."""
    asked_by = fields.CharField(max_length=40)
    role = fields.CharField(max_length=12)
    """The asker's role then, or `cli`."""
    asked_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    state = fields.CharField(max_length=10, default="waiting")
    """`waiting`, `approved`, `rejected`, `cancelled`, `failed` or `expired`."""
    decided_by = fields.CharField(max_length=40, null=True)
    decided_at = fields.DatetimeField(null=True)
    why = fields.CharField(max_length=300, null=True)
    """Why it was rejected or could not be done."""

    class Meta:
        table = "approvals"
        indexes = (
            # For the panel's list: of one state, of one thing.
            Index(fields=("state", "id"), name="approvals_by_state"),
            Index(fields=("subject", "id"), name="approvals_by_subject"),
        )


class LimitUse(Model):
    """What the operators of a role have done alone on one day. The row is the lock of the limit.

    `used` + `peak` is what counts.
    """

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField()
    """The day in Shanghai."""
    kind = fields.CharField(max_length=24)
    role = fields.CharField(max_length=12)
    subject = fields.CharField(max_length=80)
    """Empty, or what is counted by itself, such as `sku:A1`."""
    used = fields.BigIntField()
    """The sum of the acts that add up."""
    peak = fields.BigIntField(db_default=0)
    """The greatest of those that do not, see `PEAKS` in rules/limits.py."""

    class Meta:
        table = "limit_uses"
        unique_together = (("day", "kind", "role", "subject"),)
