"""What keeps the house running: outbox, idempotency, audit log, alarms, notices, the shop's policy."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class OutboxMessage(Model):
    """One job to be done, written with its cause. It is done when its effect is committed, not when it is queued."""

    id = fields.BigIntField(primary_key=True)
    job = fields.CharField(max_length=40)
    args: fields.JSONField[Any] = fields.JSONField()
    due_at = fields.DatetimeField()
    """When to hand it to a worker next; moved on at each attempt."""
    attempts = fields.IntField(default=0)
    last_error = fields.CharField(max_length=300, null=True)
    created_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "outbox"


class IdempotencyKey(Model):
    """The first 2xx answer to a keyed call, stored in the transaction of its effect."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    path = fields.CharField(max_length=120)
    key = fields.CharField(max_length=64)
    body_hash = fields.CharField(max_length=64)
    status = fields.IntField()
    answer = fields.TextField()
    created_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "idempotency_keys"
        unique_together = (("member_id", "path", "key"),)


class AuditRecord(Model):
    """What an operator did, chained: each row's hash covers the one before."""

    id = fields.BigIntField(primary_key=True)
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=40)
    action = fields.CharField(max_length=40)
    subject = fields.CharField(max_length=60)
    detail: fields.JSONField[Any] = fields.JSONField()
    previous_hash = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "audit_log"
        indexes = (
            # The panel's list: of one person, of one act, of one thing.
            Index(fields=("actor", "id"), name="audit_log_by_actor"),
            Index(fields=("action", "id"), name="audit_log_by_action"),
            Index(fields=("subject", "id"), name="audit_log_by_subject"),
        )


class AuditAnchor(Model):
    """Where the chain of `audit_log` ends, one row: a cut at its end would show nowhere else."""

    id = fields.IntField(primary_key=True, generated=False)
    count = fields.BigIntField()
    head = fields.CharField(max_length=64)
    """The newest record's hash."""
    seal = fields.CharField(max_length=64)
    """Keyed digest of both, by a key that is not in the database; empty before the first record."""

    class Meta:
        table = "audit_anchor"


class Alarm(Model):
    """Something an operator must know: low stock, an unfitting payment, a refund that WeChat cannot make."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=30)
    subject = fields.CharField(max_length=60)
    detail: fields.JSONField[Any] = fields.JSONField()
    at = fields.DatetimeField()
    seen_at = fields.DatetimeField(null=True)

    class Meta:
        table = "alarms"


class SecurityEvent(Model):
    """A callback that was not believed. The table is kept short by a job."""

    id = fields.BigIntField(primary_key=True)
    at = fields.DatetimeField()
    kind = fields.CharField(max_length=30)
    reason = fields.CharField(max_length=60)
    remote_ip = fields.CharField(max_length=45)

    class Meta:
        table = "security_events"


class NoticeTemplate(Model):
    """A subscription-message template of the mini program, by our own key."""

    key = fields.CharField(max_length=24, primary_key=True)
    template_id = fields.CharField(max_length=64)
    title = fields.CharField(max_length=40)
    page = fields.CharField(max_length=200)
    fields_: fields.JSONField[Any] = fields.JSONField(source_field="fields")
    """WeChat's keyword → our value name, e.g. `{"amount3": "amount"}`."""

    class Meta:
        table = "notice_templates"


class NoticeCredit(Model):
    """How many messages of a template a member has allowed and not yet received."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    template = fields.CharField(max_length=24)
    credits = fields.IntField(default=0)

    class Meta:
        table = "notice_credits"
        unique_together = (("member_id", "template"),)


class ShopPolicy(Model):
    """The shop's own numbers, one row: freight, periods, limits (see rules/shop.py)."""

    id = fields.IntField(primary_key=True, generated=False)
    terms: fields.JSONField[Any] = fields.JSONField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "shop_policy"
