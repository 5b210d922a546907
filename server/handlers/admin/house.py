"""Running the shop: background jobs, subscription messages and settings."""

from typing import Any

import msgspec

from server.core import errors
from server.handlers.admin import shapes
from server.handlers.admin.forms import REASON_CHARS, ReasonForm
from server.handlers.admin.screen import Done, Screens, Visit
from server.handlers.admin.typed import Typed
from server.rules import shop_form
from server.rules.approvals import SettingsChange
from server.rules.operators import Permission
from server.services.desk import approvals, jobs
from server.services.desk import notices as notice_desk
from server.services.desk.notices import TemplateTerms
from server.services.terms import policy

screens = Screens("house")


@screens.action("/jobs/<outbox_id:int>/retry", Permission.JOBS_RETRY, ReasonForm)
async def retry(visit: Visit, form: ReasonForm) -> Done:
    """Run a job now."""
    await jobs.retry(visit.deps, visit.path["outbox_id"], form.reason, visit.operator.name)
    return Done("已安排立即执行", "/admin/jobs")


@screens.page("/notices", Permission.NOTICES_VIEW, "notices/templates.html")
async def notices(_visit: Visit, _: None) -> dict[str, Any]:
    """Show all message templates, each with its form."""
    return {"templates": await notice_desk.templates()}


_TOLD = {
    "template_id": "模板 ID 是 20 到 64 个字母、数字、下划线或横线",
    "title": "标题要填，最多 40 个字",
    "page": "页面以 pages/ 或 packages/ 开头",
    "fields": "每行一项，如 amount3=amount，最多 5 项",
}


@screens.action("/notices/<key:str>", Permission.NOTICES_EDIT, dict[str, str])
async def change_notice(visit: Visit, form: dict[str, str]) -> Done:
    """Change a message template; `fields` has one `keyword=value` per line, such as `amount3=amount`."""
    typed, key = Typed(form, {"reason": "理由"}), visit.path["key"]
    lines = [line.partition("=") for line in typed.text("fields").splitlines() if line.strip()]
    fields = {keyword.strip(): name.strip() for keyword, _, name in lines}
    values: dict[str, Any] = {name: typed.text(name) for name in ("template_id", "title", "page")} | {"fields": fields}
    for one in shapes.problems(values, TemplateTerms):
        typed.note(one["field"], _TOLD[one["field"]])
    if len(fields) != len(lines):
        typed.note("fields", "同一个关键词写了两次")
    if unknown := notice_desk.unknown(key, fields.values()):
        typed.note("fields", unknown)
    reason = typed.reason(needed=True)
    typed.check()
    await notice_desk.change(visit.deps, key, msgspec.convert(values, TemplateTerms), reason, visit.operator.name)
    return Done("已保存通知模板", "/admin/notices")


@screens.page("/settings", Permission.SETTINGS_VIEW, "operations/settings.html")
async def settings(_visit: Visit, _: None) -> dict[str, Any]:
    """Show the whole policy as a form."""
    held = await policy.stored()
    return {"groups": shop_form.GROUPS, "texts": shop_form.texts(held.policy), "version": held.version}


@screens.action("/settings", Permission.SETTINGS_EDIT, dict[str, str])
async def change_settings(visit: Visit, form: dict[str, str]) -> Done:
    """Put the policy that was typed into force."""
    reason, version = form.pop("reason", "").strip(), form.pop("version", "")
    wanted, problems = shop_form.read(form)
    problems |= {name: "没有这个设置" for name in form if name not in shop_form.FIELDS}
    if not 0 < len(reason) <= REASON_CHARS:
        problems["reason"] = f"请填写理由，最多 {REASON_CHARS} 个字"
    if problems:
        told = [{"field": name, "label": "", "problem": problem} for name, problem in problems.items()]
        raise errors.BadRequest(problems=told)
    act = SettingsChange(policy=wanted, version=version, reason=reason)
    changed: list[str] = await approvals.submit(visit.deps, visit.asker, act)
    names = "、".join(shop_form.FIELDS[name].label for name in changed)
    return Done(f"已保存：{names}" if names else "没有改动", "/admin/settings")
