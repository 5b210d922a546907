"""A shop whose operators' limits apply, with several operators."""

from server import db
from server.rules.approvals import Asked, PointsGrant
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
