"""A member's own data, and those whom the member referred."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from server import db
from server.core import errors
from server.core.columns import PHONE_COLUMN
from server.gateways.ports import Deps, OutcomeUnknown, WeChatError
from server.models import Member
from server.rules import referrals
from server.rules.levels import Privilege
from server.rules.members import masked_name, masked_phone
from server.services.common import cursors
from server.services.terms import levels

BAD_CODE = "40029"
"""WeChat's error for a code that is unknown, expired or used."""


class StoredProfile(msgspec.Struct, frozen=True):
    """A row of `members`, as far as a profile shows it."""

    id: int
    nickname: str
    avatar_url: str
    birthday: date | None
    phone_sealed: str | None
    share_code: str
    referrer_id: int | None
    created_at: datetime


COLUMNS = db.columns(StoredProfile)


class _Own(StoredProfile, frozen=True):
    """The same, and whether a binding waits that would give the member a referrer."""

    binding_asked: bool


_OWN = f"""
SELECT {COLUMNS}, referrer_id IS NULL AND EXISTS (SELECT FROM pending_bindings WHERE member_id = m.id) AS binding_asked
  FROM members m WHERE id = $1
"""  # noqa: S608 - our own columns


@dataclass(frozen=True, slots=True)
class Profile:
    """The member's own profile; the phone number is masked."""

    id: int
    nickname: str
    avatar_url: str
    birthday: date | None
    phone: str | None
    share_code: str
    bound: bool
    """Whether the member has a referrer."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Me(Profile):
    """The profile and the member's level. `growth` was earned within the last year."""

    level: levels.ShownLevel | None
    """None in a shop without levels."""
    growth: int
    privileges: list[Privilege]
    next_level: levels.NextLevel | None
    binding_waits: str | None
    """What the binding that the member asked for waits for; None if none waits."""


@dataclass(frozen=True, slots=True)
class Referee:
    """A member whom this one referred, without data that identify the person."""

    nickname: str
    avatar_url: str
    first_order: str
    """`none`, `paid` (which does not qualify), or the qualification's state."""
    joined_at: datetime


def profile_of(deps: Deps, member: StoredProfile) -> Profile:
    """Show a member to themselves."""
    sealed = member.phone_sealed
    return Profile(
        id=member.id,
        nickname=member.nickname,
        avatar_url=member.avatar_url,
        birthday=member.birthday,
        phone=masked_phone(deps.cipher.open(sealed, PHONE_COLUMN)) if sealed else None,
        share_code=member.share_code,
        bound=member.referrer_id is not None,
        created_at=member.created_at,
    )


async def profile(deps: Deps, member_id: int) -> Me:
    """Return the member's own data and level. Raises NotFound."""
    row = await db.fetch_row(_OWN, member_id)
    if row is None:
        raise errors.NotFound
    own = db.typed(row, _Own)
    standing = await levels.membership(member_id, deps.clock.now())
    return Me(
        **asdict(profile_of(deps, own)),
        **{name: getattr(standing, name) for name in standing.__slots__},
        binding_waits=referrals.WAITS if own.binding_asked else None,
    )


async def change(deps: Deps, member_id: int, changes: dict[str, Any]) -> Me:
    """Set those of `nickname`, `avatar_url` and `birthday` that are given. Raises NotFound, BadRequest."""
    born = changes.get("birthday")
    if born is not None and not date(1900, 1, 1) <= born <= deps.clock.now().date():
        raise errors.BadRequest(field="birthday", problem="not a day that anybody alive was born")
    if changes:
        await Member.filter(id=member_id).update(**changes)
    return await profile(deps, member_id)


async def set_phone(deps: Deps, member_id: int, code: str) -> str:
    """Exchange the code of WeChat's phone button, store the number encrypted, and return it masked.

    Raises BadLoginCode and WeChatUnavailable.
    """
    try:
        phone = await deps.mini.phone(code)
    except WeChatError as refused:
        raise (errors.BadLoginCode if refused.code == BAD_CODE else errors.WeChatUnavailable) from refused
    except OutcomeUnknown as unknown:
        raise errors.WeChatUnavailable from unknown
    await Member.filter(id=member_id).update(
        phone_sealed=deps.cipher.seal(phone, PHONE_COLUMN), phone_blind=deps.cipher.blind(phone, PHONE_COLUMN)
    )
    return masked_phone(phone)


_DOWNLINE = """
SELECT m.id, m.nickname, m.avatar_url, m.bound_at,
    COALESCE(q.state, CASE WHEN m.first_paid_at IS NULL THEN 'none' ELSE 'paid' END) AS first_order
  FROM members m LEFT JOIN LATERAL (
    SELECT state FROM qualifications WHERE referee_id = m.id ORDER BY state = 'void', id DESC LIMIT 1) q ON true
  WHERE m.referrer_id = $1 AND m.id < $2 ORDER BY m.id DESC LIMIT $3
"""
_NEWEST = 2**63 - 1


async def downline(member_id: int, cursor: str | None, limit: int) -> tuple[list[Referee], str | None]:
    """Return a page of the member's own referees, newest first, and the next cursor. Raises BadRequest."""
    before = cursors.unpack(cursor, cursors.Number) if cursor else _NEWEST
    rows = await db.fetch(_DOWNLINE, member_id, before, limit + 1)
    found = [
        Referee(masked_name(row["nickname"]), row["avatar_url"], row["first_order"], row["bound_at"])
        for row in rows[:limit]
    ]
    return found, cursors.pack(rows[limit - 1]["id"]) if len(rows) > limit else None
