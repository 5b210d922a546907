"""The gate of the mini-program server API: envelopes, methods, JSON bodies and access tokens."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import orjson
from sanic import HTTPResponse, Request
from sanic.response import raw

from server.sandbox.context import Sandbox
from server.sandbox.errors import MiniRefusal
from server.sandbox.knobs import Operation
from server.sandbox.signing import hang_up

Shape = TypeVar("Shape", bound=msgspec.Struct)


@dataclass(frozen=True)
class MiniCall:
    """One request: query arguments and raw body."""

    query: Mapping[str, str]
    body: bytes

    def read(self, shape: type[Shape]) -> Shape:
        """Parse the body as the declared type; unknown fields are ignored, as WeChat does.

        Raises MiniRefusal: 44002 empty, 47001 not JSON or wrong types.
        """
        if not self.body:
            raise MiniRefusal(44002, "empty post data")
        try:
            return msgspec.json.decode(self.body, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MiniRefusal(47001, f"data format error: {error}") from error


@dataclass(frozen=True)
class MiniImage:
    """Raw bytes instead of JSON."""

    content: bytes
    content_type: str


MiniAnswer = dict[str, Any] | MiniImage


@dataclass(frozen=True)
class MiniOperation:
    """One endpoint; `run` works inside one transaction of the store and raises MiniRefusal to refuse.

    `takes_token` is off for the calls that need no access token.
    """

    name: Operation
    method: str
    path: str
    run: Callable[[Sandbox, MiniCall], MiniAnswer]
    takes_token: bool = True


OK: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}


async def handle(sandbox: Sandbox, operation: MiniOperation, request: Request) -> HTTPResponse:
    """Check, run, commit, answer. The HTTP status is always 200; only `errcode` shows an error."""
    knobs = sandbox.knobs
    query = {name: request.args.get(name, "") for name in request.args}
    try:
        if request.method != operation.method:
            raise MiniRefusal(43002 if operation.method == "POST" else 43001, f"require {operation.method} method")
        if operation.takes_token:
            check_access_token(sandbox, query.get("access_token", ""))
        if knobs.take("rate_limited", operation.name):
            raise MiniRefusal(45011, "api minute-quota reach limit, must slower, retry next minute")
        errcode = knobs.take_mini_error(operation.name)
        if errcode is not None:
            raise MiniRefusal(errcode, "system error" if errcode == -1 else "refused by a knob of the sandbox")
        with sandbox.store.transaction():
            answer = operation.run(sandbox, MiniCall(query, request.body))
    except MiniRefusal as refusal:
        return refused(refusal)
    if knobs.take("timeout_after_commit", operation.name):
        return await hang_up(sandbox, request)
    if knobs.take("fail_500_after_commit", operation.name):
        return refused(MiniRefusal(-1, "system error"))
    if isinstance(answer, MiniImage):
        return raw(answer.content, content_type=answer.content_type)
    return raw(orjson.dumps(answer), content_type="application/json; encoding=utf-8")


def refused(refusal: MiniRefusal) -> HTTPResponse:
    """Return the error envelope, with WeChat's request id in the text."""
    rid = f"{secrets.token_hex(4)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
    body = {"errcode": refusal.errcode, "errmsg": f"{refusal.errmsg} rid: {rid}"}
    return raw(orjson.dumps(body), content_type="application/json; encoding=utf-8")


def check_access_token(sandbox: Sandbox, token: str) -> None:
    """Check an access token. Raises MiniRefusal: 41001 missing, 40001 unknown or replaced, 42001 expired."""
    if not token:
        raise MiniRefusal(41001, "access_token missing")
    known = sandbox.store.get("token", token)
    if known is None:
        raise MiniRefusal(40001, "invalid credential, access_token is invalid or not latest")
    if known["dies"] <= sandbox.now():
        raise MiniRefusal(*known["death"])
