"""Withdrawals that are at WeChat or on the way there."""

from typing import Any

from server.gateways.ports import Deps
from server.services.withdrawals import transfers


async def send_withdrawal(deps: Deps, args: dict[str, Any]) -> None:
    """`{withdrawal_no}`: send an approved withdrawal to WeChat."""
    await transfers.send(deps, args["withdrawal_no"])


async def cancel_withdrawal(deps: Deps, args: dict[str, Any]) -> None:
    """`{withdrawal_no}`: ask WeChat to cancel the transfer."""
    await transfers.call_off(deps, args["withdrawal_no"])


async def ask_transfers(deps: Deps) -> None:
    """Tick: ask about transfers whose result is not known."""
    while await transfers.ask_due(deps):
        continue
