"""The end of the operators' log, sealed."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


class Migration(migrations.Migration):
    """See sql/0014_audit_anchor.sql and its `_down` twin."""

    dependencies = [("models", "0013_statements")]
    operations = [
        ops.CreateModel(
            name="AuditAnchor",
            fields=[
                ("id", fields.IntField(primary_key=True, unique=True, db_index=True)),
                ("count", fields.BigIntField()),
                ("head", fields.CharField(max_length=64)),
                ("seal", fields.CharField(max_length=64)),
            ],
            options={
                "table": "audit_anchor",
                "app": "models",
                "pk_attr": "id",
                "table_description": "Where the chain of `audit_log` ends, one row: a cut at its end would show nowhere else.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(sql("0014_audit_anchor"), sql("0014_audit_anchor_down")),
    ]
