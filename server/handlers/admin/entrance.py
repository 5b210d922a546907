"""Enter and leave the panel: login in one or two steps, logout, and the static files of its pages."""

from typing import Annotated, Any

import msgspec
from sanic import Request
from sanic.response import HTTPResponse, redirect

from server.core import errors
from server.core.errors import Refusal
from server.gateways.ports import Deps
from server.handlers.admin.screen import (
    COOKIE,
    PREFIX,
    TICKET,
    Done,
    Screens,
    Visit,
    headers,
    keep,
    same_origin,
    shown,
)
from server.handlers.endpoint import finish
from server.handlers.headers import agent, cookie
from server.handlers.peers import client_ip
from server.panel.assets import by_hashed_name
from server.rules.operators import SESSION_LIFETIME
from server.services.operators import accounts as operator_accounts
from server.services.operators import login as operator_login
from server.services.operators import sessions as operator_sessions
from server.services.operators.login import Entered

screens = Screens("entrance")

_TICKET_S = 300
_FOREVER = "public, max-age=31536000, immutable"


class LoginForm(msgspec.Struct):
    """The operator's name and proof, and the page to open after the login."""

    name: Annotated[str, msgspec.Meta(max_length=40)] = ""
    password: Annotated[str, msgspec.Meta(max_length=200)] = ""
    code: Annotated[str, msgspec.Meta(max_length=20)] = ""
    next: Annotated[str, msgspec.Meta(max_length=200)] = ""


def _inside(path: str) -> str:
    """Return where to go after the login: always a page of the panel, never another site."""
    return path if path.startswith(f"{PREFIX}/") and path.isascii() and path.isprintable() else PREFIX


def _form(request: Request, values: Any) -> LoginForm:  # noqa: ANN401 - Sanic's parameters
    try:
        return msgspec.convert({name: found[0] for name, found in values.items()}, LoginForm)
    except msgspec.ValidationError as error:
        raise errors.OperatorUnproven from error


@screens.blueprint.get("/login", name="login")
async def login(request: Request) -> HTTPResponse:
    """Show the login page. While there is no operator yet, it says how to create the first one."""
    values = {
        "set_up": await operator_accounts.any_exists(),
        "next": _inside(request.args.get("next", "")),
        "problem": None,
        "name": "",
        "step": "password",
    }
    return await shown(request, None, "operators/login.html", values)


@screens.blueprint.post("/login", name="login_password")
async def login_password(request: Request) -> HTTPResponse:
    """Check name and password."""
    return await finish(_step(request, "password"))


@screens.blueprint.post("/login/code", name="login_code")
async def login_code(request: Request) -> HTTPResponse:
    """Check the authenticator's code; the password was right in the step before."""
    return await finish(_step(request, "code"))


async def _step(request: Request, step: str) -> HTTPResponse:
    same_origin(request)
    deps: Deps = request.app.ctx.deps
    form = _form(request, request.form or {})
    values = {"set_up": True, "next": _inside(form.next), "problem": None, "name": form.name, "step": step}
    try:
        entered = await _try(request, deps, form, step)
    except Refusal as refusal:
        answer = await shown(request, None, "operators/login.html", values | {"problem": refusal}, refusal.status)
        if refusal.retry_after_s is not None:
            answer.headers["Retry-After"] = str(refusal.retry_after_s)
        return answer
    if entered.needs == "code":
        answer = await shown(request, None, "operators/login.html", values | {"step": "code"})
        keep(answer, deps, TICKET, entered.token, _TICKET_S)
        return answer
    answer = redirect(_inside(form.next), headers=headers(), status=303)
    keep(answer, deps, COOKIE, entered.token, int(SESSION_LIFETIME.total_seconds()))
    return answer


async def _try(request: Request, deps: Deps, form: LoginForm, step: str) -> Entered:
    ip, device = client_ip(request), agent(request)
    if step == "code":
        return await operator_login.with_code(deps, cookie(request, TICKET), form.code, ip, device)
    if any("\0" in text for text in (form.name, form.password)):
        raise errors.OperatorUnproven
    return await operator_login.with_password(deps, form.name, form.password, ip, device)


@screens.action("/logout", None)
async def logout(visit: Visit, _: None) -> Done:
    """Log out this device only."""
    await operator_sessions.revoke(visit.deps, visit.operator, visit.operator.session_id)
    return Done("", f"{PREFIX}/login")


@screens.blueprint.get(r"/assets/<name:[a-z]+-[0-9a-f]{10}\.(?:css|js)>", name="asset")
async def asset(request: Request, name: str) -> HTTPResponse:
    """Serve style and scripts without a login, because the login page needs them."""
    found = by_hashed_name().get(name)
    if found is None:
        raise errors.NotFound
    kept = {"Cache-Control": _FOREVER, "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return HTTPResponse(found.packed, headers=kept | {"Content-Encoding": "gzip"}, content_type=found.media_type)
    return HTTPResponse(found.body, headers=kept, content_type=found.media_type)
