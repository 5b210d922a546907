"""Acts of the command line within its limits: above one they wait for an operator's approval in the panel."""

from typing import Any

import orjson
import typer

from server.gateways.ports import Deps
from server.rules.approvals import Asked
from server.rules.limits import CLI
from server.services.common.approvals import Awaiting
from server.services.desk import approvals
from server.services.desk.approvals import Asker

EXIT_CODE = 3


async def submit(deps: Deps, act: Asked) -> Any:  # noqa: ANN401 - what the act returns
    """Do an act as `cli`. Raises Awaiting if it waits for an approval, and what the act raises."""
    return await approvals.submit(deps, Asker(CLI, CLI), act)


def awaiting(waiting: Awaiting) -> int:
    """Print, as JSON, the approval that an act waits for; return the exit code."""
    typer.echo(orjson.dumps({"status": "awaiting_approval", "approval": waiting.approval_id}).decode())
    return EXIT_CODE
