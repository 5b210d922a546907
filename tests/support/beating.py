"""A process for the supervisor's tests: it logs its life, sends heartbeats, and ends as CHARACTER says."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from server.commands import heart


def note(line: str) -> None:
    """Append a line to the diary."""
    with Path(os.environ["DIARY"]).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


async def main() -> None:
    """Live until SIGTERM; forever if stubborn, only a moment if weak."""
    character = os.environ["CHARACTER"]
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    note(f"{character} born {os.getpid()}")
    if character == "weak":
        sys.exit(3)
    beating = asyncio.create_task(heart.beat())
    await (asyncio.Event() if character == "stubborn" else ended).wait()
    beating.cancel()
    note(f"{character} dies")


if __name__ == "__main__":
    asyncio.run(main())
