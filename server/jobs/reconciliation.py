"""Yesterday's bills against our books, every morning; and those of days that were missed."""

from server.gateways.ports import Deps
from server.services.desk import reconciliation
from server.services.reconciliation import runs as reconciliation_runs

_TRY_AGAIN_S = 1800
"""As WeChat asks where a bill is still being made. Nobody else takes the day meanwhile."""


async def reconcile_asked(deps: Deps) -> None:
    """Tick: days that operators asked for. Raises Busy."""
    while await reconciliation.make_next(deps):
        continue


async def reconcile_missed(deps: Deps) -> None:
    """Tick: one day that is due, so that many days catch up one after the other. Raises BillNotReady, Busy."""
    for day in await reconciliation_runs.missed(deps.clock.now()):
        if await deps.redis.set(f"reconcile:{day}", 1, nx=True, ex=_TRY_AGAIN_S):
            await reconciliation_runs.run(deps, day, "system")
            return
