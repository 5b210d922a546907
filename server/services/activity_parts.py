"""What the kinds of activities share when they are applied from a file."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server import db


@dataclass(frozen=True, slots=True)
class Part:
    """One kind's part of a file, read and judged."""

    named: int
    new: int
    changes: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]
    """By subject (`group_buy:slug`) what changes: before and after."""
    write: Callable[[db.Connection, datetime], Awaitable[None]]
