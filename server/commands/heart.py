"""The sign of life of a supervised process: its event loop writes one byte per second into a pipe."""

import asyncio
import contextlib
import os
import signal

HEART_FD = "TUISAN_HEART_FD"
"""The variable that names the pipe's descriptor in a supervised process."""

BEAT_S = 1.0


async def beat() -> None:
    """Write until cancelled; return at once without a supervisor. Ends this process when its supervisor is gone."""
    if HEART_FD not in os.environ:
        return
    pipe = int(os.environ[HEART_FD])
    os.set_blocking(pipe, False)
    while True:
        try:
            with contextlib.suppress(BlockingIOError):  # the pipe is full, because the supervisor has been asleep
                os.write(pipe, b".")
        except BrokenPipeError:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        await asyncio.sleep(BEAT_S)
