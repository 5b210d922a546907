"""Bind a member to a referrer once, correct a binding as an operator, and keep the history.

Why no loop can arise: a binding locks both members' rows in ascending order and then checks again whether the member
has a downline. So a member who is above somebody can never move below anybody, and the ancestors copied into a row stay
correct. Only a correction moves members who have a downline; no other binding can run at that time.

A binding that is asked for while a payment of the member's is open waits: WeChat may have taken the money before, and
then the member has paid already. It is kept with the time it was asked for, and decided when that payment has ended.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from server import db, outbox
from server.core import errors
from server.core.advisory import Advisory
from server.core.errors import Refusal
from server.db import Connection
from server.gateways.ports import Deps
from server.outbox import Job
from server.rules import referrals
from server.services.common import audit_log, locks

OPENID_COLUMN = "members.openid"
"""The context of the keyed hash that replaces the openid of a closed account."""

How = Literal["login", "late"]
Status = Literal["bound", "pending", "already_bound", "refused", "none"]

_ASKED_MOST = 5
"""How many bindings of one member may wait: each locks its share's owner when they are decided."""

_SHARE = f"""
SELECT {locks.SHARED}, s.member_id, s.disabled
  FROM (SELECT) one LEFT JOIN shares s ON s.code = $2
"""  # noqa: S608 - our own text
_LATER = """
SELECT EXISTS (SELECT FROM members WHERE referrer_id = $1) AS has_downline,
  EXISTS (SELECT FROM members WHERE openid = $2) AS came_back,
  EXISTS (SELECT FROM bindings WHERE member_id = $1 AND valid_to > $3) AS bound_since
"""
_WAITING = """
SELECT EXISTS (SELECT FROM orders
    WHERE member_id = $1 AND status = 'pending' AND prepay_started_at IS NOT NULL) AS paying,
  ARRAY(SELECT share_code FROM pending_bindings WHERE member_id = $1) AS asked
"""
_ASK = "INSERT INTO pending_bindings (member_id, share_code, how, asked_at) VALUES ($1, $2, $3, $4)"
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
    """Whether a referrer was bound; `reason` is the code of a refusal. `pending` is decided when the payment ends."""

    status: Status
    reason: str | None = None


async def bind(tx: Connection, deps: Deps, member_id: int, share_code: str, how: How) -> type[Refusal] | Binding:
    """Step: bind the member to the share's owner, or keep the wish while a payment is open; or return the refusal.

    Locks the tree, then both members' rows.
    """
    share = db.typed(await tx.fetchrow(_SHARE, Advisory.REFERRAL_TREE, share_code), _Share)
    facts, chain = await _facts(tx, deps, member_id, share)
    refusal = referrals.decide_binding(facts)
    if refusal is not None:
        return refusal
    assert chain is not None  # noqa: S101 - a share without an owner is unknown
    at = deps.clock.now()  # under the lock: it was asked for after everything that was committed before
    waiting = await tx.fetchrow(_WAITING, member_id)
    if not waiting["paying"] and not waiting["asked"]:
        await tx.execute(_BIND, member_id, *chain, at, share_code, how)
        return Binding("bound")
    if share_code not in waiting["asked"]:
        if len(waiting["asked"]) >= _ASKED_MOST:
            return errors.TooManyRequests
        await tx.execute(_ASK, member_id, share_code, how, at)
        if not waiting["paying"]:
            await outbox.put(tx, [Job("decide_bindings", {"member_id": member_id})], at)
    return Binding("pending")


async def _facts(
    tx: Connection, deps: Deps, member_id: int, share: _Share, asked_at: datetime | None = None
) -> tuple[referrals.BindingFacts, referrals.Chain | None]:
    """Read the facts under lock, and the chain that the member would get; None when the share has no owner.

    `asked_at`: when a binding was asked for that waited; what was paid later does not count against it.
    """
    referrer_id = share.member_id
    if referrer_id is None:
        return referrals.BindingFacts(member_id=member_id, referrer_id=None), None
    people = {person.id: person for person in await locks.member_rows(tx, {member_id, referrer_id}, _Person)}
    member, referrer = people[member_id], people[referrer_id]
    # a separate statement, so that it sees what was committed while we waited for the lock
    later = await tx.fetchrow(_LATER, member_id, _hashed(deps, member), asked_at)
    paid_at = member.first_paid_at
    facts = referrals.BindingFacts(
        member_id=member_id,
        referrer_id=referrer_id,
        share_disabled=share.disabled is True,
        bound=member.referrer_id is not None or later["bound_since"],
        referrer_active=referrer.state == "active",
        below=later["has_downline"] and await tx.fetchval(_ABOVE, referrer_id, member_id),
        has_paid=later["came_back"] or (paid_at is not None and (asked_at is None or paid_at < asked_at)),
        has_downline=later["has_downline"],
    )
    return facts, referrals.chain_under(referrer_id, referrer.chain)


def _hashed(deps: Deps, member: _Person) -> str:
    """Compute what replaces this openid in a closed account: a person with a closed account is never bound again."""
    return deps.cipher.blind(member.openid, OPENID_COLUMN)


async def bind_late(deps: Deps, member_id: int, share_code: str) -> Binding:
    """Bind a member who is logged in. Raises one of `referrals.REFUSALS`, TooManyRequests."""
    async with db.transaction() as tx:
        found = await bind(tx, deps, member_id, share_code, "late")
        if isinstance(found, Binding):
            return found
        raise found


class _Asked(_Share, frozen=True):
    """A binding that was asked for, with its share's owner."""

    id: int
    share_code: str
    how: How
    asked_at: datetime


_ASKED = f"""
SELECT {locks.SHARED}, b.id, b.share_code, b.how, b.asked_at, s.member_id, s.disabled
  FROM (SELECT) one LEFT JOIN (pending_bindings b JOIN shares s ON s.code = b.share_code) ON b.member_id = $2
  ORDER BY b.asked_at, b.id
"""  # noqa: S608 - our own text
_HELD_BY = """
FROM orders o WHERE o.member_id = b.member_id AND o.status = 'pending' AND o.prepay_started_at <= b.asked_at
"""
_UNDECIDED = f"""
DELETE FROM pending_bindings b WHERE b.id = $1 AND NOT EXISTS (SELECT {_HELD_BY}) RETURNING b.id
"""  # noqa: S608 - our own text
DUE = f"""
SELECT min(b.id) AS id, b.member_id FROM pending_bindings b WHERE NOT EXISTS (SELECT {_HELD_BY})
  GROUP BY b.member_id ORDER BY id LIMIT $1
"""  # noqa: S608 - our own text
"""The members with a binding that can be decided."""


async def decide_asked(tx: Connection, deps: Deps, member_id: int) -> datetime | None:
    """Step: decide the bindings that a member asked for, oldest first; return from when one holds, None if none does.

    One waits as long as a payment is open that was open when it was asked for. Locks the tree, then the member and the
    owners of the shares.
    """
    rows = await tx.fetch(_ASKED, Advisory.REFERRAL_TREE, member_id)
    asked = [db.typed(row, _Asked) for row in rows if row["id"] is not None]
    await locks.members(tx, [member_id, *(one.member_id for one in asked)])
    since = None
    for one in asked:
        if await tx.fetchval(_UNDECIDED, one.id) is None:  # it waits, or was decided meanwhile
            continue
        facts, chain = await _facts(tx, deps, member_id, one, one.asked_at)
        if chain is not None and referrals.decide_binding(facts) is None:
            await tx.execute(_BIND, member_id, *chain, one.asked_at, one.share_code, one.how)
            since = one.asked_at
    return since


class Waiting(msgspec.Struct, frozen=True):
    """A binding that was asked for and is not decided."""

    referrer_id: int
    """The owner of the share; whether this member may refer the other is decided later."""
    share_code: str
    how: How
    asked_at: datetime
    held_by: list[str]
    """The numbers of the orders whose payment was open then and still is; without any it is decided within minutes."""


_WAITS = f"""
SELECT s.member_id AS referrer_id, b.share_code, b.how, b.asked_at,
  ARRAY(SELECT o.order_no {_HELD_BY} ORDER BY o.id) AS held_by
  FROM pending_bindings b JOIN shares s ON s.code = b.share_code WHERE b.member_id = $1 ORDER BY b.asked_at, b.id
"""  # noqa: S608 - our own text


async def waiting(reader: Connection, member_id: int) -> list[Waiting]:
    """Return the bindings that a member asked for and that wait, oldest first: in this order they are decided."""
    return [db.typed(row, Waiting) for row in await reader.fetch(_WAITS, member_id)]


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
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.REFERRAL_TREE)
        found = await _judged(tx, deps, member_id, referrer_id, locks.ROWS)
        at = deps.clock.now()  # under the locks: whatever was settled before has the old chain, and was paid before
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
    if (await tx.fetchrow(_LATER, member.id, _hashed(deps, member), None))["came_back"]:
        raise errors.HasPaidOrder
    return referrals.chain_under(referrer.id, referrer.chain)
