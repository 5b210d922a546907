"""How much to make, and the SQL that makes it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from string import Template

_SQL = Path(__file__).parent / "sql"
_DAYS = 365


@dataclass(frozen=True, slots=True)
class Plan:
    """How many members and orders to make, at least one of each; the same `number` makes the same shop."""

    members: int
    orders: int
    number: int = 1
    star_bp: int = 340
    """The share of members with a referrer whom member 1 has referred; their orders make a long statement."""

    def began(self, now: datetime) -> datetime:
        """Return when the year began; it ends an hour before `now`."""
        return now - timedelta(days=_DAYS, hours=1)

    def values(self, now: datetime) -> dict[str, object]:
        """Return the values of the placeholders in the SQL files."""
        return {
            "members": self.members,
            "orders": self.orders,
            "pending": min(self.orders, max(3, self.orders // 20_000)),
            "products": max(10, self.orders // 400),
            "seed": self.number,
            "star_bp": self.star_bp,
            "span_s": _DAYS * 86_400,
            "start": f"'{self.began(now).isoformat()}'::timestamptz",
            "now": f"'{now.isoformat()}'::timestamptz",
        }


@dataclass(frozen=True, slots=True)
class Step:
    """One SQL file, run once, or once per slice `first` to `last` of the numbers 1 to `of`."""

    title: str
    file: str
    of: str | None = None
    """`members` or `orders`."""

    def text(self, values: dict[str, object]) -> str:
        """Return the statements."""
        return Template((_SQL / f"{self.file}.sql").read_text("utf-8")).substitute(values)
