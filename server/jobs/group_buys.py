"""Teams whose window is over, and refunds when they fail."""

from typing import Any

from server.gateways.ports import Deps
from server.services.orders import team_refunds, teams


async def refund_team_order(deps: Deps, args: dict[str, Any]) -> None:
    """`{order_no}`: refund a paid order of a failed team."""
    await team_refunds.give_back(deps, args["order_no"])


async def close_teams(deps: Deps) -> None:
    """Tick: decide teams whose window is over."""
    while await teams.close_due(deps) == teams.BATCH:
        continue
