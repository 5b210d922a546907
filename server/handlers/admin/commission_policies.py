"""Commission policies: versions, comparing two of them, and a new version that is written, previewed and published."""

from typing import Annotated, Any

import msgspec

from server.handlers.admin.forms import Compared, Number, Publishing
from server.handlers.admin.screen import Done, Screens, Visit
from server.rules import commission_words
from server.rules.approvals import CommissionPublish
from server.rules.commissions import CommissionTerms
from server.rules.operators import Permission
from server.services.desk import approvals, commissions
from server.services.desk.commissions import Draft
from server.services.files.apply_file import reading
from server.services.terms.commission_policies import Applied

screens = Screens("commission_policies")

_HERE = "/admin/commission-policies"
_Text = Annotated[str, msgspec.Meta(max_length=200_000)]


class DraftForm(msgspec.Struct):
    """The policies as JSON, in the form the command line takes, and the version the draft is based on."""

    text: _Text
    base: Number


class PublishForm(Publishing):
    """The draft as the operator previewed it."""

    text: _Text


class NewQuery(msgspec.Struct):
    """With `edit`, show the saved draft again."""

    edit: str = ""


@screens.page("/commission-policies/<version:int>", Permission.COMMISSIONS_VIEW, "commissions/policy.html")
async def policies(visit: Visit, _: None) -> dict[str, Any]:
    """Show one version and what it changed."""
    found = await commissions.version(visit.path["version"])
    before = await commissions.version(found.version - 1) if found.version > 1 else None
    changes = commission_words.changes(before.words.fields, found.words.fields) if before else []
    return {"found": found, "before": before, "changes": changes}


@screens.page("/commission-policies/compare", Permission.COMMISSIONS_VIEW, "commissions/compare.html", Compared)
async def compare(_visit: Visit, query: Compared) -> dict[str, Any]:
    """Show what differs between two versions."""
    old, new = await commissions.version(query.old), await commissions.version(query.new)
    return {"old": old, "new": new, "changes": commission_words.changes(old.words.fields, new.words.fields)}


@screens.page("/commission-policies/new", Permission.COMMISSIONS_PUBLISH, "commissions/form.html", NewQuery)
async def new_policies(visit: Visit, query: NewQuery) -> dict[str, Any]:
    """Show the version in force as JSON text, or the saved draft."""
    current = await commissions.newest()
    if query.edit:
        draft = await commissions.kept(visit.deps, visit.operator.session_id)
    else:
        terms = msgspec.json.encode(current.terms if current else CommissionTerms())
        draft = Draft(msgspec.json.format(terms).decode(), current.version if current else 0)
    return {"draft": draft, "current": current}


@screens.action("/commission-policies/preview", Permission.COMMISSIONS_PUBLISH, DraftForm)
async def keep_draft(visit: Visit, form: DraftForm) -> Done:
    """Check the draft and save it, so that it is previewed before it is published."""
    with reading(form.text, CommissionTerms) as terms:
        await commissions.keep(visit.deps, visit.operator.session_id, Draft(form.text, form.base), terms)
    return Done("", f"{_HERE}/preview")


@screens.page("/commission-policies/preview", Permission.COMMISSIONS_PUBLISH, "commissions/preview.html")
async def preview(visit: Visit, _: None) -> dict[str, Any]:
    """Show what the draft would change."""
    draft = await commissions.kept(visit.deps, visit.operator.session_id)
    current = await commissions.newest()
    with reading(draft.text, CommissionTerms) as terms:
        words = await commissions.draft_in_words(terms)
    return {
        "draft": draft,
        "words_of": words,
        "current": current,
        "stale": draft.base != (current.version if current else 0),
        "changes": commission_words.changes(current.words.fields if current else {}, words.fields),
    }


@screens.action("/commission-policies", Permission.COMMISSIONS_PUBLISH, PublishForm)
async def publish(visit: Visit, form: PublishForm) -> Done:
    """Publish the previewed draft as a new version."""
    with reading(form.text, CommissionTerms) as terms:
        act = CommissionPublish(terms=terms, reason=form.note, base=form.base)
        made: Applied = await approvals.submit(visit.deps, visit.asker, act)
    said = f"第 {made.version} 版分润策略" + (
        "已发布，从现在起付款的订单按它执行" if made.version > form.base else "与此相同，没有发布新的版本"
    )
    return Done(said, f"{_HERE}/{made.version}")
