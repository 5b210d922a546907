"""When WeChat last did not know a bill, and what a day's reconciliation is read by."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0016_days.sql and its `_down` twin."""

    dependencies = [("models", "0015_books")]
    operations = [
        ops.AddField("Withdrawal", "absent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
        ops.RunSQL(sql("0016_days"), sql("0016_days_down")),
    ]
