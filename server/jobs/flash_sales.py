"""Flash sales by the clock: their gates are ready before they start, and what is left goes back when they end."""

from server.gateways.ports import Deps
from server.services.promotions import flash_gate, flash_sales


async def settle_over(deps: Deps) -> None:
    """Tick: sessions that are over give their free pieces back."""
    await flash_sales.settle_over(deps)


async def warm_gates(deps: Deps) -> None:
    """Tick: gates of sessions that begin soon."""
    await flash_gate.warm(deps)
