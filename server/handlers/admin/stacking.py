"""叠加规则: which discounts combine for each kind of order, the versions, and a new version by ticking boxes."""

from typing import Any

import msgspec

from server.core.errors import BadRequest
from server.handlers.admin.forms import Number, Publishing
from server.handlers.admin.screen import Done, Screens, Visit
from server.rules import stacking as rules
from server.rules.approvals import StackingPublish
from server.rules.operators import Permission
from server.rules.stacking import KINDS, LABELS, Combination, Matrix
from server.services.desk import approvals
from server.services.desk import stacking as stacking_desk
from server.services.terms import stacking
from server.services.terms.stacking import Stacking

screens = Screens("stacking")


class Shown(msgspec.Struct):
    """The version to show; the newest by default."""

    version: Number | None = None


@screens.page("/stacking", Permission.PROMOTIONS_VIEW, "promotions/stacking.html", Shown)
async def matrix(_visit: Visit, query: Shown) -> dict[str, Any]:
    """Show the matrix in force, or an older version, and what each version changed."""
    versions = await stacking_desk.versions()
    newest = versions[0].stacking
    found = newest if query.version is None else await stacking.version(query.version)
    return {"found": found, "newest": newest, "versions": versions, "kinds": rules.KIND_NAMES, "labels": LABELS}


@screens.action("/stacking", Permission.PROMOTIONS_EDIT, dict[str, str])
async def publish(visit: Visit, form: dict[str, str]) -> Done:
    """Publish a new version: a box `<kind>.<what>` counts as ticked when the form has it, whatever its value."""
    about = visit.read({name: form[name] for name in ("base", "note") if name in form}, Publishing)
    boxes = {f"{kind}.{what}" for kind in KINDS for what in LABELS}
    for name in form.keys() - boxes - {"base", "note"}:
        raise BadRequest(field=name, problem="没有这个选项")
    act = StackingPublish(matrix=_read(form), reason=about.note, base=about.base)
    made: Stacking = await approvals.submit(visit.deps, visit.asker, act)
    return Done(f"第 {made.version} 版叠加规则已发布，从现在起新下的订单按它执行", "/admin/stacking")


def _read(form: dict[str, str]) -> Matrix:
    combinations = {kind: Combination(**{what: f"{kind}.{what}" in form for what in LABELS}) for kind in KINDS}
    return Matrix(**combinations)
