"""Freight templates as operators see them. services/catalogue/freight_entries.py creates and changes them."""

from typing import Any

import msgspec
import orjson

from server import db
from server.core.errors import NotFound
from server.gateways.ports import Deps
from server.rules.freight import FreightTerms, in_words
from server.rules.operators import Permission
from server.services.common import cursors
from server.services.common.listings import Column, Key, Listing, Row


def _worded(_deps: Deps, row: Row) -> Row:
    return row | {"told": "；".join(in_words(msgspec.json.decode(row["terms"], type=FreightTerms)))}


FREIGHT = Listing(
    name="freight",
    title="运费模板",
    permission=Permission.PRODUCTS_VIEW,
    select=(
        "f.id, f.slug, f.name, f.terms, f.updated_at,"
        " (SELECT count(*) FROM products WHERE freight_template_id = f.id) AS products"
    ),
    source="freight_templates f",
    keys=(Key("f.id", cursors.Number),),
    columns=(
        Column("编号", "id", "number"),
        Column("标识", "slug", "code"),
        Column("名称", "name", to="/admin/freight/{id}"),
        Column("收费", "told"),
        Column("商品数", "products", "number"),
        Column("修改时间", "updated_at", "when"),
    ),
    empty="还没有运费模板：所有商品按商城设置里的运费收取",
    template="catalogue/freight_templates.html",
    opened=_worded,
)


async def template(template_id: int) -> dict[str, Any]:
    """Return one template with its `terms` as plain values. Raises NotFound."""
    row = await db.fetch_row("SELECT * FROM freight_templates WHERE id = $1", template_id)
    if row is None:
        raise NotFound(what="freight_template")
    return {**row, "terms": orjson.loads(row["terms"])}


async def names() -> list[dict[str, Any]]:
    """Return `slug` and `name` of all templates, for a menu."""
    return [dict(row) for row in await db.fetch("SELECT slug, name FROM freight_templates ORDER BY name, id")]
