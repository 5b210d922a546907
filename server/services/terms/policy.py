"""The shop's policy, which operators change."""

from dataclasses import dataclass

import msgspec

from server import db
from server.core.advisory import Advisory
from server.core.errors import FormInvalid, StateConflict
from server.gateways.ports import Deps
from server.rules.shop import ALONE, ShopPolicy
from server.services.common import approvals, audit_log, locks
from server.services.common.approvals import Leave
from server.services.terms.fresh import Fresh
from server.services.terms.rule_versions import VERSIONS


@dataclass(frozen=True, slots=True)
class Stored:
    """The policy as stored. `version` differs from that of every other policy."""

    policy: ShopPolicy
    version: str


async def stored() -> Stored:
    """Read the policy from the database. Raises Busy."""
    async with db.connection() as connection:
        return await read(connection)


async def _policy() -> ShopPolicy:
    return (await stored()).policy


FRESH = Fresh(_policy)
current = FRESH.current
"""Return the policy in force."""


async def read(connection: db.Connection) -> Stored:
    """Read the policy on a connection that the caller holds."""
    row = await connection.fetchrow("SELECT terms, updated_at FROM shop_policy WHERE id = 1")
    if row is None:
        return Stored(ShopPolicy(), "")
    return Stored(msgspec.json.decode(row["terms"], type=ShopPolicy), row["updated_at"].isoformat())


async def change(
    deps: Deps, wanted: ShopPolicy, version: str, reason: str, operator: str, leave: Leave | None = None
) -> list[str]:
    """Put a policy into force; return the names of the fields that changed.

    Raises StateConflict (somebody changed the policy since `version` was read), FormInvalid (the rebate rule would
    release money within the refund period), AboveLimit, Busy.
    """
    at = deps.clock.now()
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.SHOP_POLICY)
        held = await read(tx)
        if held.version != version:
            raise StateConflict(status="changed", problem="设置已被别人修改，请刷新页面后再改")
        before, after = msgspec.to_builtins(held.policy), msgspec.to_builtins(wanted)
        changed = [name for name in after if after[name] != before[name]]
        if not changed:
            return []
        if wanted.refund_days > held.policy.refund_days:
            await _refuse_early_release(tx, wanted.refund_days)
        await tx.execute(
            "INSERT INTO shop_policy (id, terms, updated_at) VALUES (1, $1::jsonb, $2)"
            " ON CONFLICT (id) DO UPDATE SET terms = EXCLUDED.terms, updated_at = EXCLUDED.updated_at",
            msgspec.json.encode(wanted).decode(),
            at,
        )
        detail = {
            "before": {name: before[name] for name in changed},
            "after": {name: after[name] for name in changed},
            "reason": reason,
        }
        said = await approvals.weigh(tx, at, leave, detail, {"": len(set(changed) - ALONE)})
        await audit_log.record(tx, at, operator, "settings.change", "shop", said)
    FRESH.forget()
    return changed


_COMMISSION_DAYS = """
SELECT (terms ->> 'observe_days')::int FROM (SELECT terms FROM commission_versions ORDER BY version DESC LIMIT 1) newest
  WHERE jsonb_array_length(terms -> 'policies') > 0
"""


async def _refuse_early_release(tx: db.Connection, refund_days: int) -> None:
    """Refuse a refund period in which the rule or the commission policies in force would release money.

    The rule may have a waiver for it. The locks of publishing are taken, so that no other version comes between.
    Raises FormInvalid.
    """
    await locks.alone(tx, Advisory.COMMISSION_POLICIES)
    days = await tx.fetchval(_COMMISSION_DAYS)
    if days is not None and days < refund_days:
        problem = f"佣金的收货后观察期只有 {days} 天。请先发布观察期不短于 {refund_days} 天的分润策略"
        raise FormInvalid(problems=[{"field": "refund_days", "label": "", "problem": problem}])
    await locks.alone(tx, Advisory.REBATE_RULES)
    rule = await VERSIONS.newest_on(tx)
    if rule is None or rule.terms.observe_days >= refund_days or rule.terms.waivers.early_release is not None:
        return
    problem = (
        f"返一规则第 {rule.version} 版的收货后观察期只有 {rule.terms.observe_days} 天。"
        f"请先发布观察期不短于 {refund_days} 天的规则，或在规则的 waivers.early_release 写明理由"
    )
    raise FormInvalid(problems=[{"field": "refund_days", "label": "", "problem": problem}])
