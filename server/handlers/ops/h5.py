"""The H5 shop at `/h5/`: serves the folder that `scripts/h5/build.mjs` builds, from memory."""

import asyncio
import gzip
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, redirect

from server.core.errors import NotFound
from server.gateways.ports import Deps

blueprint = Blueprint("h5")

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_TEXT = frozenset({".css", ".html", ".js", ".json", ".map", ".svg"})
_HASHED = re.compile(r"[.-]([0-9A-Z]{8}|[0-9a-f]{8,})(\.[a-z0-9]+)+$")
"""`home.3fa9c1d2.js`, `home-K2JX5QPA.js.map`: the name has a hash of the content, so the file never changes."""

_ALWAYS = "no-cache"
_FOREVER = "public, max-age=31536000, immutable"
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob: https:; style-src 'self' 'unsafe-inline'; object-src 'none';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_PLACE = b'<meta name="tuisan" content="">'
"""Replaced in index.html by the mode: `development` (the sandbox logs in and pays) or `production` (WeChat does)."""

_UNBUILT = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>推三返一商城</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<body style="font:16px/1.8 sans-serif;max-width:36em;margin:12vh auto;padding:0 1em;color:#2b211c;background:#fbf6ef">
<h1>H5 商城还没有构建</h1>
<p>安装 Node.js 20 或更新版本后重新运行 <code>./scripts/run</code>，它会自动构建；或手动执行：</p>
<pre>npm ci --prefix miniprogram
npm ci --prefix scripts/h5
node scripts/h5/build.mjs</pre><p>然后刷新本页。接口与微信小程序不受影响。</p></body></html>
"""


@dataclass(frozen=True, slots=True)
class _Held:
    """A file as it is sent. `packed` holds compressed forms by encoding, the smallest first."""

    stamp: tuple[int, int]
    body: bytes
    etag: str
    packed: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The cache of one folder's files; a file that changed on disk is read again."""

    folder: Path
    development: bool
    held: dict[str, _Held] = field(default_factory=dict)

    async def take(self, name: str) -> _Held | None:
        """Return the file with this name below the folder; None if there is none."""
        path = self.folder / name
        try:
            found = path.stat()
        except (OSError, ValueError):
            return None
        if not path.is_file():
            return None
        stamp = found.st_mtime_ns, found.st_size
        held = self.held.get(name)
        if held is None or held.stamp != stamp:
            held = self.held[name] = await asyncio.to_thread(self._read, path, stamp)
        return held

    def _read(self, path: Path, stamp: tuple[int, int]) -> _Held:
        body = path.read_bytes()
        packed: dict[str, bytes] = {}
        if path.name == "index.html":
            mode = b"development" if self.development else b"production"
            body = body.replace(_PLACE, _PLACE.replace(b'content=""', b'content="%s"' % mode))
        elif (brotli := path.with_name(f"{path.name}.br")).is_file():
            packed["br"] = brotli.read_bytes()
        if path.suffix in _TEXT:
            packed["gzip"] = gzip.compress(body, mtime=0)
        return _Held(stamp, body, f'"{hashlib.sha256(body).hexdigest()[:20]}"', packed)


_shelves: dict[tuple[Path, bool], _Shelf] = {}


def _shelf(request: Request) -> _Shelf | None:
    deps: Deps = request.app.ctx.deps
    if deps.h5_dir is None:
        return None
    key = deps.h5_dir, bool(deps.sandbox_control_url)
    return _shelves.setdefault(key, _Shelf(*key))


@blueprint.get("/")
async def root(request: Request) -> HTTPResponse:
    """Redirect the bare address to the H5 shop, if there is one."""
    shelf = _shelf(request)
    if shelf is None or await shelf.take("index.html") is None:
        raise NotFound
    return redirect("/h5/")


@blueprint.get("/h5/")
async def index(request: Request) -> HTTPResponse:
    """Serve the shop's single page, or a page that says how to build it. Addresses inside the shop stand behind `#`."""
    if request.path == "/h5":
        return redirect(f"/h5/?{request.query_string}" if request.query_string else "/h5/")
    shelf = _shelf(request)
    held = await shelf.take("index.html") if shelf else None
    if held is None:
        return HTTPResponse(_UNBUILT, headers={"Cache-Control": "no-store"}, content_type=_TYPES[".html"])
    headers = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "same-origin"}
    return _send(request, held, _TYPES[".html"], _ALWAYS, headers)


@blueprint.get("/h5/assets/<name:path>")
async def asset(request: Request, name: str) -> HTTPResponse:
    """Serve a script, style or picture; browsers cache a file with a hash in its name forever."""
    shelf = _shelf(request)
    inside = all(part and not part.startswith(".") for part in name.split("/"))
    held = await shelf.take(f"assets/{name}") if shelf and inside else None
    if held is None:
        raise NotFound
    kept = _FOREVER if _HASHED.search(name) else _ALWAYS
    return _send(request, held, _TYPES.get(Path(name).suffix, "application/octet-stream"), kept, {})


def _send(request: Request, held: _Held, kind: str, kept: str, headers: dict[str, str]) -> HTTPResponse:
    headers |= {
        "Cache-Control": kept,
        "ETag": held.etag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if held.etag in request.headers.get("if-none-match", ""):
        return HTTPResponse(status=304, headers=headers)
    accepted = {part.partition(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")}
    for encoding, body in held.packed.items():
        if encoding in accepted:
            return HTTPResponse(body, headers=headers | {"Content-Encoding": encoding}, content_type=kind)
    return HTTPResponse(held.body, headers=headers, content_type=kind)
