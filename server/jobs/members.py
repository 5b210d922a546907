"""What follows from a member being shut out."""

from typing import Any

from server.gateways.ports import Deps
from server.services import members


async def end_sessions(deps: Deps, args: dict[str, Any]) -> None:
    """See `services.members.end_sessions`."""
    await members.end_sessions(deps, args["member_id"])
