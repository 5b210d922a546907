"""Flash sales by time: gates are ready before a session starts, and unsold pieces return to stock when it ends."""

from server.gateways.ports import Deps
from server.services.promotions import flash_gate, flash_sales


async def settle_over(deps: Deps) -> None:
    """Tick: return the free pieces of sessions that are over."""
    await flash_sales.settle_over(deps)


async def warm_gates(deps: Deps) -> None:
    """Tick: prepare the gates of sessions that start soon."""
    await flash_gate.warm(deps)
