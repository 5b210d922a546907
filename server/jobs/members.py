"""What follows when a member is blocked, and how members grow."""

from typing import Any

from server.gateways.ports import Deps
from server.services.growth import progress
from server.services.rebates import blocking


async def end_sessions(deps: Deps, args: dict[str, Any]) -> None:
    """See `services.rebates.blocking.end_sessions`."""
    await blocking.end_sessions(deps, args["member_id"])


async def grow(deps: Deps, args: dict[str, Any]) -> None:
    """`{order_id}`: add the growth of a completed order."""
    await progress.grow(deps, args["order_id"])


async def judge_levels(deps: Deps, args: dict[str, Any]) -> None:
    """`{after}`: judge members with ids above `after`, because the levels were changed."""
    await progress.judge_all(deps, args["after"])


async def judge_due(deps: Deps) -> None:
    """Tick: judge members who kept their level for a year."""
    while await progress.judge_due(deps) == progress.BATCH:
        continue
