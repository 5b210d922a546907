"""What lists show of the past."""

from server.gateways.ports import Deps
from server.services import products


async def count_sales(_deps: Deps) -> None:
    """Tick: how many pieces of each product were sold."""
    await products.count_sales()
