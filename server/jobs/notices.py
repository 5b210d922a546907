"""Subscription messages to members."""

from typing import Any

from server.gateways.ports import Deps
from server.services.notices import messages


async def send_notice(deps: Deps, args: dict[str, Any]) -> None:
    """See `services.notices.messages.send`; `args` are those of `notice_job`."""
    await messages.send(deps, args["member_id"], args["template"], args["values"], args["query"])
