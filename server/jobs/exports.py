"""Lists exported as files."""

from server.gateways.ports import Deps
from server.services.desk import exports


async def make_exports(deps: Deps) -> None:
    """Tick: make the files that operators asked for, and delete those that are too old."""
    while await exports.make_next(deps):
        continue
    await exports.forget(deps)
