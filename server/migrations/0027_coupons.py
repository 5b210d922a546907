"""Coupons by percentage, for some goods and for some people, and jobs that issue them to many."""

from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

from server.migrations.sql import sql


def _json() -> fields.JSONField[Any]:
    return fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)


def _time() -> fields.DatetimeField[Any]:
    return fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)


class Migration(migrations.Migration):
    """See sql/0027_coupons.sql and its `_down` twin."""

    dependencies = [("models", "0026_group_buys")]
    operations = [
        ops.AddField("CouponTemplate", "off_bp", fields.IntField(db_default=0)),
        ops.AddField("CouponTemplate", "most_fen", fields.BigIntField(null=True)),
        ops.AddField("CouponTemplate", "products", _json()),
        ops.AddField("CouponTemplate", "categories", _json()),
        ops.AlterField("CouponTemplate", "valid_days", fields.IntField(default=30, null=True)),
        ops.AddField("CouponTemplate", "starts_at", _time()),
        ops.AddField("CouponTemplate", "ends_at", _time()),
        ops.AddField("CouponTemplate", "claim_from", _time()),
        ops.AddField("CouponTemplate", "claim_until", _time()),
        ops.AddField("CouponTemplate", "audience", fields.CharField(max_length=8, db_default="all")),
        ops.AddField("CouponTemplate", "levels", _json()),
        ops.AddField("CouponTemplate", "listed", fields.BooleanField(db_default=True)),
        ops.AddField("CouponTemplate", "birthday_gift", fields.BooleanField(db_default=False)),
        ops.AddField("Coupon", "issue_id", fields.BigIntField(null=True)),
        ops.AddField("Coupon", "off_bp", fields.IntField(db_default=0)),
        ops.AddField("Coupon", "most_fen", fields.BigIntField(null=True)),
        ops.AddField("Coupon", "products", _json()),
        ops.AddField("Coupon", "categories", _json()),
        ops.AddField("Coupon", "warned_at", _time()),
        ops.CreateModel(
            name="CouponIssue",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("template_id", fields.BigIntField(db_index=True)),
                ("source", fields.CharField(unique=True, max_length=40)),
                ("segment", fields.CharField(max_length=12)),
                ("days", fields.IntField(null=True)),
                ("levels", _json()),
                ("day", fields.DateField(null=True)),
                ("operator", fields.CharField(max_length=40)),
                ("reason", fields.CharField(max_length=200)),
                ("state", fields.CharField(max_length=8, db_default="running")),
                ("place", fields.BigIntField(db_default=0)),
                ("last_id", fields.BigIntField()),
                ("seen", fields.IntField(db_default=0)),
                ("members", fields.IntField()),
                ("issued", fields.IntField(db_default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("finished_at", _time()),
            ],
            options={
                "table": "coupon_issues",
                "app": "models",
                "pk_attr": "id",
                "table_description": "Giving a template's coupons to many: the table is the queue, a row goes through the members batch by batch.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CouponIssueMember",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("issue_id", fields.BigIntField()),
                ("member_id", fields.BigIntField()),
            ],
            options={
                "table": "coupon_issue_members",
                "app": "models",
                "unique_together": (("issue_id", "member_id"),),
                "pk_attr": "id",
                "table_description": "A member that a list named.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(sql("0027_coupons"), sql("0027_coupons_down")),
    ]
