"""Mini-program codes and links: real QR codes, and link texts; WeChat itself opens neither."""

import re
import struct
import zlib
from urllib.parse import quote

import msgspec
import segno

from server.sandbox import crypto
from server.sandbox.context import Sandbox
from server.sandbox.errors import MiniRefusal
from server.sandbox.mini_gate import OK, MiniAnswer, MiniCall, MiniImage, MiniOperation

LONGEST_SCENE, LONGEST_QUERY, LONGEST_TITLE = 32, 1024, 20
NARROWEST_PX, WIDEST_PX = 280, 1280
LONGEST_LINK_S = 30 * 86400
QUIET = 4
"""The white border around a code, in modules, as readers need it."""
HOME = "pages/index/index"
_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]+")


class Code(msgspec.Struct):
    """Body of getwxacodeunlimit (colours are accepted and not painted)."""

    scene: str = ""
    page: str = ""
    width: int = 430
    env_version: str = "release"


def wxacode(_: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /wxa/getwxacodeunlimit`: a PNG with a QR code of `{page}?scene={scene, quoted}`."""
    body = call.read(Code)
    if not 0 < len(body.scene) <= LONGEST_SCENE:
        raise MiniRefusal(40169, "invalid length for scene, or the data is not json string")
    if not _SCENE.fullmatch(body.scene):
        raise MiniRefusal(40129, "invalid scene")
    if "scancode_time" in body.scene:
        raise MiniRefusal(85096, "scancode_time is a reserved word")
    if body.page.startswith("/") or "?" in body.page:
        raise MiniRefusal(41030, "invalid page")
    if not NARROWEST_PX <= body.width <= WIDEST_PX or body.env_version not in ("release", "trial", "develop"):
        raise MiniRefusal(40097, "invalid args")
    return MiniImage(draw(f"{body.page or HOME}?scene={quote(body.scene, safe='')}", body.width), "image/png")


def draw(text: str, width_px: int) -> bytes:
    """Return a square black-and-white PNG: a QR code of the text, readable with up to a quarter of it covered."""
    modules = [bytes(row) for row in segno.make_qr(text, error="q", boost_error=False).matrix]
    scale = width_px // (len(modules) + 2 * QUIET)
    margin = (width_px - scale * len(modules)) // 2
    light = b"\x00" + b"\xff" * width_px
    rows = [light] * margin
    for row in modules:
        shades = b"".join(b"\x00" * scale if dark else b"\xff" * scale for dark in row)
        rows += [b"\x00" + (b"\xff" * margin + shades).ljust(width_px, b"\xff")] * scale
    rows += [light] * (width_px - len(rows))
    header = struct.pack(">IIBBBBB", width_px, width_px, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


class Link(msgspec.Struct):
    """Body of generate_urllink."""

    path: str = ""
    query: str = ""
    expire_type: int = 0
    expire_time: int = 0
    expire_interval: int = 30


def url_link(sandbox: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /wxa/generate_urllink`."""
    body = call.read(Link)
    if "?" in body.path:
        raise MiniRefusal(40165, "invalid weapp pagepath")
    if len(body.query) > LONGEST_QUERY:
        raise MiniRefusal(40212, "invalid query")
    lasts_s = body.expire_interval * 86400 if body.expire_type == 1 else body.expire_time - sandbox.now()
    given = body.expire_type == 1 or body.expire_time > 0
    if given and not 60 <= lasts_s <= LONGEST_LINK_S:  # noqa: PLR2004  (one minute)
        raise MiniRefusal(85401, "time limit between 1min and 30day")
    return {**OK, "url_link": f"https://wxaurl.cn/{crypto.random_word(11)}"}


class ShortLink(msgspec.Struct):
    """Body of genwxashortlink."""

    page_url: str = ""
    page_title: str = ""
    is_permanent: bool = False


def short_link(_: Sandbox, call: MiniCall) -> MiniAnswer:
    """`POST /wxa/genwxashortlink`."""
    body = call.read(ShortLink)
    if not 0 < len(body.page_url) <= LONGEST_QUERY:
        raise MiniRefusal(40066, "invalid url")
    if len(body.page_title) > LONGEST_TITLE:
        raise MiniRefusal(40225, "invalid page title")
    return {**OK, "link": f"#小程序://{body.page_title or '商城'}/{crypto.random_word(15)}"}


OPERATIONS = (
    MiniOperation("wxacode", "POST", "/wxa/getwxacodeunlimit", wxacode),
    MiniOperation("link", "POST", "/wxa/generate_urllink", url_link),
    MiniOperation("link", "POST", "/wxa/genwxashortlink", short_link),
)
