"""Log in with WeChat's code: identify the member, give a token, and bind a member without a referrer if possible.

A returning member costs one SELECT and one Redis round trip.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from server import db
from server.core import errors, ids
from server.db import Connection
from server.gateways.ports import Deps, OutcomeUnknown, WeChatError, WeChatLogin
from server.models import Member
from server.rules import referrals
from server.rules.shop import ShopPolicy
from server.services.members import profiles
from server.services.members import sessions as member_sessions
from server.services.members.profiles import Profile, StoredProfile
from server.services.referrals import bindings
from server.services.referrals.bindings import Binding
from server.services.terms import policy

_SHARE_CODE_CHARS = 8
_BLOCKED_BY_WECHAT = "40226"
_SEEN_EVERY = timedelta(days=1)


class _Known(StoredProfile, frozen=True):
    """A member who logs in. `touched`: could still be bound, and opened a share before."""

    state: str
    seen_at: datetime
    touched: bool


_KNOWN = f"""
SELECT {profiles.COLUMNS}, state, seen_at, referrer_id IS NULL AND first_paid_at IS NULL AND $2::varchar IS NOT NULL
    AND EXISTS (SELECT FROM touches WHERE visitor_id = $2) AS touched
  FROM members WHERE openid = $1
"""  # noqa: S608 - our own columns
_CREATE = """
WITH born AS (
  INSERT INTO members (openid, unionid, nickname, avatar_url, share_code, state, created_at, seen_at)
    VALUES ($1, $2, '', '', $3, 'active', $4, $4) ON CONFLICT DO NOTHING RETURNING id, share_code, created_at),
home AS (
  INSERT INTO shares (code, member_id, kind, target, channel, disabled, created_at)
    SELECT share_code, id, 'home', '', 'friend', false, created_at FROM born)
SELECT id FROM born
"""
_TOUCHES = """
SELECT s.code, t.at FROM touches t JOIN shares s ON s.id = t.share_id
  WHERE t.visitor_id = $1 AND t.at >= $2 AND s.member_id <> $3 ORDER BY t.at {order} LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a person who logs in comes from."""

    share_code: str | None = None
    """The share code that the login itself carries."""
    visitor_id: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A token and whose it is."""

    token: str
    member: Profile
    is_new: bool
    binding: Binding


async def log_in(deps: Deps, code: str, origin: Origin) -> LoggedIn:
    """Exchange the code, find or create the member, bind if a share allows it, and start a session.

    Raises BadLoginCode, AccountBlocked, WeChatUnavailable.
    """
    person = await _exchange(deps, code)
    binding: Binding | None = None
    while (row := await db.fetch_row(_KNOWN, person.openid, origin.visitor_id)) is None:
        binding = await _create(deps, person, origin)  # None when another login of the same person was first
    known = db.typed(row, _Known)
    if known.state != "active":
        raise errors.AccountBlocked
    is_new = binding is not None
    if binding is None:
        binding = await _of_known(deps, known, origin)
    token = await member_sessions.start(deps, known.id, person.session_key)
    profile = profiles.profile_of(deps, known)
    bound = binding.status in {"bound", "already_bound"}  # the binding may be newer than the row
    return LoggedIn(token, replace(profile, bound=bound), is_new, binding)


async def _exchange(deps: Deps, code: str) -> WeChatLogin:
    try:
        return await deps.mini.login(code)
    except WeChatError as refused:
        if refused.code == profiles.BAD_CODE:
            raise errors.BadLoginCode from refused
        if refused.code == _BLOCKED_BY_WECHAT:
            raise errors.AccountBlocked from refused
        raise errors.WeChatUnavailable from refused
    except OutcomeUnknown as unknown:
        raise errors.WeChatUnavailable from unknown


async def _create(deps: Deps, person: WeChatLogin, origin: Origin) -> Binding | None:
    """Create a member with their own share, and bind them, in one transaction; None when another login was first."""
    at, terms = deps.clock.now(), await policy.current()
    async with db.transaction() as tx:
        member_id = await tx.fetchval(_CREATE, person.openid, person.unionid, ids.code(_SHARE_CODE_CHARS), at)
        return None if member_id is None else await _attribute(tx, deps, member_id, origin, terms, at)


async def _of_known(deps: Deps, known: _Known, origin: Origin) -> Binding:
    """Update a returning member's `seen_at` and binding where needed; usually nothing is."""
    at = deps.clock.now()
    if at - known.seen_at > _SEEN_EVERY:
        await Member.filter(id=known.id).update(seen_at=at)
    if known.referrer_id is not None:
        return Binding("already_bound")
    if origin.share_code is None and not known.touched:
        return Binding("none")
    terms = await policy.current()
    async with db.transaction() as tx:
        return await _attribute(tx, deps, known.id, origin, terms, at)


async def _attribute(
    tx: Connection, deps: Deps, member_id: int, origin: Origin, terms: ShopPolicy, at: datetime
) -> Binding:
    """Step: choose among the visitor's touches and the login's own code, and bind."""
    touches = []
    if origin.visitor_id is not None:
        order = "ASC" if terms.attribution == "first_touch" else "DESC"
        since = at - timedelta(days=terms.attribution_days)
        rows = await tx.fetch(_TOUCHES.format(order=order), origin.visitor_id, since, member_id)
        touches = [referrals.Touched(row["code"], row["at"]) for row in rows]
    share_code = referrals.attribute(touches, origin.share_code, terms.attribution, terms.attribution_days, at)
    if share_code is None:
        return Binding("none")
    found = await bindings.bind(tx, deps, member_id, share_code, "login")
    if isinstance(found, Binding):
        return found
    if found is errors.AlreadyBound:
        return Binding("already_bound")
    return Binding("refused", found.code)
