"""Whether goods stand on the shelf: what an operator switched, and the times that were set for it."""

from datetime import datetime
from typing import Literal

Shelf = Literal["on", "off", "coming", "over"]


def shelf(at: datetime, *, on_sale: bool, on_from: datetime | None, off_from: datetime | None) -> Shelf:
    """`on` is what can be bought; the SQL function `on_shelf` says the same."""
    if not on_sale:
        return "off"
    if off_from is not None and at >= off_from:
        return "over"
    return "coming" if on_from is not None and at < on_from else "on"
