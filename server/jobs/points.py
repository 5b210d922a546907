"""Points by the clock."""

from server.gateways.ports import Deps
from server.services import points


async def release_due(deps: Deps) -> None:
    """Tick: frozen points whose time has come."""
    await points.release_due(deps)


async def expire_due(deps: Deps) -> None:
    """Tick: points whose end came, and members whose points end soon."""
    while await points.expire_due(deps):
        continue
    while await points.tell_expiring(deps):
        continue
