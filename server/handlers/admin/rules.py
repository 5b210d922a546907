"""The rebate rule: its versions, comparing two of them, and a form to write, preview and publish a new one."""

from typing import Any

from server.core.errors import RuleInvalid
from server.handlers.admin.forms import Compared, Publishing
from server.handlers.admin.screen import Done, Screens, Visit
from server.rules import rule_forms
from server.rules.approvals import RulePublish
from server.rules.operators import Permission
from server.rules.rebates import RuleTerms
from server.services.desk import approvals, rules
from server.services.terms.rule_versions import PublishedRule

screens = Screens("rules")


@screens.page("/rules/<version:int>", Permission.REBATES_VIEW, "rules/rule.html")
async def rule(visit: Visit, _: None) -> dict[str, Any]:
    """Show one version, in words and by field, and what it changed."""
    found = await rules.version(visit.path["version"])
    before = await rules.version(found.version - 1) if found.version > 1 else None
    changes = rule_forms.changes(before.words.fields, found.words.fields) if before else []
    return {"found": found, "before": before, "changes": changes, "labels": rule_forms.LABELS}


@screens.page("/rules/compare", Permission.REBATES_VIEW, "rules/compare.html", Compared)
async def compare(_visit: Visit, query: Compared) -> dict[str, Any]:
    """Show what differs between two versions."""
    old, new = await rules.version(query.old), await rules.version(query.new)
    return {"old": old, "new": new, "changes": rule_forms.changes(old.words.fields, new.words.fields)}


@screens.page("/rules/new", Permission.RULES_PUBLISH, "rules/form.html", dict[str, str])
async def new_rule(_visit: Visit, query: dict[str, str]) -> dict[str, Any]:
    """Show the form with the version in force; after it was sent, show what would be published, or the mistakes."""
    current = await rules.newest()
    base = str(current.version if current else 0)
    form = query if "base" in query else rule_forms.filled(current.terms if current else RuleTerms()) | {"base": base}
    draft = await rules.draft(form, current) if "base" in query else None
    return {
        "form": form,
        "current": current,
        "draft": draft,
        "stale": form["base"] != base,
        "editing": draft is None or draft.terms is None or "edit" in query,
        "forms": rule_forms,
    }


@screens.action("/rules", Permission.RULES_PUBLISH, dict[str, str])
async def publish(visit: Visit, form: dict[str, str]) -> Done:
    """Publish a new version, as previewed."""
    about = visit.read({name: form[name] for name in ("base", "note") if name in form}, Publishing)
    terms, problems = rule_forms.read(form)
    if terms is None:
        field, problem = next(iter(problems.items()))
        raise RuleInvalid(field=field, problem=f"{rule_forms.LABELS[field]}：{problem}")
    act = RulePublish(terms=terms, reason=about.note, base=about.base)
    made: PublishedRule = await approvals.submit(visit.deps, visit.asker, act)
    return Done(f"第 {made.version} 版规则已发布，从现在起付款的订单按它执行", f"/admin/rules/{made.version}")
