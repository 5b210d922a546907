"""What happens to orders by themselves."""

from typing import Any

from server.gateways.ports import Deps
from server.services.checkout import closing
from server.services.orders import fulfilment


async def deliver_cards(deps: Deps, args: dict[str, Any]) -> None:
    """`{order_id}`: hand out the card keys of a paid order."""
    await fulfilment.deliver_cards(deps, args["order_id"])


async def upload_shipping(deps: Deps, args: dict[str, Any]) -> None:
    """`{order_id}`: tell WeChat how it went out."""
    await fulfilment.upload_shipping(deps, args["order_id"])


async def close_expired(deps: Deps) -> None:
    """Tick: unpaid orders whose time is up."""
    while await closing.close_expired(deps) == closing.BATCH:
        continue


async def receive_overdue(deps: Deps) -> None:
    """Tick: orders shipped long ago."""
    while await fulfilment.receive_overdue(deps) == fulfilment.BATCH:
        continue


async def complete_overdue(deps: Deps) -> None:
    """Tick: orders whose refund window is over."""
    while await fulfilment.complete_overdue(deps) == fulfilment.BATCH:
        continue
