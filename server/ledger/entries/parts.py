"""The parts of entries: lines, debts, wallets, and the order in which money is credited and taken back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from server.ledger.chart import CNY, DEBT, FROZEN, SPEND_ONLY, WITHDRAWABLE, Account


@dataclass(frozen=True, slots=True)
class Line:
    """One side of an entry: a positive amount is credit, a negative one is debit. `member_id` 0 is the shop."""

    member_id: int
    account: Account
    amount: int
    source: str = ""
    currency: str = CNY


@dataclass(frozen=True, slots=True)
class Entry:
    """A business event with its idempotency key."""

    key: str
    kind: str
    why: str
    link: str
    lines: tuple[Line, ...]
    reverses: str | None = None
    """The key of the entry that this entry corrects."""


@dataclass(frozen=True, slots=True)
class Debt:
    """What a member owes from one source, in fen or points."""

    source: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Wallet:
    """A member's money and points, read under the member's lock. `debts` are oldest first."""

    spend_only_fen: int
    withdrawable_fen: int
    frozen_fen: dict[str, int]
    debts: tuple[Debt, ...]
    points: int = 0
    frozen_points: Mapping[str, int] = field(default_factory=dict)
    point_debts: tuple[Debt, ...] = ()
    """Owed points; `Debt.amount_fen` counts points here."""

    @property
    def free_fen(self) -> int:
        """What can leave the wallet: the withdrawable balance less what is owed."""
        return max(0, self.withdrawable_fen - sum(debt.amount_fen for debt in self.debts))


def moved(*lines: Line | Iterable[Line]) -> tuple[Line, ...]:
    """Return the lines of an entry without those whose amount is zero."""
    flat = [line for part in lines for line in ([part] if isinstance(part, Line) else part)]
    return tuple(line for line in flat if line.amount)


def credit(
    member_id: int, parts: Sequence[tuple[Account, int]], debts: Sequence[Debt], currency: str = CNY
) -> list[Line]:
    """Return the lines that credit a member: they pay debts first, oldest first, and the rest goes to the accounts.

    The amounts of `parts` are fen, or points with `currency` POINT.
    """
    lines: list[Line] = []
    left = {debt.source: debt.amount_fen for debt in debts}
    for account, amount_fen in parts:
        rest = amount_fen
        for source, owed in left.items():
            paid = min(owed, rest)
            left[source] -= paid
            rest -= paid
            lines.append(Line(member_id, DEBT, paid, source, currency))
        lines.append(Line(member_id, account, rest, currency=currency))
    return _merged(lines)


def _merged(lines: Sequence[Line]) -> list[Line]:
    """Return one line per account: two credits that both pay the same debt are merged."""
    sums: dict[tuple[Account, str], Line] = {}
    for line in lines:
        key = line.account, line.source
        sums[key] = replace(line, amount=line.amount + sums[key].amount) if key in sums else line
    return [line for line in sums.values() if line.amount]


@dataclass(frozen=True, slots=True)
class Taken:
    """Which parts an amount is taken back from. `debt_fen` is what no account covered."""

    frozen_fen: int
    spend_only_fen: int
    withdrawable_fen: int
    debt_fen: int


def take_back(kind: str, key: str, source: str, member_id: int, why: str, taken: Taken, cost: Account) -> Entry:
    """Build the entry that takes back what a source gave: from frozen, spend-only, withdrawable, then as debt.

    The shop's `cost` account gets the total back.
    """
    total = taken.frozen_fen + taken.spend_only_fen + taken.withdrawable_fen + taken.debt_fen
    return Entry(
        key,
        kind,
        why,
        source,
        moved(
            Line(member_id, FROZEN, -taken.frozen_fen, source),
            Line(member_id, SPEND_ONLY, -taken.spend_only_fen),
            Line(member_id, WITHDRAWABLE, -taken.withdrawable_fen),
            Line(member_id, DEBT, -taken.debt_fen, source),
            Line(0, cost, total),
        ),
    )
