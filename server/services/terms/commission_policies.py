"""Versions of the commission policies. A version applies to orders paid while it is the newest."""

from dataclasses import dataclass
from datetime import datetime

from server import db
from server.core.advisory import Advisory
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules.commissions import CommissionTerms, problems, with_subcategories
from server.services.common import audit_log, locks
from server.services.files.apply_file import ApplyFile
from server.services.terms.versions import About, Versions, check_base

VERSIONS = Versions("commission_version", CommissionTerms)
terms_of = VERSIONS.terms_of


@dataclass(frozen=True, slots=True)
class PublishedPolicies:
    """A version with its terms."""

    version: int
    terms: CommissionTerms
    note: str
    published_at: datetime


async def in_force() -> PublishedPolicies:
    """Return the newest version. Raises NotFound before the first one is published: then nobody earns commission."""
    async with db.connection() as connection:
        found = await _newest(connection)
    if found is None:
        raise NotFound(what="commission_version")
    return found


async def _newest(connection: db.Connection) -> PublishedPolicies | None:
    row = await VERSIONS.newest_on(connection)
    return row and PublishedPolicies(row["version"], VERSIONS.terms(row), row["note"], row["published_at"])


@dataclass(frozen=True, slots=True)
class Applied:
    """The version in force after a file was applied, and its number of policies."""

    version: int
    policies: int


async def prepared(connection: db.Connection, text: str) -> CommissionTerms:
    """Return the terms of a file as they would be published. Raises FileInvalid with every problem."""
    file = ApplyFile(text)
    terms = file.read(file.root, CommissionTerms, "$")
    file.check()
    assert terms is not None  # noqa: S101 - or `check` would have raised
    for path, problem in problems(terms):
        file.note(f"${path}", problem)
    parents = {row["id"]: row["parent_id"] for row in await connection.fetch("SELECT id, parent_id FROM categories")}
    await _judge(connection, file, terms, set(parents))
    file.check()
    return with_subcategories(terms, parents)


async def apply(deps: Deps, text: str, note: str, actor: str, base: int | None = None) -> Applied:
    """Publish a file's terms as a new version, for orders paid from now on.

    A file with the terms that are in force already changes nothing. Raises FileInvalid with every problem, and
    VersionStale if the newest version is not `base`, the version that the operator looked at (0: none).
    """
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.COMMISSION_POLICIES)
        at = deps.clock.now()  # read under the lock, so that a later version never has an earlier time
        terms = await prepared(tx, text)
        current = await _newest(tx)
        newest = current.version if current else 0
        check_base(base, newest)
        if current is not None and current.terms == terms:
            return Applied(newest, len(terms.policies))
        await VERSIONS.add(tx, newest + 1, terms, About(note, actor, at))
        subject, detail = f"commission_version:{newest + 1}", {"before": newest, "after": newest + 1, "reason": note}
        await audit_log.record(tx, at, actor, "commission.apply", subject, detail)
    return Applied(newest + 1, len(terms.policies))


async def _judge(connection: db.Connection, file: ApplyFile, terms: CommissionTerms, categories: set[int]) -> None:
    """Note every named product and category that does not exist."""
    named = [one for policy in terms.policies if policy.scope == "product" for one in policy.ids]
    rows = await connection.fetch("SELECT id FROM products WHERE id = ANY ($1)", named)
    known = {"product": {row["id"] for row in rows}, "category": categories}
    for index, policy in enumerate(terms.policies):
        for place, one in enumerate(policy.ids):
            if policy.scope in known and one not in known[policy.scope]:
                file.note(f"$.policies[{index}].ids[{place}]", f"没有编号为 {one} 的{_NOUNS[policy.scope]}")


_NOUNS = {"product": "商品", "category": "类目"}
