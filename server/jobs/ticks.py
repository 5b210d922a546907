"""Periodic work by real time. Each tick handles everything that is due in the database, however late it runs.

Normally a tick runs at most once per period across all workers. It may still run twice, so its body takes its own
locks.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from redis.exceptions import RedisError

from server import outbox
from server.core.errors import Refusal
from server.gateways.ports import Deps, OutcomeUnknown, WeChatError
from server.jobs import (
    approvals,
    catalogue,
    commissions,
    coupons,
    exports,
    flash_sales,
    group_buys,
    members,
    orders,
    payments,
    points,
    rebates,
    reconciliation,
    withdrawals,
)
from server.services.common import anchors, audits, bookkeeping, scheduler, security

log = logging.getLogger("tuisan.ticks")


@dataclass(frozen=True, slots=True)
class Tick:
    """Work to do every `every_s` real seconds, even when the mall's clock was moved."""

    name: str
    every_s: float
    run: Callable[[Deps], Awaitable[None]]


async def roll_up_ledger(_deps: Deps) -> None:
    """Add pending changes of shop accounts to the accounts' balances."""
    await bookkeeping.roll_up()


async def clean_outbox(deps: Deps) -> None:
    """Delete old done jobs and old idempotent answers."""
    await outbox.clean(deps.clock.now())


async def tell_anchor(deps: Deps) -> None:
    """Tell outside the database where the operators' log ends, and compare it with what was told before."""
    await anchors.tell(deps)


async def clean_security_events(deps: Deps) -> None:
    """Limit the log of rejected callbacks by age and by number."""
    await security.clean(deps.clock.now())


async def beat(deps: Deps) -> None:
    """Record that the scheduler runs; the audit excuses what was due while it did not."""
    await scheduler.beat(deps.clock.now())


async def audit(deps: Deps) -> None:
    """Audit what was written since the last clean audit, and tell operators of what does not fit."""
    await audits.watch(deps)


TICKS: list[Tick] = [
    Tick("scheduler_beat", 30, beat),
    Tick("ledger_roll_up", 0.5, roll_up_ledger),
    Tick("orders_close", 1, orders.close_expired),
    Tick("teams_close", 1, group_buys.close_teams),
    Tick("orders_receive", 1, orders.receive_overdue),
    Tick("orders_complete", 1, orders.complete_overdue),
    Tick("payments_check", 1, payments.reconcile_pending),
    Tick("refunds_check", 1, payments.check_refunds),
    Tick("refunds_decide", 1, payments.decide_refunds),
    Tick("returns_give_up", 60, payments.give_up_returns),
    Tick("transfers_ask", 1, withdrawals.ask_transfers),
    Tick("bindings_decide", 1, rebates.decide_due_bindings),
    Tick("rebates_release", 0.5, rebates.release_due),
    Tick("commissions_release", 0.5, commissions.release_due),
    Tick("flash_sales_settle", 1, flash_sales.settle_over),
    Tick("flash_gates_warm", 10, flash_sales.warm_gates),
    Tick("cycles_sweep", 1, rebates.sweep_cycles),
    Tick("points_release", 1, points.release_due),
    Tick("points_expire", 1, points.expire_due),
    Tick("levels_judge", 1, members.judge_due),
    Tick("sales_count", 30, catalogue.count_sales),
    Tick("pictures_forget", 600, catalogue.forget_pictures),
    Tick("reconcile", 60, reconciliation.reconcile_missed),
    Tick("reconcile_asked", 1, reconciliation.reconcile_asked),
    Tick("exports_make", 1, exports.make_exports),
    Tick("coupons_issue", 1, coupons.issue),
    Tick("coupons_gifts", 60, coupons.give_gifts),
    Tick("coupons_warn", 60, coupons.warn_of_endings),
    Tick("approvals_follow_up", 60, approvals.follow_up),
    Tick("audit_anchor", 60, tell_anchor),
    Tick("audit_quick", 3600, audit),
    Tick("outbox_clean", 60, clean_outbox),
    Tick("security_events_clean", 300, clean_security_events),
]


async def keep_ticking(deps: Deps, tick: Tick) -> None:
    """Run one tick for ever. Failures are logged, and the tick runs again in the next period."""
    period_ms = int(tick.every_s * 1000)
    while True:
        try:
            if await deps.redis.set(f"tick:{tick.name}", 1, nx=True, px=period_ms):
                await tick.run(deps)
        except (Refusal, RedisError, OSError, OutcomeUnknown, WeChatError) as error:
            log.warning("tick %s is put off: %r", tick.name, error.__cause__ or error)
        except Exception:  # house: swallowed - a bug in one tick must stop neither the other ticks nor the jobs
            log.exception("tick %s failed", tick.name)
        await asyncio.sleep(tick.every_s)
