"""Members: one member with all their records, who referred whom, and what operators may decide about them."""

import re
from typing import Annotated, Any

import msgspec

from server.core.errors import Refusal
from server.handlers.admin.forms import ReasonForm
from server.handlers.admin.screen import Done, Screens, Visit
from server.rules.labels import REVEALED
from server.rules.operators import Permission
from server.services.desk import coupons, members
from server.services.rebates import blocking
from server.services.referrals import bindings

screens = Screens("members")

_PAGE_ROWS = 50
_PICTURED = 30
"""The most members below that the chain page still draws as a picture."""
_NOBODY = "none"


class ChainQuery(msgspec.Struct):
    """The level below, and the cursor where the page begins."""

    level: Annotated[int, msgspec.Meta(ge=1, le=3)] = 1
    cursor: str = ""


class BindingQuery(msgspec.Struct):
    """The new referrer: an id, a share code, or `none`; empty before anything was typed."""

    referrer: Annotated[str, msgspec.Meta(max_length=40)] = ""


class RevealForm(ReasonForm):
    """Which masked value to show."""

    what: members.Revealed


class BindingForm(ReasonForm):
    """The referrer as previewed (0: nobody), and the chain the operator saw, as `12-5-0`."""

    referrer_id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    seen: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,18}-[0-9]{1,18}-[0-9]{1,18}$")]


@screens.page("/members/<member_id:int>", Permission.MEMBERS_VIEW, "members/member.html")
async def member(visit: Visit, _: None) -> dict[str, Any]:
    """Show one member."""
    found = await members.detail(visit.deps, visit.path["member_id"])
    return {"found": found, "revealed": REVEALED, "templates": await coupons.names()}


@screens.page("/members/<member_id:int>/chain", Permission.MEMBERS_VIEW, "members/chain.html", ChainQuery)
async def chain(visit: Visit, query: ChainQuery) -> dict[str, Any]:
    """Show three levels above and below a member."""
    found = await members.chain(visit.path["member_id"], query.level, query.cursor, _PAGE_ROWS)
    pictured = bool(found.below or found.above) and len(found.below) <= _PICTURED
    return {"found": found, "level": query.level, "tree": members.tree(found) if pictured else None}


@screens.page("/members/<member_id:int>/binding", Permission.MEMBERS_CORRECT, "members/binding.html", BindingQuery)
async def binding(visit: Visit, query: BindingQuery) -> dict[str, Any]:
    """Preview what a correction of the binding would change."""
    member_id = visit.path["member_id"]
    shown: dict[str, Any] = {
        "found": await members.chain(member_id, 1, "", 1),
        "typed": query.referrer,
        "nobody": _NOBODY,
        "refusal": None,
        "preview": None,
    }
    if not query.referrer.strip():
        return shown
    try:
        referrer_id = None if query.referrer == _NOBODY else await members.named(query.referrer)
        preview = await bindings.preview_correction(visit.deps, member_id, referrer_id)
    except Refusal as refusal:
        return shown | {"refusal": refusal}
    return shown | {
        "preview": preview,
        "after": await members.people(preview.after),
        "seen": "-".join(str(one or 0) for one in preview.before),
    }


@screens.action("/members/<member_id:int>/binding", Permission.MEMBERS_CORRECT, BindingForm)
async def correct_binding(visit: Visit, form: BindingForm) -> Done:
    """Bind the member to another referrer, as previewed."""
    member_id = visit.path["member_id"]
    first, second, third = (int(one) or None for one in re.findall("[0-9]+", form.seen))
    await bindings.correct_binding(
        visit.deps, member_id, form.referrer_id or None, form.reason, visit.operator.name, (first, second, third)
    )
    return Done("推荐关系已更正", f"/admin/members/{member_id}")


@screens.action("/members/<member_id:int>/reveal", Permission.MEMBERS_REVEAL, RevealForm)
async def reveal(visit: Visit, form: RevealForm) -> Done:
    """Show a masked value this once."""
    member_id = visit.path["member_id"]
    told = await members.reveal(visit.deps, member_id, form.what, form.reason, visit.operator.name)
    return Done(f"{REVEALED[form.what]}（查看已记入操作日志）：", f"/admin/members/{member_id}", told)


@screens.action("/members/<member_id:int>/block", Permission.MEMBERS_BLOCK, ReasonForm)
async def block(visit: Visit, form: ReasonForm) -> Done:
    """Block a member and hold what counts through them."""
    member_id = visit.path["member_id"]
    await blocking.block(visit.deps, member_id, form.reason, visit.operator.name)
    return Done("会员已封禁", f"/admin/members/{member_id}")


@screens.action("/members/<member_id:int>/unblock", Permission.MEMBERS_BLOCK, ReasonForm)
async def unblock(visit: Visit, form: ReasonForm) -> Done:
    """Unblock a member."""
    member_id = visit.path["member_id"]
    await blocking.unblock(visit.deps, member_id, form.reason, visit.operator.name)
    return Done("会员已解封", f"/admin/members/{member_id}")
