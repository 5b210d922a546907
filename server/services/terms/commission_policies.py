"""Versions of the commission policies. A version applies to orders paid while it is the newest."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from server import db
from server.core.advisory import Advisory
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules.commissions import CommissionTerms, problems, with_subcategories
from server.services.common import approvals, audit_log, locks
from server.services.common.approvals import Leave
from server.services.files.entries import Entries
from server.services.terms import policy
from server.services.terms.versions import About, Versions, check_base

_NOUNS = {"product": "商品", "category": "类目"}


class PublishedPolicies(msgspec.Struct, frozen=True):
    """A version with its terms."""

    version: int
    terms: CommissionTerms
    note: str
    operator: str
    published_at: datetime


VERSIONS = Versions("commission_version", CommissionTerms, PublishedPolicies)
terms_of = VERSIONS.terms_of


async def in_force() -> PublishedPolicies:
    """Return the newest version. Raises NotFound before the first one is published: then nobody earns commission."""
    found = await VERSIONS.newest()
    if found is None:
        raise NotFound(what="commission_version")
    return found


@dataclass(frozen=True, slots=True)
class Applied:
    """The version in force after terms were applied, and its number of policies."""

    version: int
    policies: int


async def prepared(connection: db.Connection, terms: CommissionTerms) -> CommissionTerms:
    """Return the terms as they would be published: a named category brings its subcategories.

    Raises FileInvalid with the path of every problem.
    """
    parents = {row["id"]: row["parent_id"] for row in await connection.fetch("SELECT id, parent_id FROM categories")}
    entries = Entries({})
    shop = (await policy.read(connection)).policy
    if terms.policies and terms.observe_days < shop.refund_days:
        # It can be withdrawn at once, and a refund would find an empty wallet.
        entries.note("$.observe_days", f"观察期不能短于退款期 {shop.refund_days} 天")
    for path, problem in [*problems(terms), *await _unknown(connection, terms, set(parents))]:
        entries.note(f"${path}", problem)
    entries.check()
    return with_subcategories(terms, parents)


async def _unknown(connection: db.Connection, terms: CommissionTerms, categories: set[int]) -> list[tuple[str, str]]:
    """Return a problem for every named product and category that does not exist, as (path below the terms, problem)."""
    named = [one for rule in terms.policies if rule.scope == "product" for one in rule.ids]
    rows = await connection.fetch("SELECT id FROM products WHERE id = ANY ($1)", named)
    known = {"product": {row["id"] for row in rows}, "category": categories}
    return [
        (f".policies[{index}].ids[{place}]", f"没有编号为 {one} 的{_NOUNS[rule.scope]}")
        for index, rule in enumerate(terms.policies)
        for place, one in enumerate(rule.ids)
        if rule.scope in known and one not in known[rule.scope]
    ]


async def apply(
    deps: Deps, terms: CommissionTerms, note: str, actor: str, base: int | None = None, leave: Leave | None = None
) -> Applied:
    """Publish a new version, for orders paid from now on.

    Terms that are in force already change nothing. Raises FileInvalid with the path of every problem, AboveLimit, and
    VersionStale if the newest version is not `base`, the version that the operator looked at (0: none).
    """
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.COMMISSION_POLICIES)
        at = deps.clock.now()  # read under the lock, so that a later version never has an earlier time
        terms = await prepared(tx, terms)
        current = await VERSIONS.newest_on(tx)
        newest = current.version if current else 0
        check_base(base, newest)
        if current is not None and current.terms == terms:
            return Applied(newest, len(terms.policies))
        await VERSIONS.add(tx, newest + 1, terms, About(note, actor, at))
        subject, detail = f"commission_version:{newest + 1}", {"before": newest, "after": newest + 1, "reason": note}
        said = await approvals.weigh(tx, at, leave, detail, {"": 1}, newest)
        await audit_log.record(tx, at, actor, "commission.apply", subject, said)
    return Applied(newest + 1, len(terms.policies))
