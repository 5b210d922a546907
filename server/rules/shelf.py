"""Whether goods are on the shelf: by the operator's switch and the times that were set."""

from datetime import datetime
from typing import Literal

Shelf = Literal["on", "off", "coming", "over"]


def shelf(at: datetime, *, on_sale: bool, on_from: datetime | None, off_from: datetime | None) -> Shelf:
    """Return the state of the goods; only `on` can be bought. Must agree with the SQL function `on_shelf`."""
    if not on_sale:
        return "off"
    if off_from is not None and at >= off_from:
        return "over"
    return "coming" if on_from is not None and at < on_from else "on"
