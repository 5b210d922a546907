"""What frozen rebate money, commission or points wait for, as their member is told; never which friend or order."""

from datetime import datetime
from typing import Literal

WaitsFor = Literal["receipt", "refund", "blocked"]

LABELS: dict[WaitsFor, str] = {
    "receipt": "等待相关订单全部收货",
    "refund": "相关订单有退款在处理中，有结果后继续",
    "blocked": "账号被限制期间暂不到账",
}


def waits_for(*, frozen: bool, release_at: datetime | None, refund: bool, blocked: bool) -> WaitsFor | None:
    """Return what frozen money waits for beside the time of its release; None when only time must pass."""
    if not frozen:
        return None
    if blocked:
        return "blocked"
    if refund:
        return "refund"
    return "receipt" if release_at is None else None
