"""What operators did."""

from typing import Annotated, Any

import msgspec

from server.handlers.admin.home import PAGE_ROWS
from server.handlers.admin.screen import Screens, Visit
from server.rules.operators import Permission
from server.services import audit_log

screens = Screens("audit")

_Filter = Annotated[str, msgspec.Meta(max_length=60)]


class AuditQuery(msgspec.Struct):
    """Exact filters; an empty one takes all."""

    actor: _Filter = ""
    action: _Filter = ""
    subject: _Filter = ""
    cursor: str = ""


@screens.page("/audit", Permission.AUDIT_VIEW, "audit.html", AuditQuery)
async def log(_visit: Visit, query: AuditQuery) -> dict[str, Any]:
    """The log, newest first."""
    actor, subject = query.actor.strip(), query.subject.strip()
    found, cursor = await audit_log.listed(actor, query.action, subject, query.cursor, PAGE_ROWS)
    return {"records": found, "query": query, "next": cursor}
