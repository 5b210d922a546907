"""All jobs by name. The name in `outbox.job` is looked up here."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from server.gateways.ports import Deps
from server.jobs import commissions, group_buys, members, notices, orders, payments, rebates, withdrawals

Body: TypeAlias = Callable[[Deps, dict[str, Any]], Awaitable[None]]
"""Unpacks its arguments and makes one service call. It may run twice and must change nothing the second time; locks and
unique keys in the database ensure that. It raises when it must be retried."""

JOBS: dict[str, Body] = {
    "close_cycle": rebates.close_cycle,
    "requalify": rebates.requalify,
    "decide_bindings": rebates.decide_bindings,
    "sweep_cycles": rebates.wake_cycles,
    "schedule_release": rebates.schedule_release,
    "decide_commission": commissions.decide_commission,
    "deliver_cards": orders.deliver_cards,
    "upload_shipping": orders.upload_shipping,
    "refund_team_order": group_buys.refund_team_order,
    "grant_refund": orders.grant_refund,
    "send_refund": payments.send_refund,
    "send_withdrawal": withdrawals.send_withdrawal,
    "cancel_withdrawal": withdrawals.cancel_withdrawal,
    "send_notice": notices.send_notice,
    "grow": members.grow,
    "judge_levels": members.judge_levels,
    "end_sessions": members.end_sessions,
}
"""Keep a name here, once it was written, until no row has it any more."""
