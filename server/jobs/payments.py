"""Payments and refunds without news from WeChat, and sending refunds."""

from typing import Any

from server.gateways.ports import Deps
from server.services.checkout import payment_checks
from server.services.orders import refund_deadlines, refund_transfers, returns


async def send_refund(deps: Deps, args: dict[str, Any]) -> None:
    """`{refund_id}`: ask WeChat to make a granted refund."""
    await refund_transfers.send(deps, args["refund_id"])


async def reconcile_pending(deps: Deps) -> None:
    """Tick: ask about payments that were opened and got no notice."""
    while await payment_checks.check_due(deps) == payment_checks.BATCH:
        continue


async def check_refunds(deps: Deps) -> None:
    """Tick: ask about refunds that got no notice."""
    while await refund_transfers.check_pending(deps) == refund_transfers.BATCH:
        continue


async def decide_refunds(deps: Deps) -> None:
    """Tick: remind of refunds that wait for an operator, and decide those whose time is over."""
    await refund_deadlines.warn(deps)
    while await refund_deadlines.decide_overdue(deps) == refund_deadlines.BATCH:
        continue


async def give_up_returns(deps: Deps) -> None:
    """Tick: refuse refunds whose goods were never sent back."""
    while await returns.give_up(deps) == returns.BATCH:
        continue
