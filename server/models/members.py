"""Members, who referred them, what they shared, their addresses and their carts."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Member(Model):
    """A person, known by WeChat's openid. The three ancestors are columns, so one row read gives the whole chain."""

    id = fields.BigIntField(primary_key=True)
    openid = fields.CharField(max_length=64, unique=True)
    unionid = fields.CharField(max_length=64, null=True)
    nickname = fields.CharField(max_length=40, default="")
    avatar_url = fields.CharField(max_length=400, default="")
    birthday = fields.DateField(null=True)
    phone_sealed = fields.TextField(null=True)
    phone_blind = fields.CharField(max_length=64, null=True, db_index=True)
    share_code = fields.CharField(max_length=16, unique=True)
    """The code of the home share, which is made together with the member."""
    referrer_id = fields.BigIntField(null=True)
    ancestor2_id = fields.BigIntField(null=True)
    ancestor3_id = fields.BigIntField(null=True)
    bound_at = fields.DatetimeField(null=True)
    state = fields.CharField(max_length=8, default="active")
    """`active`, `blocked` or `closed`."""
    first_paid_at = fields.DatetimeField(null=True)
    """The time of the earliest payment that counts against a binding."""
    created_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()

    class Meta:
        table = "members"
        indexes = (
            ("referrer_id", "id"),
            ("ancestor2_id", "id"),
            ("ancestor3_id", "id"),
            # For the panel's list, newest first.
            Index(fields=("created_at", "id"), name="members_by_time"),
        )


class Binding(Model):
    """The history of who referred whom. The open row (`valid_to` null) is in force."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField(db_index=True)
    referrer_id = fields.BigIntField()
    share_code = fields.CharField(max_length=16, null=True)
    how = fields.CharField(max_length=12)
    """`login`, `late` or `correction`."""
    operator = fields.CharField(max_length=40, null=True)
    reason = fields.CharField(max_length=200, null=True)
    valid_from = fields.DatetimeField()
    valid_to = fields.DatetimeField(null=True)

    class Meta:
        table = "bindings"


class PendingBinding(Model):
    """A binding that was asked for while a payment of the member's was open. It is decided when that payment ends."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    share_code = fields.CharField(max_length=16)
    how = fields.CharField(max_length=12)
    """`login` or `late`."""
    asked_at = fields.DatetimeField()
    """The binding holds from this time if it is made."""

    class Meta:
        table = "pending_bindings"
        unique_together = (("member_id", "share_code"),)


class Share(Model):
    """One share card, link or poster of a member. The code is what other people open."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=16, unique=True)
    member_id = fields.BigIntField()
    kind = fields.CharField(max_length=12)
    target = fields.CharField(max_length=32, default="")
    channel = fields.CharField(max_length=12)
    disabled = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        table = "shares"
        unique_together = (("member_id", "kind", "target", "channel"),)


class Touch(Model):
    """Someone opened a share, perhaps before having an account."""

    id = fields.BigIntField(primary_key=True)
    share_id = fields.BigIntField(db_index=True)
    visitor_id = fields.CharField(max_length=64)
    scene = fields.CharField(max_length=32, null=True)
    group_id = fields.CharField(max_length=64, null=True)
    member_id = fields.BigIntField(null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "touches"
        indexes = (("visitor_id", "at"),)


class Address(Model):
    """Where to send. `sealed` is encrypted JSON `{name, phone, detail}`; equal values have equal blind digests."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField(db_index=True)
    sealed = fields.TextField()
    phone_blind = fields.CharField(max_length=64)
    place_blind = fields.CharField(max_length=64)
    province = fields.CharField(max_length=40)
    city = fields.CharField(max_length=40)
    district = fields.CharField(max_length=40)
    is_default = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        table = "addresses"


class CartItem(Model):
    """One SKU in a member's cart."""

    id = fields.BigIntField(primary_key=True)
    member_id = fields.BigIntField()
    sku_id = fields.BigIntField()
    quantity = fields.IntField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "cart_items"
        unique_together = (("member_id", "sku_id"),)
