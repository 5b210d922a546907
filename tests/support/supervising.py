"""A supervisor in its own process, to be killed: `python -m tests.support.supervising DIARY`."""

import asyncio
import sys

from server.commands.supervisor import Child, Supervisor


async def main() -> None:
    """Keep one child running until killed."""
    child = Child("one", "tests.support.beating", {"DIARY": sys.argv[1], "CHARACTER": "calm"})
    async with Supervisor([[child]]):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
