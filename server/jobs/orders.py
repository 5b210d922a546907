"""What happens to orders automatically."""

from typing import Any

from server.gateways.ports import Deps
from server.services.checkout import closing
from server.services.orders import fulfilment, refund_waits, shipments


async def deliver_cards(deps: Deps, args: dict[str, Any]) -> None:
    """`{order_id}`: hand out the card keys of a paid order."""
    await fulfilment.deliver_cards(deps, args["order_id"])


async def upload_shipping(deps: Deps, args: dict[str, Any]) -> None:
    """`{order_id}`: report to WeChat how the order was shipped."""
    await shipments.upload(deps, args["order_id"])


async def grant_refund(deps: Deps, args: dict[str, Any]) -> None:
    """`{refund_id, restock}`: grant a refund that waited for an unpaid order."""
    await refund_waits.grant(deps, args["refund_id"], restock=args["restock"])


async def close_expired(deps: Deps) -> None:
    """Tick: close unpaid orders whose time is over."""
    while await closing.close_expired(deps) == closing.BATCH:
        continue


async def receive_overdue(deps: Deps) -> None:
    """Tick: mark orders that were shipped long ago as received."""
    while await fulfilment.receive_overdue(deps) == fulfilment.BATCH:
        continue


async def complete_overdue(deps: Deps) -> None:
    """Tick: complete orders whose refund window is over."""
    while await fulfilment.complete_overdue(deps) == fulfilment.BATCH:
        continue
