"""Sales counts for the lists, and removal of unused pictures."""

from server.gateways.ports import Deps
from server.services.catalogue import product_pictures, products


async def count_sales(_deps: Deps) -> None:
    """Tick: count how many pieces of each product were sold."""
    await products.count_sales()


async def forget_pictures(deps: Deps) -> None:
    """Tick: delete the pictures of goods that were removed."""
    await product_pictures.forget(deps)
