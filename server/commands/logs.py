"""How the processes of the mall write their log: lines on standard error, nothing personal in them."""

import logging


def set_up(level: int = logging.INFO) -> None:
    """Write this process's log to standard error."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    # These tell of every request and job, the payment library at DEBUG even of decrypted messages.
    for chatty in ("httpx", "httpcore", "arq.worker", "wechatpayv3", "asyncio", "sanic.root", "sanic.server"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
