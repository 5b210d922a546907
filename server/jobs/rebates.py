"""Rebate cycles and releases."""

from typing import Any

from server.gateways.ports import Deps
from server.services.common import batches
from server.services.rebates import cycles, first_orders, releases


async def close_cycle(deps: Deps, args: dict[str, Any]) -> None:
    """`{member_id}`: close the cycles of a referrer that can be closed."""
    await cycles.close_cycle(deps, args["member_id"])


async def requalify(deps: Deps, args: dict[str, Any]) -> None:
    """`{member_id}`: look which order of a referee is the first that counts."""
    await first_orders.look_at(deps, args["member_id"])


async def decide_bindings(deps: Deps, args: dict[str, Any]) -> None:
    """`{member_id}`: decide the bindings that were asked for while a payment was open."""
    await first_orders.decide_bindings(deps, args["member_id"])


async def decide_due_bindings(deps: Deps) -> None:
    """Tick: decide the bindings whose payments have ended."""
    while await first_orders.decide_due_bindings(deps) == batches.SIZE:
        continue


async def schedule_release(deps: Deps, args: dict[str, Any]) -> None:
    """`{rebate_id}`: schedule the release, because an order that the rebate depends on was received."""
    await releases.schedule_release(deps, args["rebate_id"])


async def wake_cycles(deps: Deps, _args: dict[str, Any]) -> None:
    """Check the cycles of all members: budget was given back, and any cycle may have waited for it."""
    await cycles.sweep(deps)


async def release_due(deps: Deps) -> None:
    """Tick: release frozen money that is due."""
    while await releases.release_due(deps) == batches.SIZE:
        continue


async def sweep_cycles(deps: Deps) -> None:
    """Tick: once per hour of the mall's clock, check cycles that no event wakes (new month, overdue choice)."""
    hour = int(deps.clock.now().timestamp()) // 3600
    swept = await deps.redis.set("cycles:swept", hour, get=True)
    if swept != str(hour).encode():
        await cycles.sweep(deps)
