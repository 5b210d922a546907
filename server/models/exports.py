"""Lists that operators export as files."""

from typing import Any

from tortoise import fields
from tortoise.models import Model


class Export(Model):
    """One file, from the request until it is deleted."""

    id = fields.BigIntField(primary_key=True)
    operator = fields.CharField(max_length=40)
    listing = fields.CharField(max_length=30)
    asked: fields.JSONField[Any] = fields.JSONField()
    """The list's filters."""
    state = fields.CharField(max_length=8, default="waiting")
    """`waiting`, `running`, `done` or `failed`."""
    rows_done = fields.IntField(default=0)
    rows_total = fields.IntField(null=True)
    """How many rows there will be; counted when the work begins."""
    alive_at = fields.DatetimeField(null=True)
    """When the worker last reported. After a long silence another worker takes over."""
    body = fields.BinaryField(null=True)
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "exports"
        indexes = (("operator", "id"),)
