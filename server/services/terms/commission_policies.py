"""Versions of the commission policies: published once, never changed, so a process may keep what it has read."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from server import db
from server.core.advisory import Advisory
from server.core.errors import NotFound, VersionStale
from server.gateways.ports import Deps
from server.rules.commissions import CommissionTerms, problems, with_subcategories
from server.services.common import audit_log, locks
from server.services.files.apply_file import ApplyFile

_known: dict[tuple[int, int], CommissionTerms] = {}


@dataclass(frozen=True, slots=True)
class PublishedPolicies:
    """A version with its terms."""

    version: int
    terms: CommissionTerms
    note: str
    published_at: datetime


async def terms_of(version: int) -> CommissionTerms:
    """The terms of a version. Raises NotFound."""
    key = (db.identity(), version)
    found = _known.get(key)
    if found is None:
        stored = await db.fetch_value("SELECT terms FROM commission_versions WHERE version = $1", version)
        if stored is None:
            raise NotFound(commission_version=version)
        found = _known[key] = msgspec.json.decode(stored, type=CommissionTerms)
    return found


async def in_force() -> PublishedPolicies:
    """The newest version. Raises NotFound before the first is published: then nobody earns."""
    async with db.connection() as connection:
        found = await _newest(connection)
    if found is None:
        raise NotFound(what="commission_version")
    return found


async def _newest(connection: db.Connection) -> PublishedPolicies | None:
    row = await connection.fetchrow("SELECT * FROM commission_versions ORDER BY version DESC LIMIT 1")
    if row is None:
        return None
    terms = msgspec.json.decode(row["terms"], type=CommissionTerms)
    return PublishedPolicies(row["version"], terms, row["note"], row["published_at"])


@dataclass(frozen=True, slots=True)
class Applied:
    """The version in force after a file was applied, and how many policies it has."""

    version: int
    policies: int


async def prepared(connection: db.Connection, text: str) -> CommissionTerms:
    """What a file says, as it is published. Raises FileInvalid with every problem."""
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
    """Publish what a file says as a new version, for orders paid from now on.

    A file that says what is in force already changes nothing. Raises FileInvalid with every problem, and VersionStale
    when the newest version is not `base`, the one that was looked at (0: none).
    """
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.COMMISSION_POLICIES)
        at = deps.clock.now()  # under the lock: a later version is never older
        terms = await prepared(tx, text)
        current = await _newest(tx)
        newest = current.version if current else 0
        if base is not None and base != newest:
            raise VersionStale(version=newest, problem=f"第 {newest} 版已经发布，请在它的基础上重新填写")
        if current is not None and current.terms == terms:
            return Applied(newest, len(terms.policies))
        await tx.execute(
            "INSERT INTO commission_versions (version, terms, note, operator, published_at)"
            " VALUES ($1, $2::jsonb, $3, $4, $5)",
            newest + 1,
            msgspec.json.encode(terms).decode(),
            note,
            actor,
            at,
        )
        subject, detail = f"commission_version:{newest + 1}", {"before": newest, "after": newest + 1, "reason": note}
        await audit_log.record(tx, at, actor, "commission.apply", subject, detail)
    return Applied(newest + 1, len(terms.policies))


async def _judge(connection: db.Connection, file: ApplyFile, terms: CommissionTerms, categories: set[int]) -> None:
    """Note every product and category that is named and not there."""
    named = [one for policy in terms.policies if policy.scope == "product" for one in policy.ids]
    rows = await connection.fetch("SELECT id FROM products WHERE id = ANY ($1)", named)
    known = {"product": {row["id"] for row in rows}, "category": categories}
    for index, policy in enumerate(terms.policies):
        for place, one in enumerate(policy.ids):
            if policy.scope in known and one not in known[policy.scope]:
                file.note(f"$.policies[{index}].ids[{place}]", f"没有编号为 {one} 的{_NOUNS[policy.scope]}")


_NOUNS = {"product": "商品", "category": "类目"}
