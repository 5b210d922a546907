"""One proof of the audit: an SQL query."""

from dataclasses import dataclass

from server.ledger.proofs.scope import Scope


@dataclass(frozen=True, slots=True)
class Proof:
    """One named check; operators read `title`.

    The query returns one row per checked thing: its ids and figures, and `wrong`. `$1` is the time of the audit, `$2`
    the moment by which everything due had time enough to be done (see rules/running.py). The query must read whole
    tables with hash joins, never row by row, so that it stays fast on large shops.
    """

    name: str
    title: str
    sql: str
    scope: Scope = Scope.SHOP
    """What the quick audit, which proves some members only, needs of the tables."""


GRANTED = "('approved', 'processing', 'abnormal', 'succeeded')"
"""The states of a refund that was granted to the member."""
