"""Product pictures that operators upload: checked, re-encoded, named by their hash, deleted when unused."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from server import db
from server.core import errors
from server.core.advisory import Advisory
from server.drawing.photos import NotAPicture, photo
from server.gateways.ports import Deps
from server.services.catalogue import apply as catalogue_apply
from server.services.catalogue import goods
from server.services.common import locks
from server.services.files import pictures

MOST_BYTES = 5 * 1024 * 1024
MOST_PICTURES = 12
_SIDE = 1600
_PLACE = "/media/"
_PREFIX = "goods-"
_KEPT = timedelta(days=1)
"""How long an unused picture is kept, for people who still look at an old page with it."""

Move = Literal["first", "earlier", "later", "remove"]


async def add(deps: Deps, product_id: int, body: bytes, actor: str) -> None:
    """Append a picture to a product's pictures. Raises NotFound, TooLarge, PictureInvalid, FileInvalid."""
    found = await goods.product(product_id)
    name, drawn = await _drawn(deps, body)
    images = [*(one for one in found["images"] if one != name), name]
    await _shown(deps, name, drawn, {"products": [_entry(found["slug"], found["updated_at"], images)]}, actor)


async def arrange(deps: Deps, product_id: int, picture: str, move: Move, actor: str) -> None:
    """Move or remove one of a product's pictures. Raises NotFound, FileInvalid (the product was changed meanwhile)."""
    found = await goods.product(product_id)
    images: list[str] = found["images"]
    if picture not in images:
        raise errors.NotFound(what="picture")
    at = images.index(picture)
    rest = [one for one in images if one != picture]
    if move != "remove":
        rest.insert({"first": 0, "earlier": max(0, at - 1), "later": at + 1}[move], picture)
    await catalogue_apply.apply(deps, {"products": [_entry(found["slug"], found["updated_at"], rest)]}, actor)


async def set_icon(deps: Deps, category_id: int, body: bytes, actor: str) -> None:
    """Set a category's picture. Raises NotFound, TooLarge, PictureInvalid."""
    slug = await goods.category(category_id)
    name, drawn = await _drawn(deps, body)
    await _shown(deps, name, drawn, {"categories": [{"slug": slug, "icon": name}]}, actor)


def _entry(slug: str, seen: datetime, images: list[str]) -> dict[str, object]:
    return {"slug": slug, "seen": seen, "images": images}


async def _drawn(deps: Deps, body: bytes) -> tuple[str, bytes]:
    """Return the picture's future address and its file content. Raises NotFound if the shop keeps no files."""
    _folder(deps)
    if len(body) > MOST_BYTES:
        raise errors.TooLarge(problem=f"图片最大 {MOST_BYTES // 1024 // 1024} MB")
    try:
        drawn = await pictures.draw(lambda: photo(body, _SIDE))
    except NotAPicture as error:
        raise errors.PictureInvalid from error
    return f"{_PLACE}{_PREFIX}{hashlib.sha256(drawn).hexdigest()[:32]}.webp", drawn


async def _shown(deps: Deps, name: str, drawn: bytes, document: dict[str, Any], actor: str) -> None:
    """Write the file before the rows that show it, and again afterwards if `forget` deleted an old copy in between."""
    path = _folder(deps) / name.removeprefix(_PLACE)
    await asyncio.to_thread(pictures.write, path, drawn)
    await catalogue_apply.apply(deps, document, actor)
    if not await asyncio.to_thread(path.exists):
        await asyncio.to_thread(pictures.write, path, drawn)


def _folder(deps: Deps) -> Path:
    if deps.media_dir is None:
        raise errors.NotFound(what="media")
    return deps.media_dir


_USED = """
SELECT f.name FROM unnest($1::text[]) f(name) WHERE
  EXISTS (SELECT FROM products WHERE images ? f.name) OR EXISTS (SELECT FROM categories WHERE icon = f.name)
  OR EXISTS (SELECT FROM order_lines WHERE image = f.name AND image LIKE '/media/goods-%')
  OR EXISTS (SELECT FROM shop_policy WHERE strpos(terms::text, f.name) > 0)
"""


async def forget(deps: Deps) -> None:
    """Delete uploaded pictures that nothing has shown for a day: no product, category, order or banner.

    It holds the catalogue's lock, so that nobody starts to show a picture meanwhile. `_shown` checks again afterwards.
    """
    if deps.media_dir is None:
        return
    old = await asyncio.to_thread(_older, deps.media_dir, deps.clock.now() - _KEPT)
    if not old:
        return
    async with db.transaction() as tx:
        await locks.alone(tx, Advisory.CATALOGUE)
        used = {row["name"] for row in await tx.fetch(_USED, old)}
        for name in old:
            if name not in used:
                (deps.media_dir / name.removeprefix(_PLACE)).unlink(missing_ok=True)


def _older(folder: Path, before: datetime) -> list[str]:
    """Return the addresses of uploaded pictures whose files are older than `before`."""
    return [
        f"{_PLACE}{file.name}"
        for file in folder.glob(f"{_PREFIX}*.webp")
        if datetime.fromtimestamp(file.stat().st_mtime, UTC) < before
    ]
