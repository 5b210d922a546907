"""Lists as files."""

from server.gateways.ports import Deps
from server.services.desk import exports


async def make_exports(deps: Deps) -> None:
    """Tick: files that operators asked for, and those whose day is over."""
    while await exports.make_next(deps):
        continue
    await exports.forget(deps)
