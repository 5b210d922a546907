"""What all promotions share: the versions of the stacking matrix, which says what can be combined."""

from typing import Any

from tortoise import fields
from tortoise.models import Model


class StackingVersion(Model):
    """An immutable stacking matrix. The highest version is in force; an order keeps the version it was placed under."""

    version = fields.IntField(primary_key=True)
    matrix: fields.JSONField[Any] = fields.JSONField()
    """See rules/stacking.py, complete and validated."""
    note = fields.CharField(max_length=200)
    operator = fields.CharField(max_length=40)
    published_at = fields.DatetimeField()

    class Meta:
        table = "stacking_versions"
