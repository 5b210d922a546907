"""One declaration per screen: method, path, permission, the type of its input and the template it shows.

Login, CSRF, origin, permission, parsing, refusals and headers are handled here for all screens. A handler only returns
the values of a page (GET), or says what was done and which page comes next (POST).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from sanic import Blueprint, Request
from sanic.exceptions import PayloadTooLarge
from sanic.response import HTTPResponse, redirect

from server.core import errors
from server.core.errors import Refusal
from server.gateways.ports import Deps
from server.handlers.admin import menu, shapes
from server.handlers.endpoint import NoBody, finish
from server.handlers.headers import cookie
from server.panel.pages import csrf_field, render
from server.rules.operators import SESSION_LIFETIME, Permission, may
from server.services.common.approvals import Awaiting
from server.services.desk import approval_views
from server.services.desk.approvals import Asker
from server.services.operators import sessions as operator_sessions
from server.services.operators.sessions import Operator

PREFIX = "/admin"
COOKIE = "tuisan_operator"
TICKET = "tuisan_operator_ticket"
_CSRF_HEADER = "x-csrf-token"
_MAX_ID = 2**63 - 1
_FLASH_S = 60
_OURS = 500
"""From this status on a failure is the server's."""
_FORM_BYTES = 64 * 1024
"""Room for the other form fields and the multipart borders around an uploaded file."""
_ON_THE_WAY = frozenset({f"{PREFIX}/account/password", f"{PREFIX}/logout"})
"""The only pages open to an operator who must first change a password that somebody else set."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; connect-src 'self';"
        " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request as a screen's handler sees it."""

    deps: Deps
    operator: Operator
    path: dict[str, Any]
    """Path parameters by name."""
    file: bytes = b""
    """The uploaded file, where the action takes one."""

    @property
    def asker(self) -> Asker:
        """The operator as one who acts, within the limits of the role."""
        return Asker(self.operator.name, self.operator.role)

    def read(self, values: dict[str, str], kind: type[_T]) -> _T:
        """Convert a part of a form to `kind`. Raises BadRequest."""
        found: _T = _parse(values, kind)
        return found


@dataclass(frozen=True, slots=True)
class Done:
    """The result of an action; the page `to` shows it once."""

    message: str
    to: str
    secret: str = ""
    """Something to show only this once, such as a new operator's password."""
    lines: list[str] = field(default_factory=list)
    """The result of each item, where the action handled many."""


class Flash(msgspec.Struct):
    """The message that the next page shows on top."""

    message: str
    secret: str = ""
    lines: list[str] = []


@dataclass(frozen=True, slots=True)
class Download:
    """A file to download, with its name."""

    name: str
    media_type: str
    body: bytes


Handler = Callable[[Visit, Any], Awaitable[Any]]


class Screens:
    """The screens of one noun: `@screens.page(…)` declares a page, `@screens.action(…)` a form that acts."""

    def __init__(self, name: str) -> None:
        self.blueprint = Blueprint(f"admin_{name}", url_prefix=PREFIX)
        self.blueprint.exception(Refusal)(refused)

    def page(
        self,
        path: str,
        permission: Permission | None,
        template: str,
        takes: type[msgspec.Struct] | type[dict[str, str]] = NoBody,
    ) -> Callable[[Handler], Handler]:
        """Declare a page at `path`; the handler returns the template's values. Permission None: every operator.

        A handler may return a `Download` instead.
        """

        def declare(handler: Handler) -> Handler:
            async def answer(request: Request, **path_values: Any) -> HTTPResponse:  # noqa: ANN401 - Sanic's values
                operator = await _entering(request, permission)
                if isinstance(operator, HTTPResponse):
                    return operator
                given = request.get_args(keep_blank_values=True)  # an empty choice counts as a choice
                taken = _parse({name: values[0] for name, values in given.items()}, takes)
                values = await handler(_visit(request, operator, path_values), taken)
                return (
                    _sent(values) if isinstance(values, Download) else await shown(request, operator, template, values)
                )

            self.blueprint.add_route(answer, path, methods=["GET"], name=handler.__name__)
            return handler

        return declare

    def action(
        self,
        path: str,
        permission: Permission | None,
        takes: type[msgspec.Struct] | type[dict[str, str]] = NoBody,
        *,
        file_most: int = 0,
    ) -> Callable[[Handler], Handler]:
        """Declare an action at `path`; the handler returns a `Done`. It runs to its end even if the client disconnects.

        With `file_most` it takes a file of at most that many bytes, read only for an operator with the permission.
        """

        def declare(handler: Handler) -> Handler:
            async def act(request: Request, path_values: dict[str, Any]) -> HTTPResponse:
                same_origin(request)
                if file_most:
                    await _receive(request, permission, file_most)
                operator = await _entering(request, permission, form=True)
                if isinstance(operator, HTTPResponse):
                    return operator
                visit = _visit(request, operator, path_values)
                done = await _handled(handler, visit, _parse(_form(request, takes), takes))
                flash = msgspec.json.encode(Flash(done.message, done.secret, done.lines))
                await visit.deps.redis.set(_flash(operator), flash, ex=_FLASH_S)
                return redirect(done.to, headers=dict(_HEADERS), status=303)

            async def to_the_end(request: Request, **path_values: Any) -> HTTPResponse:  # noqa: ANN401 - Sanic's values
                return await finish(act(request, path_values))

            self.blueprint.add_route(to_the_end, path, methods=["POST"], name=handler.__name__, stream=bool(file_most))
            return handler

        return declare


async def _handled(handler: Handler, visit: Visit, form: Any) -> Done:  # noqa: ANN401 - the declared type
    """Let the handler act. What was not done because it needs a second operator leads to its approval."""
    try:
        done: Done = await handler(visit, form)
    except Awaiting as waiting:
        return Done("已提交，等待另一位运营审批", f"{PREFIX}/approvals/{waiting.approval_id}")
    return done


async def _receive(request: Request, permission: Permission | None, most: int) -> None:
    """Read the body, but only for an operator with the permission. Raises NotAllowed, TooLarge."""
    operator = await who(request)
    if operator is None or (permission is not None and not may(operator.role, permission)):
        raise errors.NotAllowed
    stream: Any = request.stream
    stream.request_max_size = most + _FORM_BYTES
    try:
        await request.receive_body()  # type: ignore[no-untyped-call] # Sanic's
    except PayloadTooLarge as error:
        raise errors.TooLarge(problem=f"文件最大 {most // 1024} KB") from error


def _sent(file: Download) -> HTTPResponse:
    kept = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}"}
    return HTTPResponse(file.body, headers=dict(_HEADERS) | kept, content_type=file.media_type)


async def _entering(request: Request, permission: Permission | None, *, form: bool = False) -> Operator | HTTPResponse:
    """Return the operator, or a redirect to the login. Raises FormForged (no token of this session), NotAllowed."""
    operator = await who(request)
    if operator is None:
        query = "" if form else "?" + urlencode({"next": request.path})
        return redirect(f"{PREFIX}/login{query}", headers=dict(_HEADERS), status=303)
    if form and _token(request) != operator.csrf:
        raise errors.FormForged
    if operator.must_change and request.path not in _ON_THE_WAY:
        return redirect(f"{PREFIX}/account/password", headers=dict(_HEADERS), status=303)
    if permission is not None and not may(operator.role, permission):
        raise errors.NotAllowed
    return operator


async def who(request: Request) -> Operator | None:
    """Return the operator of the session cookie; None without a valid one."""
    token = cookie(request, COOKIE)
    return await operator_sessions.find(request.app.ctx.deps, token) if token else None


def _token(request: Request) -> str:
    field: str | None = request.form.get("csrf") if request.form else None
    return field or str(request.headers.get(_CSRF_HEADER, ""))


def same_origin(request: Request) -> None:
    """Check the Origin header, which browsers send with forms, against our own address. Raises FormForged."""
    origin = request.headers.get("origin")
    deps: Deps = request.app.ctx.deps
    if origin is not None and _place(origin) not in (request.host, _place(deps.public_base_url)):
        raise errors.FormForged


def _place(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError as error:  # a bracket without its other half
        raise errors.FormForged from error


def _visit(request: Request, operator: Operator, path: dict[str, Any]) -> Visit:
    if any("\0" in value if isinstance(value, str) else value > _MAX_ID for value in path.values()):
        raise errors.NotFound  # no text column can store a NUL, and no key is that large
    files = [file for named in (request.files or {}).values() for file in named]
    return Visit(request.app.ctx.deps, operator, path, files[0].body if files else b"")


def _lists(takes: type[Any]) -> frozenset[str]:
    """Return the form fields that may come several times, such as ticked rows."""
    told = msgspec.inspect.type_info(takes)
    fields = told.fields if isinstance(told, msgspec.inspect.StructType) else ()
    return frozenset(one.encode_name for one in fields if isinstance(one.type, msgspec.inspect.ListType))


def _form(request: Request, takes: type[Any]) -> dict[str, Any]:
    several = _lists(takes)
    given: dict[str, list[str]] = request.form or {}
    return {name: values if name in several else values[0] for name, values in given.items() if name != "csrf"}


def _parse(values: dict[str, Any], takes: type[Any]) -> Any:  # noqa: ANN401 - the declared type
    texts = [text for value in values.values() for text in (value if isinstance(value, list) else [value])]
    if any("\0" in text for text in texts):
        raise errors.BadRequest(field="", problem="不能含有空字符")
    try:
        return msgspec.convert(values, takes, strict=False)
    except msgspec.ValidationError as error:
        raise errors.BadRequest(problems=shapes.problems(values, takes)) from error


def _flash(operator: Operator) -> str:
    return f"operator_flash:{operator.session_id}"


async def shown(
    request: Request, operator: Operator | None, template: str, values: dict[str, Any], status: int = 200
) -> HTTPResponse:
    """Render a page of the panel and renew the session cookie."""
    deps: Deps = request.app.ctx.deps
    told = await deps.redis.getdel(_flash(operator)) if operator else None
    flash = msgspec.json.decode(told, type=Flash) if told else None
    here = menu.groups(operator, request.path) if operator and not operator.must_change else []
    frame = {
        "me": operator,
        "flash": flash,
        "menu": here,
        "waiting": await approval_views.to_decide(operator) if operator and here else 0,
        "may": lambda name: _can(operator, name),
        "csrf": lambda: csrf_field(operator.csrf if operator else ""),
    }
    answer = HTTPResponse(render(template, frame | values), status, dict(_HEADERS), "text/html; charset=utf-8")
    if operator and (token := cookie(request, COOKIE)):
        keep(answer, deps, COOKIE, token, int(SESSION_LIFETIME.total_seconds()))
    return answer


def _can(operator: Operator | None, permission: str) -> bool:
    return operator is not None and may(operator.role, Permission(permission))


async def refused(request: Request, refusal: Refusal) -> HTTPResponse:
    """Render a refusal as a page, with the operator's menu around it."""
    values = {"refusal": refusal, "heading": _heading(request, refusal), **_problems(refusal)}
    answer = await shown(request, await who(request), "refusal.html", values, refusal.status)
    if refusal.retry_after_s is not None:
        answer.headers["Retry-After"] = str(refusal.retry_after_s)
    return answer


def _heading(request: Request, refusal: Refusal) -> str:
    """Return what the page says first: a person filled in a form, or followed an address."""
    if not isinstance(refusal, errors.BadRequest):
        return refusal.message
    return "请修改后再提交" if request.method == "POST" else "这个网址不对，请从菜单重新打开"


def _problems(refusal: Refusal) -> dict[str, Any]:
    """Return the mistakes of a form, each with its field, or the one problem of anything else."""
    detail = refusal.detail
    if isinstance(refusal, errors.BadRequest) and "field" in detail:
        label = shapes.LABELS.get(detail["field"], "")
        return {"problem": "", "problems": [{"field": detail["field"], "label": label, "problem": detail["problem"]}]}
    return {"problem": detail.get("problem", ""), "problems": detail.get("problems", [])}


@dataclass(frozen=True, slots=True)
class _Failure:
    """What is shown of a request that no screen answered."""

    status: int
    code: str


def is_of_the_panel(path: str) -> bool:
    """Tell whether people see the answer in their browsers: then it is a page, even where no screen has the address."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


async def told(request: Request, status: int, code: str, message: str) -> HTTPResponse:
    """Render what no screen answered: an unknown address, or a failure of the server.

    After a failure the page has no menu, because what reads the operator may be what failed.
    """
    values = {"refusal": _Failure(status, code), "heading": message, "problem": "", "problems": []}
    operator = await who(request) if status < _OURS else None
    return await shown(request, operator, "refusal.html", values, status)


def keep(answer: HTTPResponse, deps: Deps, name: str, value: str, seconds: int) -> None:
    """Set a cookie that scripts cannot read and other sites do not send; over https only, if the mall uses https."""
    secure = deps.public_base_url.startswith("https://")
    answer.add_cookie(name, value, path=PREFIX, httponly=True, samesite="Strict", secure=secure, max_age=seconds)


def headers() -> dict[str, str]:
    """Return the headers that every answer of the panel carries."""
    return dict(_HEADERS)
