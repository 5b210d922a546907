"""Compare yesterday's bills with our books every morning, and bills of days that were missed."""

from server.gateways.ports import Deps
from server.services.desk import reconciliation
from server.services.reconciliation import runs as reconciliation_runs

_TRY_AGAIN_S = 1800
"""The pause that WeChat asks for while it is making a bill. No other worker takes the day during this time."""


async def reconcile_asked(deps: Deps) -> None:
    """Tick: reconcile the days that operators asked for. Raises Busy."""
    while await reconciliation.make_next(deps):
        continue


async def reconcile_missed(deps: Deps) -> None:
    """Tick: reconcile one day that is due, so that many missed days are done one by one. Raises BillNotReady, Busy."""
    for day in await reconciliation_runs.missed(deps.clock.now()):
        if await deps.redis.set(f"reconcile:{day}", 1, nx=True, ex=_TRY_AGAIN_S):
            await reconciliation_runs.run(deps, day, "system")
            return
