"""The OpenAPI document, built from the declarations that also serve the calls, and a page to read it, without a CDN."""

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sanic import Request, Sanic
from sanic.response import HTTPResponse
from sanic.response import html as html_response

from server.core import errors
from server.core.errors import Refusal
from server.handlers.endpoint import JSON_TYPE, Endpoint, NoBody, Upload
from server.handlers.wechat import described

_ALWAYS: tuple[type[Refusal], ...] = (errors.Busy,)


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of these calls and of WeChat's: every request, answer and refusal."""
    bodies = [e for e in endpoints if e.method != "GET" and e.takes not in {NoBody, Upload}]
    types = [endpoint.takes for endpoint in bodies]
    types += [endpoint.gives for endpoint in endpoints]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    taken = dict(zip(map(id, bodies), schemas[: len(bodies)], strict=True))
    given = dict(zip(map(id, endpoints), schemas[len(bodies) :], strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        path = re.sub(r"<(\w+)(?::\w+)?>", r"{\1}", "/api" + endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, taken, given)
    paths |= described.PATHS
    components["Error"] = _ERROR
    return {
        "openapi": "3.1.0",
        "info": {"title": "推三返一商城 Tuisan Mall", "version": "1.0.0"},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "detail", "request_id"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "detail": {"type": "object"},
                "request_id": {"type": "string"},
            },
        }
    },
}


_BINARY: dict[str, Any] = {"type": "string", "format": "binary"}
_FILE: dict[str, Any] = {
    "multipart/form-data": {
        "schema": {"type": "object", "required": ["file"], "properties": {"file": _BINARY}},
    },
    "image/*": {"schema": _BINARY},
}


def _operation(endpoint: Endpoint, taken: dict[int, Any], given: dict[int, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.blueprint}.{endpoint.handler.__name__}",
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint, given[id(endpoint)]),
    }
    if endpoint.handler.__doc__:
        operation["description"] = endpoint.handler.__doc__
    if endpoint.auth == "member":
        operation["security"] = [{"token": []}]
    if id(endpoint) in taken:
        media: dict[str, Any] = {"schema": taken[id(endpoint)]}
        if endpoint.example is not None:
            media["example"] = endpoint.example
        operation["requestBody"] = {"required": True, "content": {JSON_TYPE: media}}
    elif endpoint.takes is Upload:
        operation["requestBody"] = {"required": True, "content": _FILE}
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    found = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer" if kind == "int" else "string"},
        }
        for name, kind in re.findall(r"<(\w+)(?::(\w+))?>", endpoint.path)
    ]
    if endpoint.method == "GET" and endpoint.takes is not NoBody:
        schema = msgspec.json.schema(endpoint.takes)
        body = schema["$defs"][endpoint.takes.__name__]
        found += [
            {"name": name, "in": "query", "required": name in body.get("required", ()), "schema": _plain(shape)}
            for name, shape in body["properties"].items()
        ]
    if endpoint.keyed:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]+$"},
            }
        )
    return found


def _plain(shape: dict[str, Any]) -> dict[str, Any]:
    """Drop null from a query value's schema: a query leaves a value out instead of sending null."""
    options = [one for one in shape.get("anyOf", ()) if one != {"type": "null"}]
    return options[0] if len(options) == 1 else {key: value for key, value in shape.items() if key != "default"}


def _responses(endpoint: Endpoint, answer: dict[str, Any]) -> dict[str, Any]:
    if endpoint.media_type != JSON_TYPE:
        answer = _BINARY
    responses: dict[str, Any] = {
        str(endpoint.status): {"description": "成功", "content": {endpoint.media_type: {"schema": answer}}}
    }
    if endpoint.keyed:
        responses[str(endpoint.status)]["headers"] = {
            "Idempotency-Replayed": {"schema": {"type": "string", "const": "true"}}
        }
    refusals: set[type[Refusal]] = {*endpoint.refuses, *_ALWAYS, errors.BadRequest}
    if endpoint.auth == "member":
        refusals.add(errors.NotLoggedIn)
    if endpoint.keyed:
        refusals |= {errors.IdempotencyKeyMissing, errors.IdempotencyMismatch}
    if "<" in endpoint.path:
        refusals.add(errors.NotFound)
    if endpoint.method != "GET":
        refusals.add(errors.TooLarge)
    for refusal in sorted(refusals, key=lambda one: (one.status, one.code)):
        entry = responses.setdefault(
            str(refusal.status),
            {
                "description": "",
                "content": {JSON_TYPE: {"schema": {"$ref": "#/components/schemas/Error"}, "examples": {}}},
            },
        )
        entry["description"] += f"{'；' if entry['description'] else ''}{refusal.code}: {refusal.message}"
        entry["content"][JSON_TYPE]["examples"][refusal.code] = {"value": _sample(refusal)}
        if refusal.retry_after_s is not None:
            entry["headers"] = {"Retry-After": {"schema": {"type": "string"}}}
    return responses


def _sample(refusal: type[Refusal]) -> dict[str, Any]:
    return {"error": {"code": refusal.code, "message": refusal.message, "detail": {}, "request_id": "K7Q2M9XABCDE"}}


def publish(app: Sanic[Any, Any], endpoints: list[Endpoint]) -> None:
    """Serve `/openapi.json` and `/docs`; both are built once per process."""
    body, page = _published(tuple(endpoints))

    async def openapi_json(_request: Request) -> HTTPResponse:
        return HTTPResponse(body, content_type=JSON_TYPE)

    async def docs(_request: Request) -> HTTPResponse:
        return html_response(page)

    app.add_route(openapi_json, "/openapi.json", name="openapi_json")
    app.add_route(docs, "/docs", name="docs")


@lru_cache(maxsize=2)
def _published(endpoints: tuple[Endpoint, ...]) -> tuple[bytes, str]:
    made = document(endpoints)
    return msgspec.json.encode(made), _page(made)


def _page(made: dict[str, Any]) -> str:
    sections: dict[str, list[str]] = {}
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            sections.setdefault(operation["tags"][0], []).append(_card(path, method, operation))
    toc = "".join(f'<a href="#{html.escape(tag)}">{html.escape(tag)}</a>' for tag in sections)
    body = "".join(
        f'<h2 id="{html.escape(tag)}">{html.escape(tag)}</h2>{"".join(cards)}' for tag, cards in sections.items()
    )
    return _SHELL.replace("{toc}", toc).replace("{body}", body)


def _card(path: str, method: str, operation: dict[str, Any]) -> str:
    parts = [f"<p>{html.escape(operation['description'])}</p>"] if "description" in operation else []
    shown = {"parameters": operation["parameters"], "requestBody": operation.get("requestBody", {}).get("content")}
    parts += [f"<h4>{name}</h4><pre>{_pretty(value)}</pre>" for name, value in shown.items() if value]
    for status, answer in operation["responses"].items():
        parts.append(f"<h4>{status} {html.escape(answer['description'])}</h4>")
        if status.startswith("2"):
            parts += [f"<pre>{_pretty(content['schema'])}</pre>" for content in answer.get("content", {}).values()]
    title = f"<b>{method.upper()}</b> <code>{html.escape(path)}</code> {html.escape(operation['summary'])}"
    return f"<details><summary>{title}</summary>{''.join(parts)}</details>"


def _pretty(value: Any) -> str:  # noqa: ANN401 - JSON
    return html.escape(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


_SHELL = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>推三返一商城 API</title><style>
body{font:15px/1.6 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#2b2320;background:#fdfaf7}
h1{color:#b4382a}h2{margin-top:2rem;border-bottom:1px solid #e7d9ce}nav a{margin-right:1rem;color:#b4382a}
details{background:#fff;border:1px solid #eadfd6;border-radius:8px;margin:.5rem 0;padding:.4rem .8rem}
summary{cursor:pointer}summary b{display:inline-block;min-width:4.5em;color:#b4382a}
pre{background:#f7f1ec;padding:.6rem;border-radius:6px;overflow:auto;font-size:13px}h4{margin:.8rem 0 .2rem}
</style><h1>推三返一商城 API</h1><nav>{toc}</nav>
<p>机器可读：<a href="/openapi.json">/openapi.json</a></p>{body}</html>"""
