"""Issue coupons to one member or to many, and take unused ones back."""

from typing import Annotated, Any

import msgspec

from server.core import ids
from server.handlers.admin.coupons import ticked
from server.handlers.admin.forms import Reason, ReasonForm
from server.handlers.admin.screen import Done, Screens, Visit
from server.handlers.admin.typed import Typed
from server.rules.approvals import CouponIssue
from server.rules.coupon_claims import SEGMENTS
from server.rules.operators import Permission
from server.services.coupons import issues
from server.services.coupons.issues import LIST_MOST
from server.services.desk import approvals, coupons
from server.services.terms import levels

screens = Screens("coupon_issues")

_HERE = "/admin/coupon-issues"
_EDIT = Permission.COUPONS_EDIT
_LABELS = {
    "segment": "发给",
    "days": "天数",
    "list": "名单",
    "reason": "理由",
    "template": "优惠券",
    "once": "表单",
    "levels": "等级",
}
_LIST_BYTES = 2 * 1024 * 1024
_TOLD = 5
"""How many unknown names of a list the error message shows."""


class NewQuery(msgspec.Struct):
    """The template to issue, and a member if one was chosen."""

    template: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    member: Annotated[str, msgspec.Meta(max_length=20)] = ""


class VoidForm(msgspec.Struct):
    """The coupons that were ticked, and the reason."""

    reason: Reason
    coupon: Annotated[list[int], msgspec.Meta(max_length=200)] = []


@screens.page("/coupon-issues/new", _EDIT, "coupons/issue.html", NewQuery)
async def new_issue(_visit: Visit, query: NewQuery) -> dict[str, Any]:
    """Show the form for issuing a template. Its code makes the request idempotent: sent twice, it is one job."""
    found = await coupons.template(query.template)
    return {
        "found": found,
        "member": query.member,
        "segments": SEGMENTS,
        "levels": [level.name for level in await levels.current()],
        "once": ids.code(12),
        "most": LIST_MOST,
    }


@screens.action("/coupon-issues/new", _EDIT, dict[str, str], file_most=_LIST_BYTES)
async def create(visit: Visit, form: dict[str, str]) -> Done:
    """Queue the issue; a worker does it."""
    typed = Typed(form, _LABELS)
    segment = typed.text("segment")
    if segment not in SEGMENTS:
        typed.note("segment", "请选择一项")
    template, days = typed.whole("template"), None
    typed.need("template", "once")
    if segment in ("bought", "not_bought"):
        typed.need("days")
        days = typed.whole("days")
        if days is not None and not 1 <= days <= 3650:  # noqa: PLR2004 - ten years, as the message says
            typed.note("days", "应在 1 到 3650 之间")
    chosen = ticked(typed) if segment == "level" else []
    if segment == "level" and not chosen:
        typed.note("levels", "请选择等级")
    members = await _members(visit, typed) if segment == "list" else []
    reason = typed.reason(needed=True)
    typed.check()
    found = await coupons.template(template or 0)
    act = CouponIssue(
        template_id=found["id"],
        slug=found["slug"],
        segment=segment,
        days=days,
        members=members,
        levels=chosen,
        once=typed.text("once")[:20],
        reason=reason,
    )
    await approvals.submit(visit.deps, visit.asker, act)
    return Done("已开始发放，可在这里看进度", _HERE)


async def _members(visit: Visit, typed: Typed) -> list[int]:
    """Return the ids of the listed members; the list is typed, uploaded as a text file, or both."""
    try:
        text = f"{typed.text('list')}\n{visit.file.decode('utf-8-sig')}".replace("\0", " ")
    except UnicodeDecodeError:
        typed.note("list", "文件应为 UTF-8 文本")
        return []
    members, unknown = await issues.named(visit.deps, text)
    if not text.strip():
        typed.need("list")
    elif unknown:
        more = f" 等 {len(unknown)} 个" if len(unknown) > _TOLD else ""
        typed.note("list", f"没有这些会员：{'、'.join(one[:20] for one in unknown[:_TOLD])}{more}")
    elif len(members) > LIST_MOST:
        typed.note("list", f"最多 {LIST_MOST} 个会员")
    return members


@screens.action("/coupon-issues/<issue_id:int>/stop", _EDIT, ReasonForm)
async def stop(visit: Visit, form: ReasonForm) -> Done:
    """Stop an issue before it has reached all its members."""
    await issues.stop(visit.deps, visit.path["issue_id"], form.reason, visit.operator.name)
    return Done("已停止发放，已发出的优惠券不受影响", _HERE)


@screens.action("/coupon-issues/<issue_id:int>/void", _EDIT, ReasonForm)
async def void_issue(visit: Visit, form: ReasonForm) -> Done:
    """Take back the coupons of an issue that are still unused."""
    gone = await coupons.void_issue(visit.deps, visit.path["issue_id"], form.reason, visit.operator.name)
    return Done(f"已作废 {gone} 张未使用的优惠券", _HERE)


@screens.action("/coupons", _EDIT, VoidForm)
async def void(visit: Visit, form: VoidForm) -> Done:
    """Take back the ticked coupons that are still unused."""
    gone, kept = await coupons.void(visit.deps, form.coupon, form.reason, visit.operator.name)
    lines = [f"#{one} 没有作废：不是未使用的优惠券，由返一发放，或是买到的" for one in kept]
    return Done(f"已作废 {gone} 张优惠券", "/admin/coupons", lines=lines)
