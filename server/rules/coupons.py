"""What a coupon is to its member at a moment: the stored state and time give the shown one."""

from datetime import datetime
from typing import Literal

Shown = Literal["unused", "locked", "used", "expired", "void"]

LABELS: dict[Shown, str] = {
    "unused": "可使用",
    "locked": "待付款占用",
    "used": "已使用",
    "expired": "已过期",
    "void": "已失效",
}


def shown(state: str, expires_at: datetime, at: datetime) -> Shown:
    """An unused coupon whose time is over is expired. `state` is one of the stored states."""
    if state == "unused":
        return "unused" if at < expires_at else "expired"
    return "locked" if state == "locked" else "used" if state == "used" else "void"
