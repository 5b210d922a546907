"""How much is to be made, and the SQL that makes it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from string import Template

_SQL = Path(__file__).parent / "sql"
_DAYS = 365


@dataclass(frozen=True, slots=True)
class Plan:
    """Members and orders, at least one of each; the same `number` makes the same shop."""

    members: int
    orders: int
    number: int = 1
    star_bp: int = 340
    """Share of the members with a referrer who were brought by member 1; their orders make a long statement."""

    def began(self, now: datetime) -> datetime:
        """When the year began that ends an hour before `now`."""
        return now - timedelta(days=_DAYS, hours=1)

    def values(self, now: datetime) -> dict[str, object]:
        """What stands for itself in the files of SQL."""
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
    """One file of SQL, run once, or for slices of the numbers 1 … `of` as `first` and `last`."""

    title: str
    file: str
    of: str | None = None
    """`members` or `orders`."""

    def text(self, values: dict[str, object]) -> str:
        """The statements."""
        return Template((_SQL / f"{self.file}.sql").read_text("utf-8")).substitute(values)
