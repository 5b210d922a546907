"""对账: WeChat's bills of a finished day compared with our books."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Reconciliation(Model):
    """One run for one day. Only the newest run of a day counts."""

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField()
    operator = fields.CharField(max_length=40)
    state = fields.CharField(max_length=12)
    """`running`, `clean`, `differences` or `failed`."""
    sums: fields.JSONField[Any] = fields.JSONField()
    """For each bill (`trade`, `refund`, `fund`): the lines and the fen on both sides."""
    problem = fields.CharField(max_length=200, null=True)
    started_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "reconciliations"
        indexes = (("day", "id"),)


class Difference(Model):
    """One point on which WeChat's bill and our books differ."""

    id = fields.BigIntField(primary_key=True)
    run: fields.ForeignKeyRelation[Reconciliation] = fields.ForeignKeyField(
        "models.Reconciliation", related_name="differences", on_delete=fields.OnDelete.RESTRICT
    )
    bill = fields.CharField(max_length=8)
    """`trade`, `refund` or `fund`."""
    kind = fields.CharField(max_length=12)
    """`ours_only`, `theirs_only`, `amount` or `state`."""
    subject = fields.CharField(max_length=64)
    """The number under which both sides know it."""
    ours: fields.JSONField[Any] = fields.JSONField(null=True)
    theirs: fields.JSONField[Any] = fields.JSONField(null=True)

    class Meta:
        table = "reconciliation_differences"
        indexes = (Index(fields=("run_id",), name="differences_run"),)


class ReconciliationAsk(Model):
    """A day that an operator asked to compare, from the request to the result."""

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField()
    operator = fields.CharField(max_length=40)
    state = fields.CharField(max_length=8, default="waiting")
    """`waiting`, `running`, `done` or `failed`."""
    lines_done = fields.IntField(default=0)
    """Lines of the bills read and compared so far."""
    run_id = fields.BigIntField(null=True)
    problem = fields.CharField(max_length=200, null=True)
    alive_at = fields.DatetimeField(null=True)
    """When the worker last reported. After a long silence another worker takes over."""
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "reconciliation_asks"
