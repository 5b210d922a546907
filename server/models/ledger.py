"""The ledger. Only the SQL function `ledger_post`, which ledger/book.py calls, writes to these tables."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class LedgerAccount(Model):
    """One account. `balance` is counted on its normal side. A member's balance never falls below zero (CHECK)."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField(default=0)
    """0 for accounts of the shop."""
    code = fields.CharField(max_length=20)
    source = fields.CharField(max_length=40, default="")
    """Where frozen money or a debt came from, e.g. `rebate:12`."""
    currency = fields.CharField(max_length=5)
    debit_normal = fields.BooleanField()
    balance = fields.BigIntField(default=0)

    class Meta:
        table = "ledger_accounts"
        indexes = (
            # A member whose friends buy a lot has an account for each frozen amount.
            Index(fields=("member_id", "id"), name="ledger_accounts_member"),
            # For the panel: the accounts of one code.
            Index(fields=("code", "id"), name="ledger_accounts_code"),
        )
        unique_together = (("member_id", "code", "source", "currency"),)


class LedgerEntry(Model):
    """One immutable business event; its lines sum to zero per currency."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=80, unique=True)
    kind = fields.CharField(max_length=24)
    input_hash = fields.CharField(max_length=64)
    why = fields.CharField(max_length=120)
    link = fields.CharField(max_length=60, default="")
    """What it is about, e.g. `order:T26…` or `rebate:12`. Lines of members belong to its owner, see ledger_owner."""
    reverses_id = fields.BigIntField(null=True)
    effective_at = fields.DatetimeField()
    """When it happened, as members are told: a payment happened at its `paid_at`, however late it became known."""
    posted_at = fields.DatetimeField()
    """When it was posted. Statements, months, reconciliation and the order of debts go by it."""

    class Meta:
        table = "ledger_entries"
        indexes = (
            # For the panel's list: by time, by kind, and by what they are about.
            Index(fields=("posted_at", "id"), name="ledger_entries_time"),
            Index(fields=("kind", "posted_at", "id"), name="ledger_entries_kind"),
            Index(fields=("link", "id"), name="ledger_entries_link"),
        )


class LedgerLine(Model):
    """One line of an entry. `amount` is positive for credit, negative for debit."""

    id = fields.BigIntField(primary_key=True)
    entry_id = fields.BigIntField(db_index=True)
    account_id = fields.BigIntField()
    member_id = fields.BigIntField(default=0)
    code = fields.CharField(max_length=20)
    currency = fields.CharField(max_length=5)
    amount = fields.BigIntField()
    available_after = fields.BigIntField(null=True)
    """What the member could spend after the entry. Set for CNY lines of members."""
    kind = fields.CharField(max_length=24, null=True)
    """The entry's kind. Set for CNY lines of members."""
    month = fields.IntField(null=True)
    """The month in Shanghai in which the entry was posted, as `202611`. Set for CNY lines of members."""

    class Meta:
        table = "ledger_lines"
        indexes = (Index(fields=("account_id", "id"), name="ledger_lines_account"),)


class LedgerDelta(Model):
    """A movement of a shop account that is not yet added to its balance. So payments do not wait for each other."""

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    amount = fields.BigIntField()

    class Meta:
        table = "ledger_deltas"
        indexes = (Index(fields=("account_id",), name="ledger_deltas_account"),)
