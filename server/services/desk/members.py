"""Members as operators see them: personal data is masked, and shown only to an operator who gives a reason."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from server import db
from server.core.columns import PHONE_COLUMN
from server.core.errors import BadRequest, NotFound
from server.gateways.ports import Deps
from server.ledger import statement
from server.rules import labels
from server.rules.members import masked_name, masked_phone
from server.rules.operators import Permission
from server.services.common import audit_log, cursors
from server.services.common.listings import (
    Column,
    Key,
    Listing,
    Row,
    Way,
    numbered,
    phone,
    search,
    since,
    switch,
    until,
)
from server.services.members import addresses
from server.services.referrals import bindings as binding_steps
from server.services.terms import levels

_RECENT = 10
"""How many rows of each kind a member's page shows; the lists show all."""

Revealed = Literal["phone", "nickname", "addresses", "openid"]


def _masked(deps: Deps, row: Row) -> Row:
    """Return a member's row with `phone` (masked) in place of `phone_sealed`, and with a masked name."""
    sealed = row.pop("phone_sealed")
    told = masked_phone(deps.cipher.open(sealed, PHONE_COLUMN)) if sealed else ""
    return row | {"nickname": masked_name(row["nickname"]), "phone": told}


# The subquery fills an array first, so the prefix is always looked up in its index, whatever the planner estimates.
_CALLED = (
    "(m.share_code = upper({0}::text) OR m.openid = {0}::text OR m.id = ANY (ARRAY("
    "SELECT id FROM members WHERE nickname <> ''"
    " AND nickname ~>=~ {0}::text AND nickname ~<~ ({0}::text || chr(1114111)))))"
)
# One letter may match a tenth of all members, so the index sorts by the first letters and then by time, like the list.
_NAMED = (
    "left(m.nickname, 2) = left({0}::text, 2)"
    " AND m.nickname ~>=~ {0}::text AND m.nickname ~<~ ({0}::text || chr(1114111))"
)

MEMBERS = Listing(
    name="members",
    title="会员",
    permission=Permission.MEMBERS_VIEW,
    select=(
        "m.id, m.nickname, m.phone_sealed, m.share_code, m.state, m.referrer_id, m.bound_at, m.first_paid_at,"
        " m.created_at"
    ),
    source="members m",
    keys=(Key("m.created_at", datetime), Key("m.id", cursors.Number)),
    columns=(
        Column("会员号", "id", to="/admin/members/{id}"),
        Column("昵称", "nickname"),
        Column("手机号", "phone"),
        Column("分享码", "share_code", "code"),
        Column("状态", "state", "tag", words=labels.MEMBER_STATES),
        Column("推荐人", "referrer_id", to="/admin/members/{referrer_id}"),
        Column("绑定时间", "bound_at", "when"),
        Column("首次付款", "first_paid_at", "when"),
        Column("加入时间", "created_at", "when"),
    ),
    filters=(
        search(
            "手机号、#会员号、分享码、昵称开头或 openid",
            phone("m.phone_blind", PHONE_COLUMN),
            numbered("m.id"),
            Way(_CALLED, re.compile("[0-9A-Za-z_-]{8,}")),
            Way("left(m.nickname, 1) = {0}", re.compile(".")),
            Way(_NAMED),
        ),
        switch(
            "state",
            "状态",
            {
                "active": (labels.MEMBER_STATES["active"], "m.state = 'active'"),
                "blocked": (labels.MEMBER_STATES["blocked"], "m.state = 'blocked'"),
                "closed": (labels.MEMBER_STATES["closed"], "m.state = 'closed'"),
            },
        ),
        switch(
            "bound",
            "推荐人",
            {
                "yes": ("已绑定", "m.referrer_id IS NOT NULL"),
                "no": ("未绑定", "m.referrer_id IS NULL"),
                "waiting": ("等待决定", "m.id = ANY (ARRAY(SELECT member_id FROM pending_bindings))"),
            },
        ),
        since("m.created_at", "加入从"),
        until("m.created_at"),
    ),
    empty="还没有会员",
    opened=_masked,
)


@dataclass(frozen=True, slots=True)
class Person:
    """A member in a referral chain, masked."""

    id: int
    nickname: str
    state: str


@dataclass(frozen=True, slots=True)
class Detail:
    """One member with related rows. `member` is the masked row; each list has the newest rows of its kind."""

    member: Row
    wallet: dict[str, int]
    """Sum by account code."""
    membership: levels.Membership
    growth: list[Row]
    level_changes: list[Row]
    growth_key: str
    """The idempotency key of one growth correction."""
    above: list[Person]
    levels: list[int]
    """The number of members one, two and three levels below."""
    counts: Row
    orders: list[Row]
    rebates: list[Row]
    commissions: list[Row]
    withdrawals: list[Row]
    coupons: list[Row]
    addresses: list[str]
    bindings: list[Row]
    waiting: list[binding_steps.Waiting]


_MEMBER = """
SELECT id, openid, nickname, phone_sealed, birthday, share_code, state, referrer_id, ancestor2_id, ancestor3_id,
  bound_at, first_paid_at, created_at, seen_at FROM members WHERE id = $1
"""
_LEVELS = ("referrer_id", "ancestor2_id", "ancestor3_id")
_DOWN = """
SELECT (SELECT count(*) FROM members WHERE referrer_id = $1) AS level1,
  (SELECT count(*) FROM members WHERE ancestor2_id = $1) AS level2,
  (SELECT count(*) FROM members WHERE ancestor3_id = $1) AS level3
"""
_COUNTS = """
SELECT (SELECT count(*) FROM orders WHERE member_id = $1) AS orders,
  (SELECT count(*) FROM orders WHERE member_id = $1 AND paid_at IS NOT NULL) AS paid,
  (SELECT count(*) FROM qualifications WHERE referrer_id = $1 AND state <> 'void') AS qualifications,
  (SELECT count(*) FROM qualifications WHERE referrer_id = $1 AND state = 'held') AS held,
  (SELECT count(*) FROM rebates WHERE member_id = $1 AND state <> 'reversed') AS rebates,
  (SELECT count(*) FROM commissions WHERE member_id = $1 AND state <> 'reversed') AS commissions
"""
_NEWEST = {
    "orders": "SELECT order_no, status, cash_due_fen, created_at FROM orders WHERE member_id = $1",
    "rebates": (
        "SELECT id, state, granted_fen, closed_at, (SELECT order_no FROM orders WHERE id = order_id) AS order_no"
        " FROM rebates WHERE member_id = $1"
    ),
    "commissions": (
        "SELECT id, state, granted_fen, created_at, (SELECT order_no FROM orders WHERE id = order_id) AS order_no"
        " FROM commissions WHERE member_id = $1"
    ),
    "withdrawals": "SELECT withdrawal_no, state, amount_fen, requested_at FROM withdrawals WHERE member_id = $1",
    "coupons": (
        "SELECT name, state, amount_fen, off_bp, most_fen, threshold_fen, expires_at FROM coupons WHERE member_id = $1"
    ),
    "growth": "SELECT kind, amount, why, operator, at FROM growth_entries WHERE member_id = $1",
    "level_changes": "SELECT name, growth, why, at FROM level_changes WHERE member_id = $1",
    "bindings": "SELECT referrer_id, how, operator, reason, valid_from, valid_to FROM bindings WHERE member_id = $1",
}


async def _of(connection: db.Connection, member_id: int) -> Row:
    row = await connection.fetchrow(_MEMBER, member_id)
    if row is None:
        raise NotFound(what="member")
    return dict(row)


async def _people(connection: db.Connection, ids: tuple[int | None, ...]) -> list[Person]:
    rows = await connection.fetch(
        "SELECT id, nickname, state FROM members WHERE id = ANY ($1)", [one for one in ids if one]
    )
    found = {row["id"]: Person(row["id"], masked_name(row["nickname"]), row["state"]) for row in rows}
    return [found[one] for one in ids if one]


async def people(ids: tuple[int | None, ...]) -> list[Person]:
    """Return the members of a chain, nearest first."""
    async with db.connection() as reader:
        return await _people(reader, ids)


async def _levels(connection: db.Connection, member_id: int) -> list[int]:
    return [*(await connection.fetchrow(_DOWN, member_id)).values()]


async def detail(deps: Deps, member_id: int) -> Detail:
    """Return everything about one member. Raises NotFound."""
    wallet = await statement.balances(member_id)
    places = await addresses.all_of(deps, member_id)
    async with db.snapshot() as reader:
        row = await _of(reader, member_id)
        newest = {
            name: [dict(one) for one in await reader.fetch(f"{sql} ORDER BY id DESC LIMIT $2", member_id, _RECENT)]
            for name, sql in _NEWEST.items()
        }
        above = await _people(reader, (row["referrer_id"], row["ancestor2_id"], row["ancestor3_id"]))
        counts = dict(await reader.fetchrow(_COUNTS, member_id))
        below = await _levels(reader, member_id)
        waiting = await binding_steps.waiting(reader, member_id)
    openid = row.pop("openid")
    return Detail(
        member=_masked(deps, row) | {"openid": f"{openid[:4]}…{openid[-4:]}"},
        wallet=wallet,
        membership=await levels.membership(member_id, deps.clock.now()),
        growth_key=secrets.token_hex(8),
        above=above,
        levels=below,
        counts=counts,
        addresses=[
            f"{masked_name(one.place.name)} {masked_phone(one.place.phone)}"
            f" {one.place.province}{one.place.city}{one.place.district} ***"
            for one in places
        ],
        waiting=waiting,
        **newest,
    )


@dataclass(frozen=True, slots=True)
class Below:
    """A member below another one in the chain, with the path between them and the result of the first order."""

    id: int
    nickname: str
    state: str
    path: tuple[int, ...]
    """The ids between the two members, from the top down."""
    bound_at: datetime
    first_order: str
    """`none`, `paid` (which does not qualify), or the qualification's state."""
    own: int
    """The number of members that this member referred."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The members above a member, the bindings that wait, and one page of one level below."""

    member: Person
    above: list[Person]
    waiting: list[binding_steps.Waiting]
    levels: list[int]
    below: list[Below]
    next: str | None


_BELOW = """
SELECT m.id, m.nickname, m.state, m.bound_at, m.referrer_id, m.ancestor2_id,
    (SELECT count(*) FROM members c WHERE c.referrer_id = m.id) AS own,
    COALESCE(q.state, CASE WHEN m.first_paid_at IS NULL THEN 'none' ELSE 'paid' END) AS first_order
  FROM members m LEFT JOIN LATERAL (
    SELECT state FROM qualifications WHERE referee_id = m.id ORDER BY state = 'void', id DESC LIMIT 1) q ON true
  WHERE m.{level} = $1 AND ($2::bigint IS NULL OR m.id < $2) ORDER BY m.id DESC LIMIT $3
"""


async def chain(member_id: int, level: int, cursor: str, limit: int) -> Chain:
    """Return a member's chain with a page of `level` (1 to 3) below, newest first. Raises NotFound, BadRequest."""
    before = cursors.unpack(cursor, cursors.Number) if cursor else None
    async with db.snapshot() as reader:
        row = await _of(reader, member_id)
        above = await _people(reader, (row["referrer_id"], row["ancestor2_id"], row["ancestor3_id"]))
        below = await _levels(reader, member_id)
        waiting = await binding_steps.waiting(reader, member_id)
        rows = await reader.fetch(_BELOW.format(level=_LEVELS[level - 1]), member_id, before, limit + 1)
    found = [
        Below(
            id=one["id"],
            nickname=masked_name(one["nickname"]),
            state=one["state"],
            path=((), (one["referrer_id"],), (one["ancestor2_id"], one["referrer_id"]))[level - 1],
            bound_at=one["bound_at"],
            first_order=one["first_order"],
            own=one["own"],
        )
        for one in rows[:limit]
    ]
    following = cursors.pack(rows[limit - 1]["id"]) if len(rows) > limit else None
    person = Person(row["id"], masked_name(row["nickname"]), row["state"])
    return Chain(person, above, waiting, below, found, following)


@dataclass(frozen=True, slots=True)
class Branch:
    """A node in the picture of a chain; `nickname` is empty if only the id is known."""

    id: int
    nickname: str
    here: bool = False
    children: list["Branch"] = field(default_factory=list)


def tree(chain: Chain) -> Branch:
    """Return the chain as one tree, from the topmost ancestor down to the members of the page."""
    here = Branch(chain.member.id, chain.member.nickname, here=True)
    known = {here.id: here}
    for one in chain.below:
        holder = here
        for between in one.path:
            if between not in known:
                known[between] = Branch(between, "")
                holder.children.append(known[between])
            holder = known[between]
        holder.children.append(Branch(one.id, one.nickname))
    top = here
    for person in chain.above:
        top = Branch(person.id, person.nickname, children=[top])
    return top


_ID = re.compile(r"#?([1-9][0-9]{0,17})")


async def named(text: str) -> int:
    """Return the id of the member with a typed id or share code. Raises BadRequest if there is none."""
    text = text.strip()
    if number := _ID.fullmatch(text):
        found = await db.fetch_value("SELECT id FROM members WHERE id = $1", int(number[1]))
    else:
        found = await db.fetch_value("SELECT id FROM members WHERE share_code = $1", text.upper())
    if found is None:
        raise BadRequest(field="referrer", problem="没有这个会员号或分享码")
    return int(found)


async def reveal(deps: Deps, member_id: int, what: Revealed, reason: str, operator: str) -> str:
    """Return personal data of a member unmasked; the audit log records who looked at it and why.

    Raises NotFound, also if the member has no such data.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await _of(tx, member_id)
        await audit_log.record(
            tx, at, operator, "member.reveal", f"member:{member_id}", {"what": what, "reason": reason}
        )
    told: dict[str, str] = {"phone": "", "nickname": row["nickname"], "openid": row["openid"], "addresses": ""}
    if what == "phone" and row["phone_sealed"]:
        told["phone"] = deps.cipher.open(row["phone_sealed"], PHONE_COLUMN)
    if what == "addresses":
        places = [one.place for one in await addresses.all_of(deps, member_id)]
        told["addresses"] = "；".join(
            f"{one.name} {one.phone} {one.province}{one.city}{one.district}{one.detail}" for one in places
        )
    if not told[what]:
        raise NotFound(what=what)
    return told[what]


assert set(get_args(Revealed)) == set(labels.REVEALED)  # noqa: S101 - each has its word
