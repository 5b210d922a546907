"""分润: what a referrer's friends had paid in a month when a commission was decided, told again from the orders later.

An order or a refund counts from when it happened (`at`), but a decision can only have seen it once it was committed.
When exactly that was is not stored: only when it became known, by the clock of its transaction. So what became known
shortly before or after a decision may have been seen or not, and the sum has a least and a most. Pure functions on
plain values; amounts are integer fen.
"""

from datetime import datetime, timedelta
from heapq import heappop, heappush

AT_MOST = timedelta(minutes=1)
"""The longest time from a transaction's clock to its commit, different clocks included."""


class MonthSum:
    """The sum of one referrer and month. Changes and questions come in the order in which they happened.

    Only what became known lately is kept one by one; so the memory does not grow with the month.
    """

    def __init__(self) -> None:
        """Begin with an empty month."""
        self._sure_fen = 0
        self._less_fen = self._more_fen = 0
        """What may have been seen at any time."""
        self._late: list[tuple[datetime, int]] = []

    def add(self, at: datetime, amount_fen: int, known_at: datetime | None) -> None:
        """Add what happened at `at`: an order, or a refund as a negative amount.

        `known_at` is None where it may have become known to the referrer's month at any time.
        """
        self._forget(at)
        if known_at is None:
            self._less_fen += min(0, amount_fen)
            self._more_fen += max(0, amount_fen)
        else:
            heappush(self._late, (known_at, amount_fen))

    def bounds(self, at: datetime, decided_at: datetime) -> tuple[int, int]:
        """Return the least and the most that a decision about an order paid at `at` can have seen."""
        self._forget(at)
        least_fen, most_fen = self._sure_fen + self._less_fen, self._sure_fen + self._more_fen
        for known_at, amount_fen in self._late:
            if known_at <= decided_at + AT_MOST:
                sure = known_at + AT_MOST <= decided_at
                least_fen += amount_fen if sure else min(0, amount_fen)
                most_fen += amount_fen if sure else max(0, amount_fen)
        return least_fen, most_fen

    def _forget(self, at: datetime) -> None:
        """Sum up what was surely known when `at` came: every order is decided after its payment."""
        while self._late and self._late[0][0] + AT_MOST <= at:
            self._sure_fen += heappop(self._late)[1]
