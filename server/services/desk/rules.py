"""Versions of the rebate rule, for operators to read and compare, and a draft before it is published."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from server import db
from server.core.errors import RuleInvalid
from server.rules import rebate_words, rule_forms
from server.rules.operators import Permission
from server.rules.rebate_words import Promise, Told
from server.rules.rebates import RuleTerms
from server.rules.rule_forms import Change
from server.services.common import cursors
from server.services.common.listings import Column, Key, Listing, numbered, search, since, until
from server.services.terms import policy, rebate_rules
from server.services.terms.rule_versions import VERSIONS, PublishedRule

RULES = Listing(
    name="rules",
    title="返一规则",
    things="规则版本",
    permission=Permission.REBATES_VIEW,
    select=(
        "r.version, r.note, r.operator, r.published_at, r.budget_used_fen,"
        " (r.terms->>'budget_fen')::bigint AS budget_fen"
    ),
    source="rule_versions r",
    keys=(Key("r.version", cursors.Number),),
    columns=(
        Column("版本", "version", "number", to="/admin/rules/{version}"),
        Column("说明", "note"),
        Column("预算", "budget_fen", "yuan"),
        Column("已用预算", "budget_used_fen", "yuan"),
        Column("操作员", "operator"),
        Column("发布时间", "published_at", "when"),
    ),
    filters=(
        search("版本号", numbered("r.version::bigint")),
        since("r.published_at", "发布从"),
        until("r.published_at"),
    ),
    empty="还没有发布过规则",
    template="rules/rules.html",
)


@dataclass(frozen=True, slots=True)
class Words:
    """Terms in words: every field by its name, the promise to members, and the whole rule under headings."""

    fields: dict[str, str]
    promise: Promise
    plain: list[Told]


@dataclass(frozen=True, slots=True)
class Version:
    """One version with its terms, also in words."""

    version: int
    terms: RuleTerms
    note: str
    operator: str
    published_at: datetime
    budget_used_fen: int
    words: Words


async def in_words(terms: RuleTerms) -> Words:
    """Put terms into words."""
    names = await rebate_rules.scope_names(terms.scope)
    return Words(rule_forms.in_words(terms, names), rebate_words.promise(terms), rebate_words.plain(terms, names))


async def version(number: int) -> Version:
    """Return one version. Raises NotFound."""
    return await _shown(await VERSIONS.one(number))


async def _shown(published: PublishedRule) -> Version:
    return Version(
        version=published.version,
        terms=published.terms,
        note=published.note,
        operator=published.operator,
        published_at=published.published_at,
        budget_used_fen=published.budget_used_fen,
        words=await in_words(published.terms),
    )


async def newest() -> Version | None:
    """Return the version in force; None before the first one is published."""
    published = await VERSIONS.newest()
    return await _shown(published) if published else None


@dataclass(frozen=True, slots=True)
class Draft:
    """The content of a form. `terms` is None while the form has problems."""

    terms: RuleTerms | None
    problems: dict[str, str]
    """Problems by field, in Chinese."""
    words: Words | None
    changes: list[Change]
    """Changes against the version in force; empty before the first version."""


async def draft(form: Mapping[str, str], current: Version | None) -> Draft:
    """Check a filled form and put it into words, as it would be published now."""
    terms, problems = rule_forms.read(form, (await policy.stored()).policy.refund_days)
    judged = terms
    if judged is None and "scope" not in problems:
        judged = RuleTerms(scope=rule_forms.read_scope(form))
    try:
        async with db.connection() as reader:
            judged = judged and await rebate_rules.prepared(reader, judged)
    except RuleInvalid as refused:
        problems[refused.detail["field"]] = refused.detail["problem"]
    if problems or terms is None or judged is None:
        return Draft(None, problems, None, [])
    terms = judged
    words = await in_words(terms)
    return Draft(terms, {}, words, rule_forms.changes(current.words.fields, words.fields) if current else [])
