"""Subscription messages as operators set them: the WeChat template of each, and which value fills which keyword."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
import orjson

from server import db
from server.core.errors import BadRequest, NotFound
from server.gateways.ports import Deps
from server.rules.notices import VALUES
from server.services.common import audit_log

Keyword = Annotated[str, msgspec.Meta(pattern=r"^[a-z_]{2,20}[0-9]{1,2}$")]
"""WeChat's name of a placeholder in a template, such as `amount3`."""


class TemplateTerms(msgspec.Struct):
    """The settings of a message. `fields` is keyword → name of our value."""

    template_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{20,64}$")]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"\S")]
    page: Annotated[str, msgspec.Meta(pattern=r"^(pages|packages)/[A-Za-z0-9_/-]+$", max_length=200)]
    fields: Annotated[dict[Keyword, str], msgspec.Meta(min_length=1, max_length=5)]


@dataclass(frozen=True, slots=True)
class Template:
    """One message with its settings, and the values that it can show (name → label)."""

    key: str
    terms: TemplateTerms
    values: Mapping[str, str]


_COLUMNS = "key, template_id, title, page, fields"


async def templates() -> list[Template]:
    """Return all messages. Raises Busy."""
    rows = await db.fetch(f"SELECT {_COLUMNS} FROM notice_templates ORDER BY key")  # noqa: S608 - our own columns
    return [Template(row["key"], _terms(row), VALUES.get(row["key"], {})) for row in rows]


def _terms(row: Mapping[str, str]) -> TemplateTerms:
    fields: dict[str, str] = orjson.loads(row["fields"])
    return TemplateTerms(row["template_id"], row["title"], row["page"], fields)


def unknown(key: str, names: Iterable[str]) -> str:
    """Say which of these values the message does not have; empty if it has all."""
    known = VALUES.get(key, {})
    return next((f"没有“{name[:40]}”，可用：{'、'.join(known) or '无'}" for name in names if name not in known), "")


async def change(deps: Deps, key: str, terms: TemplateTerms, reason: str, operator: str) -> None:
    """Change the settings of a message. Raises NotFound, BadRequest (a value that the message does not have), Busy."""
    if problem := unknown(key, terms.fields.values()):
        raise BadRequest(field="fields", problem=problem)
    at = deps.clock.now()
    async with db.transaction() as tx:
        row = await tx.fetchrow(
            f"SELECT {_COLUMNS} FROM notice_templates WHERE key = $1 FOR UPDATE",  # noqa: S608 - our own columns # house: lock - a template of a notice, and nothing else
            key,
        )
        if row is None:
            raise NotFound(what="notice")
        await tx.execute(
            "UPDATE notice_templates SET template_id = $2, title = $3, page = $4, fields = $5::jsonb WHERE key = $1",
            key,
            terms.template_id,
            terms.title,
            terms.page,
            orjson.dumps(terms.fields).decode(),
        )
        before, after = msgspec.to_builtins(_terms(row)), msgspec.to_builtins(terms)
        detail = {"before": before, "after": after, "reason": reason}
        await audit_log.record(tx, at, operator, "notice.change", f"notice:{key}", detail)
