"""One declaration per call: its input, output and refusals. Parsing, errors, login and OpenAPI are derived from it."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from server.core import errors
from server.core.errors import Refusal
from server.gateways.ports import Deps
from server.handlers.headers import bearer
from server.handlers.peers import client_ip
from server.services.common.idempotency import Keyed
from server.services.members import sessions as member_sessions

Auth = Literal["member", "guest", "public"]
"""Who may call. `member`: logged-in members. `guest`: anybody; a valid token is read. `public`: no token is read."""

_MAX_KEY = 64
_PARAMETER = re.compile(r"<(\w+)(?::\w+)?>")
_MAX_ID = 2**63 - 1

JSON_TYPE = "application/json"
_background: set[asyncio.Task[Any]] = set()


class NoBody(msgspec.Struct):
    """A call without body or query."""


class Upload(msgspec.Struct):
    """One file, as `multipart/form-data` or as the whole body."""

    content: bytes


class Page(msgspec.Struct, kw_only=True):
    """The query of a paged list."""

    cursor: str | None = None
    limit: int = msgspec.field(default=20)

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= 100:  # noqa: PLR2004 - the interface's own limit
            msg = "`limit` must be between 1 and 100"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as a handler gets it."""

    deps: Deps
    member_id: int
    """0 for a guest."""
    ip: str
    path: dict[str, Any]
    """Path parameters by name."""
    token_hash: str
    key: Keyed | None
    """The idempotency key, for calls declared `keyed`."""

    @property
    def required_key(self) -> Keyed:
        """The idempotency key of a call declared `keyed`. Raises IdempotencyKeyMissing for any other call."""
        if self.key is None:
            raise errors.IdempotencyKeyMissing
        return self.key


Handler = Callable[[Call, Any], Awaitable[Any]]


@dataclass(frozen=True, eq=False)
class Endpoint:
    """The declaration of one call; the OpenAPI document is made of these. Compared by identity."""

    method: str
    path: str
    summary: str
    handler: Handler
    takes: type[msgspec.Struct]
    gives: Any
    refuses: tuple[type[Refusal], ...]
    auth: Auth
    keyed: bool
    tag: str
    example: dict[str, Any] | None = None
    status: int = 200
    blueprint: str = ""
    prefix: str = ""
    media_type: str = JSON_TYPE
    """The output's type. Anything but JSON is bytes; clients may cache these for a minute unless `auth` is `member`."""


@dataclass
class Room:
    """The calls of one noun: `@room.get("/products", …)` declares a call, `room.blueprint` serves it."""

    name: str
    tag: str
    prefix: str = "/api"
    endpoints: list[Endpoint] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.blueprint = Blueprint(self.name, url_prefix=self.prefix)

    def get(self, path: str, summary: str, **declared: Any) -> Callable[[Handler], Handler]:  # noqa: ANN401 - see _add
        """Declare a call that only reads; `takes` is the type of its query."""
        return self._add("GET", path, summary, **declared)

    def post(self, path: str, summary: str, **declared: Any) -> Callable[[Handler], Handler]:  # noqa: ANN401 - see _add
        """Declare a call that acts; `takes` is the type of its body."""
        return self._add("POST", path, summary, **declared)

    def put(self, path: str, summary: str, **declared: Any) -> Callable[[Handler], Handler]:  # noqa: ANN401 - see _add
        """Declare a call that sets something; `takes` is the type of its body."""
        return self._add("PUT", path, summary, **declared)

    def patch(self, path: str, summary: str, **declared: Any) -> Callable[[Handler], Handler]:  # noqa: ANN401 - see _add
        """Declare a call that changes something; `takes` is the type of its body."""
        return self._add("PATCH", path, summary, **declared)

    def delete(self, path: str, summary: str, **declared: Any) -> Callable[[Handler], Handler]:  # noqa: ANN401 - see _add
        """Declare a call that removes something; `takes` is the type of its body, usually none."""
        return self._add("DELETE", path, summary, **declared)

    def _add(  # noqa: PLR0913 - a declaration has that many parts
        self,
        method: str,
        path: str,
        summary: str,
        *,
        takes: type[msgspec.Struct] = NoBody,
        gives: Any = NoBody,  # noqa: ANN401 - any msgspec type
        refuses: tuple[type[Refusal], ...] = (),
        auth: Auth = "member",
        keyed: bool = False,
        example: dict[str, Any] | None = None,
        media_type: str = JSON_TYPE,
    ) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            endpoint = Endpoint(
                method,
                path,
                summary,
                handler,
                takes,
                gives,
                refuses,
                auth,
                keyed,
                self.tag,
                example,
                blueprint=self.name,
                prefix=self.prefix,
                media_type=media_type,
            )
            self.endpoints.append(endpoint)
            self.blueprint.add_route(_serve(endpoint), path, methods=[method], name=handler.__name__)
            return handler

        return declare


def _serve(endpoint: Endpoint) -> Callable[..., Coroutine[Any, Any, HTTPResponse]]:
    """Return the Sanic handler of a declaration. Calls that act run to their end even if the client disconnects."""
    parse = _parser(endpoint)
    encoder = msgspec.json.Encoder()

    async def answer(request: Request, **path: Any) -> HTTPResponse:  # noqa: ANN401 - Sanic's path values
        deps: Deps = request.app.ctx.deps
        token_hash, member_id = ("", 0) if endpoint.auth == "public" else await _who(request, deps)
        if endpoint.auth == "member" and not member_id:
            raise errors.NotLoggedIn
        if any("\0" in value if isinstance(value, str) else value > _MAX_ID for value in path.values()):
            raise errors.NotFound  # no text column can store a NUL, and no key is that large
        taken = parse(request)
        key = _key(endpoint, request, path) if endpoint.keyed else None
        call = Call(deps, member_id, client_ip(request), path, token_hash, key)
        given = await endpoint.handler(call, taken)
        headers = {}
        if endpoint.media_type != JSON_TYPE:
            headers["Cache-Control"] = "private, no-store" if endpoint.auth == "member" else "public, max-age=60"
        if key is not None and key.replayed:
            headers["Idempotency-Replayed"] = "true"
        body = given if isinstance(given, bytes) else encoder.encode(given)
        return HTTPResponse(body, endpoint.status, headers, endpoint.media_type)

    if endpoint.method == "GET":
        return answer

    async def to_the_end(request: Request, **path: Any) -> HTTPResponse:  # noqa: ANN401 - Sanic's path values
        return await finish(answer(request, **path))

    return to_the_end


async def finish(work: Awaitable[HTTPResponse]) -> HTTPResponse:
    """Run to the end even if the client disconnects; `drain` waits for it when the server stops."""
    task = asyncio.ensure_future(work)  # house: task - it is awaited here, and by `drain` when its client is gone
    _background.add(task)
    task.add_done_callback(_background.discard)
    return await asyncio.shield(task)


async def drain(timeout_s: float) -> None:
    """Wait for running calls whose clients disconnected, at most `timeout_s`, before the pool closes."""
    if _background:
        await asyncio.wait(_background, timeout=timeout_s)


async def _who(request: Request, deps: Deps) -> tuple[str, int]:
    token = bearer(request)
    if not token:
        return "", 0
    return await member_sessions.find(deps, token)


def _key(endpoint: Endpoint, request: Request, values: dict[str, Any]) -> Keyed:
    key = request.headers.get("idempotency-key", "")
    if not 0 < len(key) <= _MAX_KEY or not key.isprintable():
        raise errors.IdempotencyKeyMissing
    path = endpoint.prefix + _PARAMETER.sub(lambda found: str(values[found[1]]), endpoint.path)
    return Keyed(path=path, key=key, body_hash=hashlib.sha256(request.body).hexdigest())


def _upload(request: Request) -> Upload:
    files = [file for named in (request.files or {}).values() for file in named]
    return Upload(files[0].body if files else request.body)


def _parser(endpoint: Endpoint) -> Callable[[Request], Any]:
    takes = endpoint.takes
    if takes is NoBody:
        return lambda _request: None
    if endpoint.method == "GET":

        def from_query(request: Request) -> Any:  # noqa: ANN401 - the declared type
            query = {name: values[0] for name, values in request.args.items()}
            if any("\0" in value for value in query.values()):
                raise _NUL
            try:
                return msgspec.convert(query, takes, strict=False)
            except (msgspec.ValidationError, ValueError) as error:
                raise _bad_shape(error) from None

        return from_query
    if takes is Upload:
        return _upload
    decoder = msgspec.json.Decoder(takes)

    def from_body(request: Request) -> Any:  # noqa: ANN401 - the declared type
        if b"\\u0000" in request.body:
            raise _NUL
        try:
            return decoder.decode(request.body or b"{}")
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError) as error:
            raise _bad_shape(error) from None

    return from_body


_NUL = errors.BadRequest(field="", problem="NUL characters are not accepted")
"""PostgreSQL cannot store NUL characters; JSON allows them only as this escape."""


def _bad_shape(error: Exception) -> errors.BadRequest:
    problem, _, where = str(error).partition(" - at `$.")
    return errors.BadRequest(field=where.rstrip("`"), problem=problem)
