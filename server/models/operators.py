"""The people who run the shop: panel accounts and the devices on which they are logged in."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Operator(Model):
    """A panel account."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=40, unique=True)
    role = fields.CharField(max_length=12)
    """`owner`, `operations`, `finance`, `service` or `auditor`."""
    password_hash = fields.CharField(max_length=200)
    """Argon2id; the text includes its parameters."""
    must_change = fields.BooleanField(default=False)
    """True while the password is one that somebody else set."""
    totp_sealed = fields.TextField(null=True)
    """The secret of the second factor, encrypted; null before it is set up."""
    totp_step = fields.BigIntField(default=0)
    """The last time step whose code was used, so that no code works twice."""
    state = fields.CharField(max_length=8, default="active")
    """`active` or `disabled`."""
    failures = fields.IntField(default=0)
    locked_until = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    seen_at = fields.DatetimeField(null=True)

    class Meta:
        table = "operators"


class OperatorSession(Model):
    """One device of an operator. The token of the cookie is stored as a hash."""

    id = fields.BigIntField(primary_key=True)
    token_hash = fields.CharField(max_length=64, unique=True)
    operator: fields.ForeignKeyRelation[Operator] = fields.ForeignKeyField(
        "models.Operator", related_name="sessions", on_delete=fields.OnDelete.RESTRICT
    )
    csrf = fields.CharField(max_length=64)
    ip = fields.CharField(max_length=45)
    agent = fields.CharField(max_length=200, default="")
    created_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "operator_sessions"
        indexes = (Index(fields=("operator_id", "id"), name="operator_sessions_operator"),)
