"""Bind a member to a referrer once, correct a binding as an operator, and keep the history.

Why no loop can arise: a binding locks both members' rows in ascending order and then checks again whether the member
has a downline. So a member who is above somebody can never move below anybody, and the ancestors copied into a row stay
correct. Only a correction moves members who have a downline; no other binding can run at that time.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from server import db
from server.core import errors
from server.core.advisory import Advisory
from server.core.errors import Refusal
from server.db import Connection
from server.gateways.ports import Deps
from server.rules import referrals
from server.services.common import audit_log, locks

OPENID_COLUMN = "members.openid"
"""The context of the keyed hash that replaces the openid of a closed account."""

How = Literal["login", "late"]
Status = Literal["bound", "already_bound", "refused", "none"]

_SHARE = f"""
SELECT {locks.SHARED}, s.member_id, s.disabled
  FROM (SELECT) one LEFT JOIN shares s ON s.code = $2
"""  # noqa: S608 - our own text
_LATER = """
SELECT EXISTS (SELECT FROM members WHERE referrer_id = $1) AS has_downline,
  EXISTS (SELECT FROM members WHERE openid = $2) AS came_back
"""
_ABOVE = """
WITH RECURSIVE above AS (
  SELECT id, referrer_id FROM members WHERE id = $1
  UNION SELECT m.id, m.referrer_id FROM members m JOIN above ON m.id = above.referrer_id)
SELECT EXISTS (SELECT FROM above WHERE id = $2)
"""
_BIND = """
WITH bound AS (
  UPDATE members SET referrer_id = $2, ancestor2_id = $3, ancestor3_id = $4, bound_at = $5 WHERE id = $1)
INSERT INTO bindings (member_id, referrer_id, share_code, how, valid_from) VALUES ($1, $2, $6, $7, $5)
"""


class _Share(msgspec.Struct, frozen=True):
    """A share's owner; both fields are None when there is no such share."""

    member_id: int | None
    disabled: bool | None


class _Person(msgspec.Struct, frozen=True):
    """A member, and who is above."""

    id: int
    openid: str
    state: str
    referrer_id: int | None
    ancestor2_id: int | None
    ancestor3_id: int | None
    first_paid_at: datetime | None

    @property
    def chain(self) -> referrals.Chain:
        """The member's own chain."""
        return self.referrer_id, self.ancestor2_id, self.ancestor3_id


@dataclass(frozen=True, slots=True)
class Binding:
    """Whether a referrer was bound; `reason` is the code of a refusal."""

    status: Status
    reason: str | None = None


async def bind(
    tx: Connection, deps: Deps, member_id: int, share_code: str, how: How, at: datetime
) -> type[Refusal] | None:
    """Step: bind the member to the share's owner, or return the refusal. Locks the tree, then both members' rows."""
    share = db.typed(await tx.fetchrow(_SHARE, Advisory.REFERRAL_TREE, share_code), _Share)
    facts, chain = await _facts(tx, deps, member_id, share)
    refusal = referrals.decide_binding(facts)
    if refusal is None and chain is not None:
        await tx.execute(_BIND, member_id, *chain, at, share_code, how)
    return refusal


async def _facts(
    tx: Connection, deps: Deps, member_id: int, share: _Share
) -> tuple[referrals.BindingFacts, referrals.Chain | None]:
    """Read the facts under lock, and the chain that the member would get; None when the share has no owner."""
    referrer_id = share.member_id
    if referrer_id is None:
        return referrals.BindingFacts(member_id=member_id, referrer_id=None), None
    people = {person.id: person for person in await locks.member_rows(tx, {member_id, referrer_id}, _Person)}
    member, referrer = people[member_id], people[referrer_id]
    # a separate statement, so that it sees what was committed while we waited for the lock
    later = await tx.fetchrow(_LATER, member_id, _hashed(deps, member))
    facts = referrals.BindingFacts(
        member_id=member_id,
        referrer_id=referrer_id,
        share_disabled=share.disabled is True,
        bound=member.referrer_id is not None,
        referrer_active=referrer.state == "active",
        below=later["has_downline"] and await tx.fetchval(_ABOVE, referrer_id, member_id),
        has_paid=member.first_paid_at is not None or later["came_back"],
        has_downline=later["has_downline"],
    )
    return facts, referrals.chain_under(referrer_id, referrer.chain)


def _hashed(deps: Deps, member: _Person) -> str:
    """Compute what replaces this openid in a closed account: a person with a closed account is never bound again."""
    return deps.cipher.blind(member.openid, OPENID_COLUMN)


async def bind_late(deps: Deps, member_id: int, share_code: str) -> Binding:
    """Bind a member who is logged in. Raises one of `referrals.REFUSALS`."""
    async with db.transaction() as tx:
        refusal = await bind(tx, deps, member_id, share_code, "late", deps.clock.now())
        if refusal is not None:
            raise refusal
    return Binding("bound")


_FAMILY = f"""
SELECT {db.columns(_Person)} FROM members
  WHERE id = ANY($1::bigint[]) OR referrer_id = $2 OR ancestor2_id = $2 ORDER BY id
"""  # noqa: S608 - our own names
_MOVE = """
WITH closed AS (UPDATE bindings SET valid_to = $5 WHERE member_id = $1 AND valid_to IS NULL),
moved AS (
  UPDATE members SET referrer_id = $2, ancestor2_id = $3, ancestor3_id = $4,
      bound_at = CASE WHEN $2::bigint IS NULL THEN NULL ELSE $5::timestamptz END WHERE id = $1),
children AS (UPDATE members SET ancestor2_id = $2, ancestor3_id = $3 WHERE referrer_id = $1)
UPDATE members SET ancestor3_id = $2 WHERE ancestor2_id = $1
"""
_HISTORY = """
INSERT INTO bindings (member_id, referrer_id, how, operator, reason, valid_from)
  VALUES ($1, $2, 'correction', $3, $4, $5)
"""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a correction changes: the member's chain, and the ancestors of the members one and two levels below."""

    before: referrals.Chain
    after: referrals.Chain
    children: int
    grandchildren: int


async def preview_correction(deps: Deps, member_id: int, referrer_id: int | None) -> Correction:
    """Show what `correct_binding` would change now. Raises the same refusals, except for a missing reason."""
    async with db.snapshot() as reader:
        return await _judged(reader, deps, member_id, referrer_id)


async def correct_binding(
    deps: Deps,
    member_id: int,
    referrer_id: int | None,
    reason: str,
    operator: str,
    seen: referrals.Chain | None = None,
) -> None:
    """Give the member another referrer, or none with None, as an operator's decision in the audit log.

    Earnings do not move: orders keep the chain that was recorded at payment. Raises BadRequest without a reason,
    NotFound for an unknown member, BindSelf, AlreadyBound (nothing would change), ReferrerBlocked, ReferralLoop,
    HasPaidOrder for a member who came back after closing an account, and StateConflict when the member's chain is no
    longer the one that was `seen`.
    """
    if not reason.strip():
        raise errors.BadRequest(field="reason", problem="请填写更正的理由")
    at = deps.clock.now()
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.REFERRAL_TREE)
        found = await _judged(tx, deps, member_id, referrer_id, locks.ROWS)
        if seen is not None and seen != found.before:
            raise errors.StateConflict(problem="推荐关系刚刚变过，请重新预览")
        await tx.execute(_MOVE, member_id, *found.after, at)
        if referrer_id is not None:
            await tx.execute(_HISTORY, member_id, referrer_id, operator, reason, at)
        detail = {"before": found.before[0], "after": referrer_id, "reason": reason}
        await audit_log.record(tx, at, operator, "binding.correct", f"member:{member_id}", detail)


async def _judged(tx: Connection, deps: Deps, member_id: int, referrer_id: int | None, lock: str = "") -> Correction:
    wanted = [member_id] if referrer_id is None else [member_id, referrer_id]
    rows = await tx.fetch(f"{_FAMILY} {lock}", wanted, member_id)
    family = {person.id: person for person in (db.typed(row, _Person) for row in rows)}
    member = family.get(member_id)
    if member is None or (referrer_id is not None and referrer_id not in family):
        raise errors.NotFound(what="member")
    if referrer_id == member.referrer_id:
        raise errors.AlreadyBound
    after: referrals.Chain = (None, None, None)
    if referrer_id is not None:
        after = await _new_chain(tx, deps, member, family[referrer_id])
    return Correction(
        before=member.chain,
        after=after,
        children=sum(person.referrer_id == member_id for person in family.values()),
        grandchildren=sum(person.ancestor2_id == member_id for person in family.values()),
    )


async def _new_chain(tx: Connection, deps: Deps, member: _Person, referrer: _Person) -> referrals.Chain:
    if referrer.id == member.id:
        raise errors.BindSelf
    if referrer.state != "active":
        raise errors.ReferrerBlocked
    if await tx.fetchval(_ABOVE, referrer.id, member.id):
        raise errors.ReferralLoop
    if (await tx.fetchrow(_LATER, member.id, _hashed(deps, member)))["came_back"]:
        raise errors.HasPaidOrder
    return referrals.chain_under(referrer.id, referrer.chain)
