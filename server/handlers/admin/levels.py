"""Member levels: the whole set in one form; and growth and points that an operator gives or takes."""

from typing import Annotated, Any

import msgspec

from server.handlers.admin import shapes
from server.handlers.admin.forms import ReasonForm
from server.handlers.admin.screen import Done, Screens, Visit
from server.handlers.admin.typed import Typed
from server.rules.approvals import GrowthGrant, LevelsPublish, PointsGrant
from server.rules.levels import ICONS, LIMITS, MOST_LEVELS, Level, problems
from server.rules.operators import Permission
from server.services.desk import approvals, growth

screens = Screens("levels")

_LABELS = {
    "name": "名称",
    "growth": "成长值",
    "discount_bp": "折扣",
    "points_bp": "积分倍数",
    "commission_bonus_bp": "佣金加成",
    "colour": "颜色",
    "icon": "图标",
    "reason": "理由",
}


@screens.page("/levels", Permission.MEMBERS_VIEW, "growth/levels.html")
async def shown(_visit: Visit, _: None) -> dict[str, Any]:
    """Show the levels in force, with an empty row for one more."""
    found = await growth.levels_now()
    return {"found": found, "rows": range(min(MOST_LEVELS, len(found.levels) + 1)), "icons": ICONS}


@screens.action("/levels", Permission.SETTINGS_EDIT, dict[str, str])
async def change(visit: Visit, form: dict[str, str]) -> Done:
    """Put the levels that were typed into force; a row without a name is ignored."""
    typed = Typed(form, _LABELS)
    wanted = [level for n in range(MOST_LEVELS) if (level := _level(typed, f"levels[{n}].", lowest=n == 0))]
    reason = typed.reason(needed=True)
    for problem in problems(wanted):
        typed.note("levels", problem)
    typed.check()
    act = LevelsPublish(levels=wanted, version=typed.text("version"), reason=reason)
    changed: bool = await approvals.submit(visit.deps, visit.asker, act)
    return Done("已保存会员等级，达到新门槛的会员会陆续升级" if changed else "没有改动", "/admin/levels")


def _level(typed: Typed, row: str, *, lowest: bool) -> Level | None:
    """Read the level of one row and note its mistakes; None when it is empty or its growth is wrong.

    What is wrong gets its default, so that the levels can still be judged together; nothing is saved then.
    """
    if not typed.text(f"{row}name"):
        return None
    values = {
        "name": typed.text(f"{row}name"),
        "growth": typed.whole(f"{row}growth"),
        "discount_bp": typed.fen(f"{row}discount_bp"),
        "points_bp": typed.fen(f"{row}points_bp"),
        "free_freight": typed.flag(f"{row}free_freight"),
        "commission_bonus_bp": typed.fen(f"{row}commission_bonus_bp", least_fen=0),
        "colour": typed.text(f"{row}colour"),
        "icon": typed.text(f"{row}icon"),
    }
    wrong = {one["field"] for one in shapes.problems(values, Level)}
    for field in wrong:
        typed.note(f"{row}{field}", LIMITS[field])
    fits = {name: value for name, value in values.items() if name not in wrong}
    if "growth" in wrong and not lowest:
        return None
    return msgspec.convert({"name": typed.text(f"{row}name")[:1], "growth": 0} | fits, Level)


class GrowthForm(ReasonForm):
    """The growth and the form's idempotency key: sent twice, it counts once. `anew`: judge the level now, even down."""

    amount: Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]
    key: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{8,40}$")]
    anew: str = ""


class PointsForm(ReasonForm):
    """The points and the form's idempotency key: sent twice, it counts once."""

    points: Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]
    key: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{8,40}$")]


@screens.action("/members/<member_id:int>/points", Permission.MEMBERS_CORRECT, PointsForm)
async def adjust(visit: Visit, form: PointsForm) -> Done:
    """Give or take points, with a reason."""
    member_id = visit.path["member_id"]
    act = PointsGrant(member_id=member_id, points=form.points, once=form.key, reason=form.reason)
    new: bool = await approvals.submit(visit.deps, visit.asker, act)
    return Done("积分已调整" if new else "这次调整已经做过了", f"/admin/members/{member_id}")


@screens.action("/members/<member_id:int>/growth", Permission.MEMBERS_CORRECT, GrowthForm)
async def correct(visit: Visit, form: GrowthForm) -> Done:
    """Give or take growth, with a reason."""
    member_id = visit.path["member_id"]
    act = GrowthGrant(member_id=member_id, amount=form.amount, once=form.key, reason=form.reason, anew=bool(form.anew))
    new: bool = await approvals.submit(visit.deps, visit.asker, act)
    return Done("成长值已调整" if new else "这次调整已经做过了", f"/admin/members/{member_id}")
