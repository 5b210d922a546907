"""Commission on paid orders."""

from typing import Any

from server.gateways.ports import Deps
from server.services.commissions import earnings


async def decide_commission(deps: Deps, args: dict[str, Any]) -> None:
    """`{order_id}`: decide the commission of a paid order with referrers."""
    await earnings.decide(deps, args["order_id"])


async def release_due(deps: Deps) -> None:
    """Tick: release frozen commission that is due."""
    await earnings.release_due(deps)
