"""Running the shop: background jobs, subscription messages and settings."""

from typing import Annotated, Any

import msgspec

from server.core import errors
from server.handlers.admin.forms import REASON_CHARS, ReasonForm
from server.handlers.admin.screen import Done, Screens, Visit
from server.rules import shop_form
from server.rules.operators import Permission
from server.services.desk import jobs
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


class TemplateForm(ReasonForm):
    """One message template; `fields` has one `keyword=value` per line, such as `amount3=amount`."""

    template_id: str = ""
    title: str = ""
    page: str = ""
    fields: Annotated[str, msgspec.Meta(max_length=1000)] = ""


_TOLD = {
    "template_id": "模板 ID 是 20 到 64 个字母、数字、下划线或横线",
    "title": "标题要填，最多 40 个字",
    "page": "页面以 pages/ 或 packages/ 开头",
    "fields": "每行一项，如 amount3=amount，最多 5 项",
}


@screens.action("/notices/<key:str>", Permission.NOTICES_EDIT, TemplateForm)
async def change_notice(visit: Visit, form: TemplateForm) -> Done:
    """Change a message template."""
    lines = [line.partition("=") for line in form.fields.splitlines() if line.strip()]
    fields = {keyword.strip(): name.strip() for keyword, _, name in lines}
    asked = {"template_id": form.template_id, "title": form.title, "page": form.page}
    typed: dict[str, Any] = {name: text.strip() for name, text in asked.items()} | {"fields": fields}
    try:
        terms = msgspec.convert(typed, TemplateTerms)
    except msgspec.ValidationError as error:
        field = next(name for name in (*_TOLD, "fields") if f"$.{name}" in str(error) or name == "fields")
        raise errors.BadRequest(field=field, problem=_TOLD[field]) from error
    if len(fields) != len(lines):
        raise errors.BadRequest(field="fields", problem="同一个关键词写了两次")
    await notice_desk.change(visit.deps, visit.path["key"], terms, form.reason, visit.operator.name)
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
    if not 0 < len(reason) <= REASON_CHARS:
        raise errors.BadRequest(field="reason", problem=f"请填写理由，最多 {REASON_CHARS} 个字")
    for name in form:
        if name not in shop_form.FIELDS:
            raise errors.BadRequest(field=name, problem="没有这个设置")
    wanted, problems = shop_form.read(form)
    if problems:
        raise errors.BadRequest(field=next(iter(problems)), problem="；".join(problems.values()))
    changed = await policy.change(visit.deps, wanted, version, reason, visit.operator.name)
    names = "、".join(shop_form.FIELDS[name].label for name in changed)
    return Done(f"已保存：{names}" if names else "没有改动", "/admin/settings")
