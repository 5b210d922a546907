"""How the processes of the mall write their log: lines on standard error, nothing personal in them."""

import logging
import os

PROCESS_NAME = "TUISAN_PROCESS"
"""In the environment of a supervised process: the name that stands in its lines."""


def set_up(level: int = logging.INFO) -> None:
    """Write this process's log to standard error."""
    name = os.environ.get(PROCESS_NAME, "main")
    logging.basicConfig(level=level, format=f"%(asctime)s [{name}] %(levelname)s %(name)s: %(message)s", force=True)
    # These tell of every request and job, the payment library at DEBUG even of decrypted messages.
    for chatty in (
        "httpx",
        "httpcore",
        "arq.worker",
        "wechatpayv3",
        "asyncio",
        "sanic.root",
        "sanic.server",
        "tortoise",
    ):
        logging.getLogger(chatty).setLevel(logging.WARNING)
