"""What lists show of the past, and pictures that nobody shows any more."""

from server.gateways.ports import Deps
from server.services.catalogue import product_pictures, products


async def count_sales(_deps: Deps) -> None:
    """Tick: how many pieces of each product were sold."""
    await products.count_sales()


async def forget_pictures(deps: Deps) -> None:
    """Tick: pictures of goods that were taken off."""
    await product_pictures.forget(deps)
