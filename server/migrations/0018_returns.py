"""Goods that come back before the money does."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0018_returns.sql and its `_down` twin."""

    dependencies = [("models", "0017_people")]
    operations = [
        ops.AddField(model_name="Refund", name="answer", field=fields.CharField(max_length=200, null=True)),
        ops.AddField(model_name="Refund", name="return_to", field=fields.CharField(max_length=200, null=True)),
        ops.AddField(
            model_name="Refund",
            name="return_by",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(model_name="Refund", name="return_company", field=fields.CharField(max_length=40, null=True)),
        ops.AddField(model_name="Refund", name="return_tracking_no", field=fields.CharField(max_length=60, null=True)),
        ops.AddField(
            model_name="Refund",
            name="restocked_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.RunSQL(sql("0018_returns"), sql("0018_returns_down")),
    ]
