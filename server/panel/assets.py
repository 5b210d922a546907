"""Style and scripts of the panel. Their names contain a hash of the content, so browsers can cache them forever."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_PACKAGES = _HERE / "node_modules"
"""`npm ci` fills this folder; without Node.js the panel works with plain pages."""

_FILES = {
    "panel.css": _HERE / "static" / "panel.css",
    "panel.js": _HERE / "static" / "panel.js",
    "htmx.js": _PACKAGES / "htmx.org" / "dist" / "htmx.min.js",
    "echarts.js": _PACKAGES / "echarts" / "dist" / "echarts.common.min.js",
}
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    name: str
    """The name with the hash: `panel-3fa9c1d2e4.css`."""
    media_type: str
    body: bytes
    packed: bytes
    """The body, compressed with gzip."""


@cache
def all_assets() -> dict[str, Asset]:
    """Return all assets by plain name, without packages that are not installed. Read once per process."""
    return {name: _read(name, path) for name, path in _FILES.items() if path.is_file()}


@cache
def by_hashed_name() -> dict[str, Asset]:
    """Return all assets by the hashed name that the address has."""
    return {asset.name: asset for asset in all_assets().values()}


def _read(name: str, path: Path) -> Asset:
    body = path.read_bytes()
    stem, suffix = Path(name).stem, Path(name).suffix
    hashed = f"{stem}-{hashlib.sha256(body).hexdigest()[:10]}{suffix}"
    return Asset(hashed, _TYPES[suffix], body, gzip.compress(body, mtime=0))
