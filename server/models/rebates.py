"""推三返一: versions of the rule, qualifications, and rebates with their stages."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class RuleVersion(Model):
    """An immutable rebate rule. The highest version is in force."""

    version = fields.IntField(primary_key=True)
    terms: fields.JSONField[Any] = fields.JSONField()
    """The fields of RuleTerms in rules/rebates.py, complete and validated."""
    note = fields.CharField(max_length=200)
    operator = fields.CharField(max_length=40)
    budget_used_fen = fields.BigIntField(default=0)
    published_at = fields.DatetimeField()

    class Meta:
        table = "rule_versions"


class Qualification(Model):
    """One referee's first order that counts. A referee has at most one that is not void (a partial unique index)."""

    id = fields.BigIntField(primary_key=True)
    referee_id = fields.BigIntField(db_index=True)
    referrer_id = fields.BigIntField()
    order_id = fields.BigIntField(db_index=True)
    rule_version = fields.IntField()
    """The version for its cycle if it is the oldest there: the order's, or that of the cycle it came back from."""
    state = fields.CharField(max_length=8)
    """`pending`, `held`, `counted`, `consumed` or `void`."""
    held_for = fields.CharField(max_length=20, null=True)
    void_for = fields.CharField(max_length=20, null=True)
    paid_at = fields.DatetimeField()
    """When the order was paid. The oldest qualifications are consumed first."""
    counted_at = fields.DatetimeField(null=True)
    rebate: fields.ForeignKeyNullableRelation["Rebate"] = fields.ForeignKeyField(
        "models.Rebate", related_name="qualifications", null=True, on_delete=fields.OnDelete.RESTRICT
    )
    created_at = fields.DatetimeField()

    class Meta:
        table = "qualifications"
        indexes = (
            ("referrer_id", "state", "paid_at"),
            # For the panel's list, newest first: of all, and of one state.
            Index(fields=("created_at", "id"), name="qualifications_by_time"),
            Index(fields=("state", "created_at", "id"), name="qualifications_by_state"),
        )


class Rebate(Model):
    """The return of one earlier order of a member. An order has at most one live rebate (a partial unique index)."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    order_id = fields.BigIntField()
    rule_version = fields.IntField()
    state = fields.CharField(max_length=8)
    """`frozen`, `settled` or `reversed`."""
    pay_as = fields.CharField(max_length=8)
    withdrawable = fields.BooleanField(default=False)
    required = fields.IntField()
    whole_fen = fields.BigIntField()
    """What the complete cycle returns."""
    granted_fen = fields.BigIntField(default=0)
    """The sum of its live stages: what has been posted so far."""
    release_at = fields.DatetimeField(null=True)
    """When its last stage is due; null until every order it depends on is received."""
    explanation: fields.JSONField[Any] = fields.JSONField()
    history: fields.JSONField[Any] = fields.JSONField()
    """What happened to it, in turn: the events of rules/rebate_history.py, of which the first is its closing."""
    closed_at = fields.DatetimeField()
    """When the cycle closed (with stages: when it opened). The caps of that calendar month apply."""
    settled_at = fields.DatetimeField(null=True)
    reversed_at = fields.DatetimeField(null=True)
    reversed_for = fields.CharField(max_length=40, null=True)

    class Meta:
        table = "rebates"
        indexes = (
            ("member_id", "id"),
            # For the panel's list, newest first: of all, and of one state.
            Index(fields=("closed_at", "id"), name="rebates_by_time"),
            Index(fields=("state", "closed_at", "id"), name="rebates_by_state"),
        )


class RebateStage(Model):
    """The part of a rebate that one qualification brought."""

    id = fields.BigIntField(primary_key=True)
    rebate: fields.ForeignKeyRelation[Rebate] = fields.ForeignKeyField(
        "models.Rebate", related_name="stages", on_delete=fields.OnDelete.RESTRICT
    )
    position = fields.IntField()
    """1 … `required`."""
    amount_fen = fields.BigIntField()
    state = fields.CharField(max_length=8)
    """`frozen`, `settled` or `reversed`."""
    release_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "rebate_stages"
        indexes = (Index(fields=("rebate_id",), name="rebate_stages_rebate"),)


class ReturnChoice(Model):
    """The order that a member wants to have returned, if the rule says `member_chooses`."""

    member_id = fields.BigIntField(primary_key=True, generated=False)
    order_id = fields.BigIntField()
    chosen_at = fields.DatetimeField()

    class Meta:
        table = "return_choices"
