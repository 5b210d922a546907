"""The sign of life that a supervised process gives: a byte a second, from its event loop."""

import asyncio
import contextlib
import os
import signal

HEART_FD = "TUISAN_HEART_FD"
"""Names the pipe in the environment of a supervised process."""

BEAT_S = 1.0


async def beat() -> None:
    """Beat until cancelled; at once nothing where nobody listens. Ends this process when its supervisor is gone."""
    if HEART_FD not in os.environ:
        return
    pipe = int(os.environ[HEART_FD])
    os.set_blocking(pipe, False)
    while True:
        try:
            with contextlib.suppress(BlockingIOError):  # the supervisor sleeps, with thousands of beats to read
                os.write(pipe, b".")
        except BrokenPipeError:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        await asyncio.sleep(BEAT_S)
