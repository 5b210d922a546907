"""Regular maintenance of the ledger."""

from server import db
from server.ledger import book

_ROWS = 1000


async def roll_up() -> None:
    """Move what shop accounts received into their balances, one transaction per batch. Raises Busy."""
    moved = _ROWS
    while moved == _ROWS:
        async with db.transaction() as tx:
            moved = await book.roll_up(tx, _ROWS)
