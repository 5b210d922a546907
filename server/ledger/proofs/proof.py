"""One proof of the audit: an SQL query."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """One named check; `title` is what an operator reads.

    The query gives one row per thing that was checked: its ids and figures, and `wrong`. `$1` is the time of the audit.
    It reads whole tables by hash joins, never row by row, so that it stays fast on large shops.
    """

    name: str
    title: str
    sql: str


GRANTED = "('approved', 'processing', 'abnormal', 'succeeded')"
"""States of a refund that is decided in the member's favour."""
