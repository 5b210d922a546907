"""A shop whose operators' limits apply, with several operators."""

import msgspec

from server import db
from server.rules.approvals import ActivityChange, Asked, CouponPublish, PointsGrant, PriceChange
from server.rules.operators import Role
from server.services.common.approvals import Awaiting
from server.services.desk import approvals
from server.services.desk.approvals import Asker
from server.services.operators import accounts as operator_accounts
from tests.support.mall import Mall

ADA = Asker("ada", Role.OWNER)
BEA = Asker("bea", Role.OWNER)
CAT = Asker("cat", Role.OWNER)
FIN = Asker("fin", Role.FINANCE)
OPS = Asker("ops", Role.OPERATIONS)
PIA = Asker("pia", Role.OPERATIONS)
SAM = Asker("sam", Role.SERVICE)
CLI = Asker("cli", "cli")


async def employ(mall: Mall, *askers: Asker) -> None:
    """Create these operators; from now on limits apply, as in production."""
    mall.swap(operator_limits=True)
    for asker in askers:
        await operator_accounts.create(mall.deps, asker.name, Role(asker.role), "cli", must_change=False)


async def waits(mall: Mall, asker: Asker, act: Asked) -> int:
    """Submit an act that must wait; return its approval."""
    try:
        await approvals.submit(mall.deps, asker, act)
    except Awaiting as waiting:
        return waiting.approval_id
    raise AssertionError(f"{act} did not wait")


async def state(approval_id: int) -> str:
    """Return the state of an approval."""
    return str(await db.fetch_value("SELECT state FROM approvals WHERE id = $1", approval_id))


def points(member_id: int, amount: int, once: str = "key-1", reason: str = "补偿") -> PointsGrant:
    """Return an act that gives points."""
    return PointsGrant(member_id=member_id, points=amount, once=once, reason=reason)


def prices(*products: dict[str, object], reason: str = "促销") -> PriceChange:
    """Return an act that applies these products."""
    return PriceChange(document=msgspec.json.encode({"products": products}).decode(), reason=reason)


def activity(reason: str = "促销", **lists: list[dict[str, object]]) -> ActivityChange:
    """Return an act that applies these activities."""
    return ActivityChange(document=msgspec.json.encode(lists).decode(), reason=reason)


def coupon(*templates: dict[str, object], reason: str = "促销") -> CouponPublish:
    """Return an act that applies these coupon templates."""
    return CouponPublish(document=msgspec.json.encode({"templates": templates}).decode(), reason=reason)
