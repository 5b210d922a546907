"""Makes the whole year in one transaction, so that a database never holds a part of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import msgspec

from server import db
from server.core.errors import NotEmpty
from server.db import Connection
from server.gateways.ports import Deps
from server.ledger import bulk
from server.ledger.bulk import Books
from server.rules.commissions import CommissionTerms, Ratio
from server.rules.rebates import RuleTerms, complete
from server.seed.scale import people
from server.seed.scale.plan import Plan, Step
from server.services.common import audit_log
from server.services.reconciliation.matching import Matched

Tell = Callable[[str, int, int], None]
"""Reports progress: the name of what is being made, how much is done, and how much there is."""

_ACTOR = "cli"
_TIMEOUT_S = 3600
_SLICE = 100_000
_RULE = complete(RuleTerms(payout_cap_bp=5000, budget_fen=10**12))
_POLICIES = CommissionTerms(policies=(Ratio(ratio_bp=500),))
"""The commission that the SQL assumes, as it assumes the rule above."""
_LOGGED = 4_000

_SETTINGS = """
SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'; SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL work_mem = '192MB'; SET LOCAL maintenance_work_mem = '256MB'
"""
_BEFORE = (
    Step("商品 goods", "goods"),
    Step("会员 members", "people", "members"),
)
_TRADE = (
    Step("上下级 chains", "chains"),
    Step("订单经过 lives", "lives", "orders"),
    Step("订单 orders", "survey"),
    Step("订单 orders", "orders", "orders"),
    Step("佣金 commissions", "commissions", "orders"),
    Step("返一 cycles", "cycles"),
    Step("付款 payments", "payments", "orders"),
    Step("退款 refunds", "refunds"),
    Step("库存 stock", "stock"),
    Step("提现 withdrawals", "withdrawals"),
    Step("买家 buyers", "buyers"),
    Step("会员 members", "members", "members"),
    Step("分录 entries", "entries_of_orders", "orders"),
    Step("分录 entries", "entries_of_others"),
    Step("后台 house", "house"),
)
_TABLES = (
    *("members", "bindings", "shares", "touches", "addresses", "orders", "order_lines", "payments", "payment_notices"),
    *("refunds", "refund_lines", "coupons", "commissions", "qualifications", "rebates", "rebate_stages"),
    *("withdrawals", "ledger_entries", "ledger_lines", "ledger_accounts"),
)
_INDEXES = """
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS made FROM pg_index i
 WHERE i.indrelid = ANY ($1::regclass[]) AND NOT i.indisprimary
   AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
   AND pg_get_indexdef(i.indexrelid) NOT LIKE '% ANY (%' ORDER BY i.indexrelid
"""
"""All indexes except those of constraints, and small ones on lists of states, whose definition reads back changed."""
_FOREIGN_KEYS = """
SELECT conrelid::regclass::text AS of, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS made
 FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY ($1::regclass[]) ORDER BY conname
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """What was made."""

    members: int
    orders: int
    books: Books


async def refuse_unless_empty() -> None:
    """Refuse a shop that has a member, an order or a ledger entry. Raises NotEmpty, Busy."""
    async with db.connection() as reader:
        await _refuse_unless_empty(reader)


async def _refuse_unless_empty(connection: Connection) -> None:
    for table in ("members", "orders", "ledger_entries"):
        if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):  # noqa: S608 - the names are our own
            raise NotEmpty(table=table)


async def publish_terms(deps: Deps, plan: Plan) -> None:
    """Publish the year's rule and commission, before `plant` adds its rule, whose budget is too small for the year.

    Safe to repeat.
    """
    async with db.transaction() as tx:
        await _published(tx, plan.began(deps.clock.now()))


async def fill(deps: Deps, plan: Plan, tell: Tell) -> Filled:
    """Make the year, in a shop that has goods but no members. Raises NotEmpty, Busy."""
    at = deps.clock.now()
    async with db.transaction() as tx:
        await tx.execute(_SETTINGS)
        await tx.execute("LOCK TABLE members, orders IN SHARE ROW EXCLUSIVE MODE")
        await _refuse_unless_empty(tx)
        rule, policies = await _published(tx, plan.began(at))
        values = plan.values(at) | {"rule": rule, "policies": policies}
        values["sums"] = f"'{msgspec.json.encode(Matched().totals()).decode()}'::jsonb"
        await tx.execute(Step("", "tools").text(values))
        async with _without_indexes(tx, tell):
            books = await _make(tx, deps, plan, values, tell)
        await _log(tx, at, plan)
    await _vacuum(tell)
    return Filled(plan.members, plan.orders, books)


async def _make(tx: Connection, deps: Deps, plan: Plan, values: dict[str, object], tell: Tell) -> Books:
    for step in _BEFORE:
        await _run(tx, step, plan, values, tell)
    for first in range(1, plan.members + 1, _SLICE):
        last = min(first + _SLICE - 1, plan.members)
        await people.copy(tx, deps.cipher, first, last)
        tell("电话和地址 phones and addresses", last, plan.members)
    values["skus"] = await tx.fetchval("SELECT count(*) FROM scale_goods")
    await tx.execute(bulk.TABLE)
    for step in _TRADE:
        await _run(tx, step, plan, values, tell)
    return await bulk.load(tx, lambda done, of: tell("账本 books", done, of))


async def _run(tx: Connection, step: Step, plan: Plan, values: dict[str, object], tell: Tell) -> None:
    count = {None: 1, "members": plan.members, "orders": plan.orders}[step.of]
    for first in range(1, count + 1, _SLICE):
        last = min(first + _SLICE - 1, count)
        await tx.execute(step.text(values | {"first": first, "last": last}), timeout=_TIMEOUT_S)
        tell(step.title, last, count)


@asynccontextmanager
async def _without_indexes(tx: Connection, tell: Tell) -> AsyncIterator[None]:
    """Drop indexes and foreign keys during the block: rows are inserted faster without these checks.

    At the end all are created and checked again; if that fails, the transaction's rollback restores them.
    """
    indexes, keys = await tx.fetch(_INDEXES, list(_TABLES)), await tx.fetch(_FOREIGN_KEYS, list(_TABLES))
    for key in keys:
        await tx.execute(f"ALTER TABLE {key['of']} DROP CONSTRAINT {key['name']}")
    for index in indexes:
        await tx.execute(f"DROP INDEX {index['name']}")
    yield
    again = [index["made"] for index in indexes]
    again += [f"ALTER TABLE {key['of']} ADD CONSTRAINT {key['name']} {key['made']}" for key in keys]
    for done, statement in enumerate(again, start=1):
        await tx.execute(statement, timeout=_TIMEOUT_S)
        tell("索引 indexes", done, len(again))


async def _published(tx: Connection, began: datetime) -> tuple[int, int]:
    """Return the versions of rule and commission that the year uses; publish them if they are not in force."""
    versions = []
    for table, terms in (("rule_versions", _RULE), ("commission_versions", _POLICIES)):
        text = msgspec.json.encode(terms).decode()
        newest = await tx.fetchrow(
            f"SELECT version, terms = $1::jsonb AS ours FROM {table} ORDER BY version DESC LIMIT 1",  # noqa: S608 - ours
            text,
        )
        version = newest["version"] if newest else 0
        if newest is None or not newest["ours"]:
            version += 1
            budget = ", budget_used_fen" if table == "rule_versions" else ""
            await tx.execute(
                f"INSERT INTO {table} (version, terms, note, operator, published_at{budget})"  # noqa: S608 - our own names
                f" VALUES ($1, $2::jsonb, '规模演示', $3, $4{', 0' if budget else ''})",
                version,
                text,
                _ACTOR,
                began,
            )
        versions.append(version)
    return versions[0], versions[1]


async def _log(tx: Connection, at: datetime, plan: Plan) -> None:
    """Write the operators' log with its hash chain: the newest shipped orders and decided refunds."""
    acts = await tx.fetch(
        "SELECT at, action, subject FROM ("
        "  (SELECT shipped_at AS at, 'order_ship' AS action, 'order:' || order_no AS subject FROM orders"
        "    WHERE shipped_at IS NOT NULL ORDER BY id DESC LIMIT $1)"
        "  UNION ALL (SELECT decided_at, 'refund_' || CASE state WHEN 'rejected' THEN 'reject' ELSE 'approve' END,"
        "    'refund:' || refund_no FROM refunds WHERE decided_by = 'cli' ORDER BY id DESC LIMIT $1)) acts"
        " ORDER BY at, subject",
        _LOGGED,
    )
    for act in acts:
        await audit_log.record(tx, act["at"], _ACTOR, act["action"], act["subject"], {"note": "规模演示"})
    detail = {"members": plan.members, "orders": plan.orders, "number": plan.number}
    await audit_log.record(tx, at, _ACTOR, "seed.scale", "shop", detail)


_VACUUMED = ("outbox", "audit_log", "skus", "products", *_TABLES)


async def _vacuum(tell: Tell) -> None:
    """Do what autovacuum would do later: update statistics, and mark pages so that index-only scans work."""
    async with db.connection() as connection:
        await connection.execute("SET statement_timeout = 0")
        for done, table in enumerate(_VACUUMED, start=1):
            await connection.execute(f"VACUUM (ANALYZE) {table}", timeout=_TIMEOUT_S)
            tell("整理 vacuum", done, len(_VACUUMED))
        await connection.execute("RESET statement_timeout")
