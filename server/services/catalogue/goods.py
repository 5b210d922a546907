"""Products, SKUs and categories, on sale or not, with all fields that can be changed."""

from typing import Any

import orjson

from server import db
from server.core.errors import NotFound


def keyed(kind: str, coupon_template_id: int | None) -> bool:
    """Return whether the pieces of a product are card keys."""
    return kind == "virtual" and coupon_template_id is None


async def product(product_id: int) -> dict[str, Any]:
    """Return a product, on sale or not, with `category` and `freight` as slugs, `coupon` as name, `images` and `skus`.

    Raises NotFound.
    """
    row = await db.fetch_row(
        "SELECT p.*, c.slug AS category, c.name AS category_name, f.slug AS freight, t.name AS coupon FROM products p"
        " JOIN categories c ON c.id = p.category_id LEFT JOIN freight_templates f ON f.id = p.freight_template_id"
        " LEFT JOIN coupon_templates t ON t.id = p.coupon_template_id WHERE p.id = $1",
        product_id,
    )
    if row is None:
        raise NotFound(what="product")
    skus = await db.fetch("SELECT * FROM skus WHERE product_id = $1 ORDER BY position, id", product_id)
    return {
        **row,
        "keyed": keyed(row["kind"], row["coupon_template_id"]),
        "images": orjson.loads(row["images"]),
        "skus": [{**sku, "spec": orjson.loads(sku["spec"])} for sku in skus],
    }


async def product_id(slug: str) -> int:
    """Return the id of a product by its slug. Raises NotFound."""
    found: int | None = await db.fetch_value("SELECT id FROM products WHERE slug = $1", slug)
    if found is None:
        raise NotFound(what="product")
    return found


async def sku(sku_id: int) -> dict[str, Any]:
    """Return one SKU with its product's `slug`, `title`, `keyed` and `updated_at`. Raises NotFound."""
    row = await db.fetch_row(
        "SELECT s.*, p.slug, p.title, p.kind, p.coupon_template_id, p.updated_at FROM skus s"
        " JOIN products p ON p.id = s.product_id WHERE s.id = $1",
        sku_id,
    )
    if row is None:
        raise NotFound(what="sku")
    return {**row, "keyed": keyed(row["kind"], row["coupon_template_id"]), "spec": orjson.loads(row["spec"])}


async def categories() -> list[dict[str, Any]]:
    """Return the tree, parents before children: `id, slug, name, icon, position, parent, depth, products`."""
    rows = await db.fetch(
        "SELECT c.id, c.slug, c.name, c.icon, c.position, c.parent_id, above.slug AS parent,"
        " COALESCE(p.n, 0) AS products FROM categories c LEFT JOIN categories above ON above.id = c.parent_id"
        " LEFT JOIN (SELECT category_id, count(*) AS n FROM products GROUP BY category_id) p ON p.category_id = c.id"
        " ORDER BY c.position, c.id"
    )
    below: dict[int | None, list[dict[str, Any]]] = {}
    for row in rows:
        below.setdefault(row["parent_id"], []).append(dict(row))
    found, waiting = list[dict[str, Any]](), [(0, one) for one in reversed(below.get(None, []))]
    while waiting:
        depth, one = waiting.pop()
        found.append({**one, "depth": depth})
        waiting += [(depth + 1, child) for child in reversed(below.get(one["id"], []))]
    return found


async def category(category_id: int) -> str:
    """Return the slug of a category. Raises NotFound."""
    slug: str | None = await db.fetch_value("SELECT slug FROM categories WHERE id = $1", category_id)
    if slug is None:
        raise NotFound(what="category")
    return slug
