"""The scope of a coupon: the whole shop, some products or some categories; also in words."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from server import db
from server.services.terms.rebate_rules import SUBTREES

_NAMED = 3
"""How many names a label lists; if there are more, it also gives the total."""


_ids = msgspec.json.Decoder(tuple[int, ...])


class Scope(msgspec.Struct, frozen=True):
    """What a coupon is for: these products or these categories (ids); both None: the whole shop."""

    products: tuple[int, ...] | None
    categories: tuple[int, ...] | None


WHOLE_SHOP = Scope(None, None)


def ids(stored: str | None) -> tuple[int, ...] | None:
    """Decode a stored column of ids; None without one."""
    return _ids.decode(stored) if stored else None


_FOUND = {
    "products": "SELECT id, slug FROM products WHERE id = ANY ($1::bigint[]) OR slug = ANY ($2::text[])",
    "categories": "SELECT id, slug FROM categories WHERE id = ANY ($1::bigint[]) OR slug = ANY ($2::text[])",
}


async def resolve(
    connection: db.Connection, noun: str, named: Sequence[int | str]
) -> tuple[list[int], list[int | str]]:
    """Return the ids that numbers and slugs of `products` or `categories` name, and those that name nothing.

    A category includes all categories that are below it now.
    """
    numbers, slugs = [one for one in named if isinstance(one, int)], [one for one in named if isinstance(one, str)]
    rows = await connection.fetch(_FOUND[noun], numbers, slugs)
    known = {row["id"] for row in rows} | {row["slug"] for row in rows}
    found = sorted(row["id"] for row in rows)
    if noun == "categories":
        found = [row["id"] for row in await connection.fetch(SUBTREES, found)]
    return found, [one for one in named if one not in known]


async def labels(scopes: Sequence[Scope]) -> list[str]:
    """Label each scope: `全场通用`, `限「大米面霜」`, `限美妆、母婴类商品`."""
    titles = await _titles(one for found in scopes for one in found.products or ())
    names = await _categories(one for found in scopes for one in found.categories or ())
    return [_label(found, titles, names) for found in scopes]


async def _titles(wanted: Iterable[int]) -> dict[int, str]:
    numbers = sorted(set(wanted))
    if not numbers:
        return {}
    return {
        row["id"]: row["title"] for row in await db.fetch("SELECT id, title FROM products WHERE id = ANY ($1)", numbers)
    }


async def _categories(wanted: Iterable[int]) -> dict[int, tuple[str, int | None]]:
    numbers = sorted(set(wanted))
    if not numbers:
        return {}
    rows = await db.fetch(
        "SELECT id, name, parent_id FROM categories WHERE id = ANY ($1) ORDER BY position, id", numbers
    )
    return {row["id"]: (row["name"], row["parent_id"]) for row in rows}


def _label(found: Scope, titles: Mapping[int, str], names: Mapping[int, tuple[str, int | None]]) -> str:
    products, categories = found.products, found.categories
    if products is not None:
        named = [f"「{titles[one]}」" for one in products if one in titles]
        return f"限{named[0]}" if len(named) == 1 else f"限 {len(named)} 件指定商品"
    if categories is None:
        return "全场通用"
    # Name only the topmost categories: the categories below them were added automatically.
    tops = [name for one, (name, parent) in names.items() if one in categories and parent not in categories]
    return f"限{'、'.join(tops[:_NAMED])}{f'等 {len(tops)} 类' if len(tops) > _NAMED else '类'}商品"
