"""Points by the clock."""

from server.gateways.ports import Deps
from server.services.points import movements as point_movements


async def release_due(deps: Deps) -> None:
    """Tick: frozen points whose time has come."""
    await point_movements.release_due(deps)


async def expire_due(deps: Deps) -> None:
    """Tick: points whose end came, and members whose points end soon."""
    while await point_movements.expire_due(deps):
        continue
    while await point_movements.tell_expiring(deps):
        continue
