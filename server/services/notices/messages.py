"""Subscription messages: each accepted popup gives the member one credit, and each message spends one.

An accepted popup is reported twice, by the client and by WeChat's push, in any order, and one report may be missing.
For `_PAIRED_S` seconds the second report is taken as the same popup.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import orjson

from server import db
from server.gateways.ports import Deps, OutcomeUnknown, PushEvent, WeChatError
from server.outbox import Job

log = logging.getLogger("tuisan.notices")

Answer = Literal["accept", "reject", "ban", "filter"]
Teller = Literal["client", "push"]

_NO_AUTHORISATION = "43101"
_TOO_FAST = frozenset({"43108", "45011"})
"""WeChat's rate limits: a later retry succeeds."""
_PAIRED_S = int(timedelta(minutes=10).total_seconds())

_TEMPLATES = "SELECT key, template_id, title FROM notice_templates ORDER BY key"
_ADD = """
INSERT INTO notice_credits (member_id, template, credits) VALUES ($1, $2, 1)
  ON CONFLICT (member_id, template) DO UPDATE SET credits = notice_credits.credits + 1
"""
_SPEND = """
UPDATE notice_credits c SET credits = credits - 1 FROM members m, notice_templates t
  WHERE c.member_id = $1 AND c.template = $2 AND c.credits > 0 AND m.id = c.member_id AND t.key = c.template
  RETURNING m.openid, t.template_id, t.page, t.fields
"""
_CLEAR = "UPDATE notice_credits SET credits = 0 WHERE member_id = $1 AND template = $2"


@dataclass(frozen=True, slots=True)
class Template:
    """A message that a member can be asked to allow."""

    key: str
    template_id: str
    """The id that `wx.requestSubscribeMessage` takes."""
    title: str


async def templates() -> list[Template]:
    """Return all messages."""
    return [Template(**row) for row in await db.fetch(_TEMPLATES)]


async def subscribe(deps: Deps, member_id: int, results: Mapping[str, Answer]) -> dict[str, int]:
    """Count the popup's answers, by key or WeChat's id; return the credits left by key. Ignore unknown names."""
    known = await templates()
    for template in known:
        if "accept" in {results.get(template.key), results.get(template.template_id)}:
            await _accepted(deps, member_id, template.key, "client")
    rows = await db.fetch("SELECT template, credits FROM notice_credits WHERE member_id = $1", member_id)
    credit = {row["template"]: row["credits"] for row in rows}
    return {template.key: credit.get(template.key, 0) for template in known}


async def _accepted(deps: Deps, member_id: int, template: str, teller: Teller) -> None:
    """Give one credit per popup. The counter in Redis is the client's reports minus WeChat's pushes."""
    name = f"notice_told:{member_id}:{template}"
    step = 1 if teller == "client" else -1
    async with deps.redis.pipeline(transaction=False) as pipe:
        pipe.incrby(name, step)
        pipe.expire(name, _PAIRED_S)
        ahead, _ = await pipe.execute()
    if ahead * step > 0:
        await _write(_ADD, member_id, template)


async def hear(deps: Deps, event: PushEvent) -> None:
    """Handle an event about subscriptions that WeChat pushed."""
    member_id = await db.fetch_value("SELECT id FROM members WHERE openid = $1", event.openid)
    keys = {template.template_id: template.key for template in await templates()}
    for item in event.items:
        template = keys.get(str(item.get("TemplateId")))
        if member_id is None or template is None:
            continue
        match event.event, item:
            case "subscribe_msg_popup_event", {"SubscribeStatusString": "accept"}:
                await _accepted(deps, member_id, template, "push")
            case "subscribe_msg_change_event", {"SubscribeStatusString": "reject"}:
                await _write(_CLEAR, member_id, template)
            case "subscribe_msg_sent_event", {"ErrorStatus": str(status)} if "block" in status or "refuse" in status:
                await _write(_CLEAR, member_id, template)


def notice_job(member_id: int, template: str, values: Mapping[str, str], query: str = "") -> Job:
    """Return the job that sends a notice; `values` by our value names, `query` for the message's page (`id=1`)."""
    return Job("send_notice", {"member_id": member_id, "template": template, "values": dict(values), "query": query})


async def send(deps: Deps, member_id: int, template: str, values: Mapping[str, str], query: str) -> None:
    """Send one message if the member has a credit. The credit is spent first, and given back if WeChat did not use it.

    A message that WeChat refuses is logged and dropped. Raises OutcomeUnknown, and WeChatError for a rate limit, so
    that the job is retried; after OutcomeUnknown the member may get the message twice. Raises KeyError if `values`
    lacks a value that the template shows.
    """
    async with db.transaction() as tx:
        row = await tx.fetchrow(_SPEND, member_id, template)
    if row is None:
        return
    shown: dict[str, str] = orjson.loads(row["fields"])
    data = {key: values[name] for key, name in shown.items()}
    page = f"{row['page']}?{query}" if query else row["page"]
    try:
        await deps.mini.send_message(row["openid"], row["template_id"], page, data)
    except WeChatError as refused:
        log.warning("notice %s to member %s refused: %s", template, member_id, refused.code)
        await _write(_CLEAR if refused.code == _NO_AUTHORISATION else _ADD, member_id, template)
        if refused.code in _TOO_FAST:
            raise
    except OutcomeUnknown:
        await _write(_ADD, member_id, template)
        raise


async def _write(statement: str, *args: Any) -> None:  # noqa: ANN401 - SQL parameters
    async with db.transaction() as tx:
        await tx.execute(statement, *args)
