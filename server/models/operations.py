"""What keeps the shop running: outbox, idempotency, audit log, alarms, notices, the shop's policy."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class OutboxMessage(Model):
    """One job, written in the transaction that causes it. It is done when its effect is committed, not when queued."""

    id = fields.BigIntField(primary_key=True)
    job = fields.CharField(max_length=40)
    args: fields.JSONField[Any] = fields.JSONField()
    due_at = fields.DatetimeField()
    """When to give it to a worker next; each attempt moves it on."""
    attempts = fields.IntField(default=0)
    last_error = fields.CharField(max_length=300, null=True)
    created_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "outbox"


class IdempotencyKey(Model):
    """The first 2xx answer to a call with a key, stored in the transaction of the call's effect."""

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
    """What an operator did. The records form a chain: each row's hash covers the hash of the row before."""

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
            # For the panel's list: of one person, of one act, of one thing.
            Index(fields=("actor", "id"), name="audit_log_by_actor"),
            Index(fields=("action", "id"), name="audit_log_by_action"),
            Index(fields=("subject", "id"), name="audit_log_by_subject"),
        )


class AuditAnchor(Model):
    """One row: the end of the chain of `audit_log`. Without it nobody would notice a deletion of the last records."""

    id = fields.IntField(primary_key=True, generated=False)
    count = fields.BigIntField()
    head = fields.CharField(max_length=64)
    """The hash of the newest record."""
    seal = fields.CharField(max_length=64)
    """A digest of `count` and `head` with a key that is not in the database; empty before the first record."""

    class Meta:
        table = "audit_anchor"


class FieldKey(Model):
    """A key of FIELD_KEYS that this database has been written with. The lowest id is the oldest key."""

    id = fields.BigIntField(primary_key=True)
    fingerprint = fields.CharField(max_length=64, unique=True)
    """A digest from which the key cannot be found."""

    class Meta:
        table = "field_keys"


class SchedulerRun(Model):
    """A time in which the scheduler ran without a gap, see rules/running.py."""

    id = fields.BigIntField(primary_key=True)
    started_at = fields.DatetimeField()
    beat_at = fields.DatetimeField()

    class Meta:
        table = "scheduler_runs"


class AuditRun(Model):
    """The result of one audit."""

    id = fields.BigIntField(primary_key=True)
    at = fields.DatetimeField()
    rested_at = fields.DatetimeField(null=True)
    """What was due by then had had time enough to be done; null if the scheduler had run too little."""
    members = fields.IntField(null=True)
    """How many members a quick audit looked at; null for the full audit."""
    checked = fields.BigIntField()
    wrong = fields.BigIntField()
    entry_id = fields.BigIntField()
    xid = fields.CharField(max_length=20)
    """How far it saw, see ledger/named.py."""
    took_ms = fields.IntField()

    class Meta:
        table = "audit_runs"


class Alarm(Model):
    """Something that an operator must know: low stock, a payment that does not fit, a refund that fails at WeChat."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=30)
    subject = fields.CharField(max_length=60)
    detail: fields.JSONField[Any] = fields.JSONField()
    at = fields.DatetimeField()
    seen_at = fields.DatetimeField(null=True)

    class Meta:
        table = "alarms"


class SecurityEvent(Model):
    """A callback whose signature or content was not accepted. A job deletes old rows."""

    id = fields.BigIntField(primary_key=True)
    at = fields.DatetimeField()
    kind = fields.CharField(max_length=30)
    reason = fields.CharField(max_length=60)
    remote_ip = fields.CharField(max_length=45)

    class Meta:
        table = "security_events"


class NoticeTemplate(Model):
    """A subscription-message template of the mini program, under a key of our own."""

    key = fields.CharField(max_length=24, primary_key=True)
    template_id = fields.CharField(max_length=64)
    title = fields.CharField(max_length=40)
    page = fields.CharField(max_length=200)
    fields_: fields.JSONField[Any] = fields.JSONField(source_field="fields")
    """WeChat's keyword → the name of our value, e.g. `{"amount3": "amount"}`."""

    class Meta:
        table = "notice_templates"


class NoticeCredit(Model):
    """How many more messages of a template a member has allowed."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    template = fields.CharField(max_length=24)
    credits = fields.IntField(default=0)

    class Meta:
        table = "notice_credits"
        unique_together = (("member_id", "template"),)


class ShopPolicy(Model):
    """The shop's own settings, one row: freight, periods, limits (see rules/shop.py)."""

    id = fields.IntField(primary_key=True, generated=False)
    terms: fields.JSONField[Any] = fields.JSONField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "shop_policy"
