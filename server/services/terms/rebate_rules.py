"""Versions of the rebate rule. A version applies to orders paid while it is the newest."""

import msgspec

from server import db, outbox
from server.core.advisory import Advisory
from server.core.errors import NotFound, RuleInvalid
from server.gateways.ports import Deps
from server.outbox import Job
from server.rules.rebates import RuleTerms, Scope, complete
from server.services.common import approvals, audit_log, locks
from server.services.common.approvals import Leave
from server.services.terms import policy
from server.services.terms.rule_versions import VERSIONS, PublishedRule
from server.services.terms.versions import About, check_base

terms_of = VERSIONS.terms_of


async def in_force() -> PublishedRule:
    """Return the newest version. Raises NotFound before the first one is published."""
    found = await VERSIONS.newest()
    if found is None:
        raise NotFound(what="rule")
    return found


async def publish(
    deps: Deps, terms: RuleTerms, note: str, operator: str, base: int | None = None, leave: Leave | None = None
) -> PublishedRule:
    """Publish a new version, for orders paid from now on.

    Raises RuleInvalid (also where a waiver is missing), AboveLimit, and VersionStale if the newest version is not
    `base`, the version that the operator looked at (0: none).
    """
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.REBATE_RULES)
        at = deps.clock.now()  # read under the lock, so that a later version never has an earlier time
        terms = complete(terms, (await policy.read(tx)).policy.refund_days)
        newest: int = await tx.fetchval("SELECT COALESCE(max(version), 0) FROM rule_versions")
        check_base(base, newest)
        terms = await prepared(tx, terms)
        version = newest + 1
        await VERSIONS.add(tx, version, terms, About(note, operator, at))
        # Qualifications may have waited for a new budget or for other terms, so try to close every open cycle again.
        waiting = await tx.fetch("SELECT DISTINCT referrer_id FROM qualifications WHERE state = 'counted'")
        await outbox.put(tx, [Job("close_cycle", {"member_id": row["referrer_id"]}) for row in waiting], at)
        detail = {"before": newest, "after": version, "reason": note}
        said = await approvals.weigh(tx, at, leave, detail, {"": 1}, newest)
        await audit_log.record(tx, at, operator, "rule_publish", f"rule:{version}", said)
    return PublishedRule(version, terms, note, operator, at, 0)


async def prepared(connection: db.Connection, terms: RuleTerms) -> RuleTerms:
    """Return the terms as they are published: a named category is replaced by itself and all categories now below it.

    Raises RuleInvalid for a product or a category that does not exist.
    """
    scope = terms.scope
    named = scope.products if scope.products is not None else scope.categories
    if named is None:
        return terms
    rows = await connection.fetch(_PRODUCTS if scope.products is not None else SUBTREES, list(named))
    found = tuple(row["id"] for row in rows)
    for one in named:
        if one not in found:
            raise RuleInvalid(field="scope", problem=f"没有编号为 {one} 的{'商品' if scope.products else '分类'}")
    return terms if scope.products else msgspec.structs.replace(terms, scope=Scope(categories=found))


_PRODUCTS = "SELECT id FROM products WHERE id = ANY ($1)"
SUBTREES = """
WITH RECURSIVE tree AS (SELECT id FROM categories WHERE id = ANY ($1)
  UNION SELECT c.id FROM categories c JOIN tree t ON c.parent_id = t.id) SELECT id FROM tree ORDER BY id
"""
"""The ids of the named categories and of all categories below them."""


async def scope_names(scope: Scope) -> list[str]:
    """Return the names in a scope, in the shop's order. A category is left out if its parent is named, too."""
    if scope.products is not None:
        rows = await db.fetch("SELECT title AS name FROM products WHERE id = ANY ($1) ORDER BY id", [*scope.products])
    elif scope.categories is not None:
        rows = await db.fetch(
            "SELECT name FROM categories WHERE id = ANY ($1) AND (parent_id IS NULL OR parent_id <> ALL ($1))"
            " ORDER BY position, id",
            [*scope.categories],
        )
    else:
        rows = []
    return [row["name"] for row in rows]
