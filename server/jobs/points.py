"""Points by time."""

from server.gateways.ports import Deps
from server.services.points import movements as point_movements


async def release_due(deps: Deps) -> None:
    """Tick: release frozen points that are due."""
    await point_movements.release_due(deps)


async def expire_due(deps: Deps) -> None:
    """Tick: expire points that are due, and warn members whose points expire soon."""
    while await point_movements.expire_due(deps):
        continue
    while await point_movements.tell_expiring(deps):
        continue
