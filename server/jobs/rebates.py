"""Cycles, releases, and coupons that are taken back."""

from typing import Any

from server.gateways.ports import Deps
from server.services.common import batches
from server.services.rebates import coupon_returns, cycles, releases


async def close_cycle(deps: Deps, args: dict[str, Any]) -> None:
    """`{member_id}`: close what can be closed for a referrer."""
    await cycles.close_cycle(deps, args["member_id"])


async def schedule_release(deps: Deps, args: dict[str, Any]) -> None:
    """`{rebate_id}`: an order it depends on was received."""
    await releases.schedule_release(deps, args["rebate_id"])


async def take_back_coupon(deps: Deps, args: dict[str, Any]) -> None:
    """`{rebate_id, stage_id}`: the coupon of a reversed stage."""
    await coupon_returns.take_back_coupon(deps, args["rebate_id"], args["stage_id"])


async def take_back_bought_coupon(deps: Deps, args: dict[str, Any]) -> None:
    """`{source, order_no}`: a coupon of a refunded order that an unpaid order held."""
    await coupon_returns.take_back_bought_coupon(deps, args["source"], args["order_no"])


async def wake_cycles(deps: Deps, _args: dict[str, Any]) -> None:
    """Budget came back: cycles of any member may have waited for it."""
    await cycles.sweep(deps)


async def release_due(deps: Deps) -> None:
    """Tick: frozen money whose time has come."""
    while await releases.release_due(deps) == batches.SIZE:
        continue


async def sweep_cycles(deps: Deps) -> None:
    """Tick: once per hour of the mall's clock, cycles that no event woke: a new month, a choice overdue."""
    hour = int(deps.clock.now().timestamp()) // 3600
    swept = await deps.redis.set("cycles:swept", hour, get=True)
    if swept != str(hour).encode():
        await cycles.sweep(deps)
