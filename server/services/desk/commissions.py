"""Commission as operators see it: policy versions, a draft before it is published, and each order's commissions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from server import db
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.ledger import browser
from server.ledger.browser import Mention
from server.rules import commission_words, labels
from server.rules.commissions import CommissionTerms
from server.rules.operators import Permission
from server.services.commissions import views as commission_views
from server.services.commissions.views import CommissionView
from server.services.common import cursors
from server.services.common.listings import Column, Key, Listing, choice, numbered, search, since, until
from server.services.desk.rebates import found_by
from server.services.terms import commission_policies
from server.services.terms.commission_policies import PublishedPolicies

_KEPT_S = 3600
"""How long a draft is kept for publishing."""

POLICIES = Listing(
    name="commission-policies",
    title="分润策略",
    things="策略版本",
    permission=Permission.COMMISSIONS_VIEW,
    select=(
        "v.version, v.note, v.operator, v.published_at, jsonb_array_length(v.terms->'policies') AS policies,"
        " (v.terms->>'depth')::int AS depth"
    ),
    source="commission_versions v",
    keys=(Key("v.version", cursors.Number),),
    columns=(
        Column("版本", "version", to="/admin/commission-policies/{version}"),
        Column("说明", "note"),
        Column("策略数", "policies", "number"),
        Column("层级", "depth", "number"),
        Column("操作员", "operator"),
        Column("发布时间", "published_at", "when"),
    ),
    filters=(
        search("版本号", numbered("v.version::bigint")),
        since("v.published_at", "发布从"),
        until("v.published_at"),
    ),
    empty="还没有发布过分润策略，现在没有人获得佣金",
    template="commissions/policies.html",
)

COMMISSIONS = Listing(
    name="commissions",
    title="佣金",
    permission=Permission.COMMISSIONS_VIEW,
    select=(
        "c.id, c.state, c.member_id, c.level, c.version, c.whole_fen, c.granted_fen, c.created_at, c.release_at,"
        " c.settled_at, c.reversed_at, (SELECT order_no FROM orders WHERE id = c.order_id) AS order_no"
    ),
    source="commissions c",
    keys=(Key("c.created_at", datetime), Key("c.id", cursors.Number)),
    columns=(
        Column("编号", "id", to="/admin/commissions/{id}"),
        Column("状态", "state", "tag", words=labels.EARNING_STATES),
        Column("会员", "member_id", to="/admin/members/{member_id}"),
        Column("级", "level", "number"),
        Column("订单", "order_no", "code", to="/admin/orders/{order_no}"),
        Column("现有", "granted_fen", "yuan"),
        Column("付款时", "whole_fen", "yuan"),
        Column("策略版本", "version", to="/admin/commission-policies/{version}"),
        Column("产生时间", "created_at", "when"),
        Column("预计到账", "release_at", "when"),
    ),
    filters=(
        found_by("c.order_id", numbered("c.member_id")),
        choice("state", "状态", "c.state", labels.EARNING_STATES),
        since("c.created_at", "产生从"),
        until("c.created_at"),
    ),
    empty="还没有佣金",
)


@dataclass(frozen=True, slots=True)
class Words:
    """Policies in words: for each policy who gets it, for what, and how much; and every field by its name."""

    policies: list[tuple[str, str, str]]
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the policies."""

    version: int
    terms: CommissionTerms
    note: str
    operator: str
    published_at: datetime
    words: Words


async def in_words(terms: CommissionTerms) -> Words:
    """Put policies into words."""
    named = {
        scope: [one for policy in terms.policies if policy.scope == scope for one in policy.ids]
        for scope in ("product", "category")
    }
    products = await db.fetch("SELECT id, title AS name FROM products WHERE id = ANY ($1)", named["product"])
    categories = await db.fetch("SELECT id, name FROM categories WHERE id = ANY ($1)", named["category"])
    names = {("product", row["id"]): row["name"] for row in products}
    names |= {("category", row["id"]): row["name"] for row in categories}
    return Words(commission_words.policies(terms, names), commission_words.in_words(terms, names))


async def version(number: int) -> Version:
    """Return one version. Raises NotFound."""
    return await _shown(await commission_policies.VERSIONS.one(number))


async def _shown(published: PublishedPolicies) -> Version:
    return Version(
        version=published.version,
        terms=published.terms,
        note=published.note,
        operator=published.operator,
        published_at=published.published_at,
        words=await in_words(published.terms),
    )


async def newest() -> Version | None:
    """Return the version in force; None before the first one is published."""
    published = await commission_policies.VERSIONS.newest()
    return await _shown(published) if published else None


class Draft(msgspec.Struct):
    """What an operator typed, and the version that it is based on (0: none)."""

    text: str
    base: int


async def keep(deps: Deps, session_id: int, draft: Draft, terms: CommissionTerms) -> None:
    """Keep a draft for an hour if its terms could be published. Raises FileInvalid with every problem."""
    async with db.connection() as reader:
        await commission_policies.prepared(reader, terms)
    await deps.redis.set(_key(session_id), msgspec.json.encode(draft), ex=_KEPT_S)


async def kept(deps: Deps, session_id: int) -> Draft:
    """Return the kept draft. Raises NotFound."""
    stored = await deps.redis.get(_key(session_id))
    if stored is None:
        raise NotFound(what="draft")
    return msgspec.json.decode(stored, type=Draft)


def _key(session_id: int) -> str:
    return f"operator_draft:commission:{session_id}"


async def draft_in_words(terms: CommissionTerms) -> Words:
    """Put the terms of a draft into words, as they would be published now. Raises FileInvalid."""
    async with db.connection() as reader:
        ready = await commission_policies.prepared(reader, terms)
    return await in_words(ready)


@dataclass(frozen=True, slots=True)
class Detail:
    """One commission: its member, the member's view of it, and its ledger entries."""

    member_id: int
    view: CommissionView
    entries: list[Mention]


async def commission(commission_id: int) -> Detail:
    """Return one commission. Raises NotFound."""
    member_id: Any = await db.fetch_value("SELECT member_id FROM commissions WHERE id = $1", commission_id)
    if member_id is None:
        raise NotFound(what="commission")
    view = await commission_views.one_of(member_id, commission_id)
    return Detail(member_id, view, await browser.about(f"commission:{commission_id}"))
