"""The claim centre: who can claim which templates, and claiming with limits that hold exactly under concurrency."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from server import db
from server.core.clock import shanghai_day
from server.core.errors import CouponLimit, NotFound
from server.gateways.ports import Deps
from server.rules import coupon_claims as rules
from server.rules.coupon_claims import Claimer, Terms
from server.rules.coupons import worth
from server.services.catalogue import coupon_scopes
from server.services.catalogue.coupon_scopes import Scope
from server.services.common import idempotency
from server.services.common.idempotency import Keyed
from server.services.coupons import drawer


class OfferView(msgspec.Struct):
    """A template. `left` is null where there is no end; `problem` says why it cannot be claimed (now or any more).

    A coupon of it is valid for `valid_days` from the claim on, or from `starts_at` to `ends_at`.
    """

    id: int
    name: str
    amount_fen: int
    off_bp: int
    most_fen: int | None
    worth: str
    threshold_fen: int
    scope_label: str
    valid_days: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    claim_from: datetime | None
    claim_until: datetime | None
    audience: rules.Audience
    left: int | None
    per_member: int
    claimed_by_me: int
    claimable: bool
    refusal: str | None
    """The error code that a claim would get now."""
    problem: str | None


class Claimed(msgspec.Struct):
    """What a claim gives: the new coupon. Times are ISO 8601."""

    id: int
    name: str
    amount_fen: int
    off_bp: int
    most_fen: int | None
    threshold_fen: int
    state: Annotated[str, msgspec.Meta(examples=["unused"])]
    starts_at: datetime
    expires_at: datetime


class _Template(msgspec.Struct, frozen=True):
    """A row of `coupon_templates`, as far as claiming depends on it."""

    id: int
    name: str
    amount_fen: int
    off_bp: int
    most_fen: int | None
    threshold_fen: int
    products: tuple[int, ...] | None
    categories: tuple[int, ...] | None
    valid_days: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    claim_from: datetime | None
    claim_until: datetime | None
    audience: rules.Audience
    levels: tuple[int, ...] | None
    total: int | None
    claimed: int
    per_member: int


class _Offered(_Template, frozen=True):
    """A template on offer; `mine` counts the member's own claims."""

    mine: int


class _Person(msgspec.Struct, frozen=True):
    """What claiming asks about a member. `new`: never paid for an order."""

    new: bool
    birthday: date | None
    level: int


_PERSON = """
SELECT first_paid_at IS NULL AS new, birthday,
  COALESCE((SELECT position FROM member_levels l WHERE l.member_id = m.id), 0) AS level FROM members m WHERE id = $1
"""
_MINE = "SELECT count(*) FROM coupons c WHERE c.member_id = $1 AND c.template_id = t.id AND c.source LIKE 'template:%'"
"""How many the member claimed; coupons that an operator gave do not count."""
_TEMPLATE = db.columns(_Template, of="t")
_MINE_OF = f"SELECT ({_MINE}) FROM coupon_templates t WHERE t.id = $2"  # noqa: S608 - our own text
_LOCKED = f"""
SELECT {_TEMPLATE} FROM coupon_templates t WHERE t.id = $1 AND t.active FOR NO KEY UPDATE
"""  # noqa: S608 - our own names # house: lock - only if active


async def offers(deps: Deps, member_id: int) -> list[OfferView]:
    """Return what the claim centre shows: listed templates that are not over. `member_id` 0 is a guest."""
    at = deps.clock.now()
    person = await db.fetch_row(_PERSON, member_id) if member_id else None
    rows = await db.fetch(
        f"SELECT {_TEMPLATE}, ({_MINE}) AS mine FROM coupon_templates t WHERE t.active AND t.listed"  # noqa: S608 - our own text
        " AND (t.claim_until IS NULL OR t.claim_until > $2) AND (t.ends_at IS NULL OR t.ends_at > $2) ORDER BY t.id",
        member_id,
        at,
    )
    offered = [db.typed(row, _Offered) for row in rows]
    labels = await coupon_scopes.labels([Scope(one.products, one.categories) for one in offered])
    who = None if person is None else db.typed(person, _Person)
    return [_offer(one, label, who, at) for one, label in zip(offered, labels, strict=True)]


def _offer(template: _Offered, label: str, person: _Person | None, at: datetime) -> OfferView:
    terms = _terms(template)
    refusal = rules.refusal(terms, _claimer(person, template.mine, at), at)
    return OfferView(
        id=template.id,
        name=template.name,
        amount_fen=template.amount_fen,
        off_bp=template.off_bp,
        most_fen=template.most_fen,
        worth=worth(template.amount_fen, template.off_bp, template.most_fen),
        threshold_fen=template.threshold_fen,
        scope_label=label,
        valid_days=template.valid_days,
        starts_at=template.starts_at,
        ends_at=template.ends_at,
        claim_from=template.claim_from,
        claim_until=template.claim_until,
        audience=template.audience,
        left=terms.left,
        per_member=template.per_member,
        claimed_by_me=template.mine,
        claimable=refusal is None,
        refusal=None if refusal is None else refusal.code,
        problem=None if refusal is None else refusal.detail.get("problem", refusal.message),
    )


def _terms(template: _Template) -> Terms:
    return Terms(
        claim_from=template.claim_from,
        claim_until=template.claim_until,
        ends_at=template.ends_at,
        audience=template.audience,
        levels=template.levels,
        per_member=template.per_member,
        left=None if template.total is None else template.total - template.claimed,
    )


def _claimer(person: _Person | None, claimed: int, at: datetime) -> Claimer | None:
    if person is None:
        return None
    born = person.birthday
    in_month = born is not None and born.month == shanghai_day(at).month
    return Claimer(person.new, in_month, person.level, claimed)


async def claim(deps: Deps, member_id: int, template_id: int, key: Keyed) -> bytes:
    """Claim a coupon; return the encoded `Claimed`.

    Raises NotFound, CouponClosed, CouponNotForYou, CouponLimit, CouponSoldOut, IdempotencyMismatch.
    """
    at = deps.clock.now()

    async def work(tx: db.Connection) -> Claimed:
        return await _claim(tx, member_id, template_id, at)

    return await idempotency.once(member_id, key, at, work)


async def _claim(tx: db.Connection, member_id: int, template_id: int, at: datetime) -> Claimed:
    # The template's row lock makes claims of one template run one by one, so the counts read after it are exact.
    row = await tx.fetchrow(_LOCKED, template_id)
    if row is None:
        raise NotFound(what="coupon")
    template = db.typed(row, _Template)
    person = db.typed(await tx.fetchrow(_PERSON, member_id), _Person)
    mine: int = await tx.fetchval(_MINE_OF, member_id, template_id)
    refused = rules.refusal(_terms(template), _claimer(person, mine, at), at)
    if refused is not None:
        raise refused
    source = f"template:{template_id}:member:{member_id}:{mine + 1}"
    issued = await drawer.issue_from(tx, template_id, [(member_id, source)], at)
    if not issued:
        raise CouponLimit(per_member=template.per_member)
    return msgspec.convert(issued[0], Claimed, from_attributes=True)
