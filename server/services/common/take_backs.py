"""The order in which given money is taken back: frozen money of the same source, then spend-only, then withdrawable."""

from server import db
from server.ledger import statement
from server.ledger.entries import Taken
from server.rules.take_backs import take_back


async def parts(tx: db.Connection, member_id: int, source: str, amount_fen: int, *, debt: bool) -> tuple[Taken, int]:
    """Step, under the member's lock: split `amount_fen` of `source` over the accounts that pay it back.

    Return the split and the fen still short. With `debt` the member owes what is missing, and 0 is short.
    """
    wallet = await statement.wallet(tx, member_id)
    frozen_fen = wallet.frozen_fen.get(source, 0)
    found = take_back(amount_fen, frozen_fen, wallet.spend_only_fen, wallet.withdrawable_fen)
    owed = found.short_fen if debt else 0
    return Taken(found.frozen_fen, found.spend_only_fen, found.withdrawable_fen, owed), found.short_fen - owed
