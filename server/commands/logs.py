"""How the mall's processes log: lines on standard error, without personal data."""

import logging
import os

PROCESS_NAME = "TUISAN_PROCESS"
"""The variable that holds a supervised process's name, which its log lines show."""


def set_up(level: int = logging.INFO) -> None:
    """Write this process's log to standard error."""
    name = os.environ.get(PROCESS_NAME, "main")
    logging.basicConfig(level=level, format=f"%(asctime)s [{name}] %(levelname)s %(name)s: %(message)s", force=True)
    # These log every request and job; the payment library at DEBUG logs even decrypted messages.
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
