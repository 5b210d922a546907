"""Acts of operators that nobody has approved yet."""

from server.gateways.ports import Deps
from server.services.desk import approvals


async def follow_up(deps: Deps) -> None:
    """Tick: give up what nobody approved in time, and tell operators what has waited for a day."""
    await approvals.expire_due(deps)
    await approvals.warn(deps)
