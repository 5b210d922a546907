"""What operators look up in the books and among withdrawals has its index."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0015_books.sql and its `_down` twin."""

    dependencies = [("models", "0014_audit_anchor")]
    operations = [ops.RunSQL(sql("0015_books"), sql("0015_books_down"))]
