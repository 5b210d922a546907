"""Events that WeChat pushes: each is handled once, even if WeChat delivers it several times."""

import logging
from datetime import timedelta

from server import db
from server.gateways.ports import Deps, PushEvent
from server.services.common import alarms
from server.services.notices import messages

log = logging.getLogger("tuisan.pushes")

_REMEMBERED = timedelta(days=1)
_FOR_OPERATORS = frozenset({"trade_manage_remind_access_api", "trade_manage_remind_shipping"})
"""Events in which WeChat asks operators to act; otherwise money stays frozen at WeChat."""


async def take(deps: Deps, event: PushEvent) -> None:
    """Handle a verified event. An event that fails is handled again when WeChat repeats it."""
    name = f"push:{event.key}"
    if not await deps.redis.set(name, 1, nx=True, ex=_REMEMBERED):
        return
    try:
        await _act(deps, event)
    except BaseException:
        await deps.redis.delete(name)
        raise


async def _act(deps: Deps, event: PushEvent) -> None:
    log.info("push event %s", event.event)
    if event.event.startswith("subscribe_msg_"):
        await messages.hear(deps, event)
    elif event.event in _FOR_OPERATORS:
        order_no = event.fields.get("merchant_trade_no")
        subject = f"order:{order_no}" if order_no else "wechat"
        detail = {"problem": str(event.fields.get("msg", "")), "event": event.event}
        async with db.transaction() as tx:
            await alarms.sound(tx, "wechat_reminds", subject, deps.clock.now(), detail)
