"""Products with their SKUs, stock and pictures: each form makes an entry for services/catalogue/apply.py."""

import re
from typing import Annotated, Any

import msgspec

from server.handlers.admin.screen import Done, Screens, Visit
from server.handlers.admin.typed import Typed
from server.rules.approvals import PriceChange
from server.rules.operators import Permission
from server.services.catalogue import card_import, product_pictures
from server.services.catalogue import goods as catalogue_goods
from server.services.catalogue.product_pictures import Move
from server.services.desk import coupons, freight
from server.services.desk import goods as goods_desk
from server.services.terms import levels

screens = Screens("goods")

_VIEW, _EDIT = Permission.PRODUCTS_VIEW, Permission.PRODUCTS_EDIT
_BLANK_ROWS = 2
_ROW = re.compile(r"skus\[(\d{1,3})\]\.")
_LABELS = {
    "slug": "标识",
    "title": "标题",
    "subtitle": "副标题",
    "category": "分类",
    "kind": "类型",
    "coupon": "优惠券",
    "detail": "详情",
    "images": "图片",
    "seen": "商品",
    "reason": "理由",
    "code": "编码",
    "spec": "规格",
    "price_fen": "售价",
    "market_price_fen": "划线价",
    "stock_add": "入库",
    "alert_at": "提醒线",
    "position": "排序",
    "on_from": "定时上架",
    "off_from": "定时下架",
    "limit_each": "每人限购",
    "min_level": "等级专享",
    "exchange_only": "仅限积分兑换",
    "freight": "运费模板",
    "weight_g": "重量",
}
_SPEC = re.compile(r"[;；\n]+")
_PAIR = re.compile(r"\s*[:：=]\s*")


@screens.page("/products/new", _EDIT, "catalogue/product.html")
async def new_product(visit: Visit, _: None) -> dict[str, Any]:
    """Show an empty form."""
    return {"found": None, "rows": range(1 + _BLANK_ROWS), **await _choices()}


@screens.page("/products/<product_id:int>", _VIEW, "catalogue/product.html")
async def product(visit: Visit, _: None) -> dict[str, Any]:
    """Show one product; operators with the permission can change it."""
    found = await catalogue_goods.product(visit.path["product_id"])
    used = len(found["skus"])
    return {
        "found": {**found, **goods_desk.on_the_shelf(visit.deps, found, on_sale=found["on_sale"])},
        "rows": range(used, used + _BLANK_ROWS),
        "pictures_most": product_pictures.MOST_PICTURES,
        **await _choices(),
    }


async def _choices() -> dict[str, Any]:
    return {
        "categories": await catalogue_goods.categories(),
        "freight": await freight.names(),
        "coupons": await coupons.names(),
        "levels": [level.name for level in await levels.current()],
    }


@screens.action("/products/new", _EDIT, dict[str, str])
async def create(visit: Visit, form: dict[str, str]) -> Done:
    """Create a product with its SKUs."""
    typed = Typed(form, _LABELS)
    typed.need("slug")
    made_as = {
        "slug": typed.text("slug"),
        "new": True,
        "kind": typed.text("kind"),
        "coupon": typed.text("coupon") or None,
    }
    await _save(visit, typed, made_as)
    made = await catalogue_goods.product_id(typed.text("slug"))
    return Done("商品已创建，可以继续添加图片", f"/admin/products/{made}")


@screens.action("/products/<product_id:int>", _EDIT, dict[str, str])
async def change(visit: Visit, form: dict[str, str]) -> Done:
    """Change everything that the product's page shows."""
    found = await catalogue_goods.product(visit.path["product_id"])
    typed = Typed(form, _LABELS)
    await _save(visit, typed, {"slug": found["slug"], "seen": typed.text("seen")})
    return Done("已保存", f"/admin/products/{found['id']}")


async def _save(visit: Visit, typed: Typed, head: dict[str, Any]) -> None:
    typed.need("title", "category")
    for name in ("title", "subtitle", "category", "detail"):
        head[name] = typed.text(name)
    head |= {"on_sale": typed.flag("on_sale"), "exchange_only": typed.flag("exchange_only")}
    head |= {"on_from": typed.moment("on_from"), "off_from": typed.moment("off_from")}
    head |= {
        "limit_each": typed.whole("limit_each"),
        "min_level": typed.whole("min_level"),
        "freight": typed.text("freight") or None,
    }
    rows = [row for row in _rows(typed) if _filled(typed, row)]
    head["skus"] = [_sku(typed, row) for row in rows]
    stocked = any(sku["stock_add"] for sku in head["skus"])
    reason = typed.reason(needed=stocked and "new" not in head)
    places = {f"skus[{row}]": f"skus[{place}]" for place, row in enumerate(rows)}
    await typed.submit(visit, PriceChange, "products", head, reason, places)


def _rows(typed: Typed) -> list[int]:
    return sorted({int(found[1]) for name in typed.form if (found := _ROW.match(name))})


def _filled(typed: Typed, row: int) -> bool:
    """Tell whether a SKU row was filled in; the form always has an empty row for one more SKU."""
    names = ("code", "spec", "price_fen", "market_price_fen", "stock_add", "alert_at", "weight_g")
    return any(typed.text(f"skus[{row}].{name}") for name in names)


def _sku(typed: Typed, row: int) -> dict[str, Any]:
    def at(name: str) -> str:
        return f"skus[{row}].{name}"

    typed.need(at("code"), at("price_fen"))
    return {
        "code": typed.text(at("code")),
        "spec": _spec(typed, at("spec")),
        "price_fen": typed.fen(at("price_fen")),
        "market_price_fen": typed.fen(at("market_price_fen")),
        "stock_add": typed.whole(at("stock_add")) or 0,
        "alert_at": typed.whole(at("alert_at")) or 0,
        "weight_g": typed.whole(at("weight_g")) or 0,
        "on_sale": typed.flag(at("on_sale")),
        "position": typed.whole(at("position")) or 0,
    }


def _spec(typed: Typed, name: str) -> dict[str, str]:
    """Split `颜色：红；规格：500ml` into pairs."""
    pairs = [_PAIR.split(part.strip(), maxsplit=1) for part in _SPEC.split(typed.text(name)) if part.strip()]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):  # noqa: PLR2004 - a pair
        typed.note(name, "请写成 名称：值，多个用分号隔开，例如 颜色：红；规格：500ml")
        return {}
    return dict(pairs)


@screens.action("/products/<product_id:int>/pictures", _EDIT, file_most=product_pictures.MOST_BYTES)
async def add_picture(visit: Visit, _: None) -> Done:
    """Add a picture after the others."""
    product_id = visit.path["product_id"]
    with Typed({}, _LABELS).judged():
        await product_pictures.add(visit.deps, product_id, visit.file, visit.operator.name)
    return Done("图片已添加", f"/admin/products/{product_id}")


class MoveForm(msgspec.Struct):
    """The picture, and where it moves."""

    picture: Annotated[str, msgspec.Meta(max_length=400)]
    move: Move


@screens.action("/products/<product_id:int>/pictures/move", _EDIT, MoveForm)
async def move_picture(visit: Visit, form: MoveForm) -> Done:
    """Move a picture to the front, forward or back, or remove it."""
    product_id = visit.path["product_id"]
    with Typed({}, _LABELS).judged():
        await product_pictures.arrange(visit.deps, product_id, form.picture, form.move, visit.operator.name)
    return Done("图片已调整", f"/admin/products/{product_id}")


@screens.action("/stock/<sku_id:int>", _EDIT, dict[str, str])
async def change_stock(visit: Visit, form: dict[str, str]) -> Done:
    """Add pieces, or remove free ones, and set the stock level at which operators get a low-stock alert."""
    sku = await catalogue_goods.sku(visit.path["sku_id"])
    typed = Typed(form, _LABELS)
    reason = typed.reason(needed=True)
    entry = {"code": sku["code"], "stock_add": typed.whole("stock_add") or 0}
    if (alert_at := typed.whole("alert_at")) is not None:
        entry["alert_at"] = alert_at
    head = {"slug": sku["slug"], "seen": typed.text("seen"), "skus": [entry]}
    places = {name: f"skus[0].{name}" for name in ("stock_add", "alert_at")}
    await typed.submit(visit, PriceChange, "products", head, reason, places)
    return Done(f"{sku['code']} 已更新", f"/admin/stock?q={sku['code']}")


@screens.page("/skus/<sku_id:int>/cards", _VIEW, "catalogue/cards.html")
async def cards(visit: Visit, _: None) -> dict[str, Any]:
    """Show how many card keys there are, but never the keys, and the report on the last file."""
    sku = await catalogue_goods.sku(visit.path["sku_id"])
    return {
        "sku": sku,
        "stock": await card_import.stock(sku["id"]),
        "report": await card_import.last(visit.deps, sku["id"], visit.operator.id),
        "most": card_import.MOST_LINES,
    }


class CardsForm(msgspec.Struct):
    """Whether to accept a file that has wrong lines."""

    skip_bad: bool = False


@screens.action("/skus/<sku_id:int>/cards", _EDIT, CardsForm, file_most=card_import.MOST_BYTES)
async def import_cards(visit: Visit, form: CardsForm) -> Done:
    """Import card keys from a file; the next page shows the report."""
    sku_id, who = visit.path["sku_id"], visit.operator
    report = await card_import.take(visit.deps, sku_id, visit.file, skip_bad=form.skip_bad, actor=who.name)
    await card_import.remember(visit.deps, sku_id, who.id, report)
    wrong = f"，{len(report.problems)} 行有问题，见下" if report.problems else ""
    return Done(f"导入 {report.taken} 条卡密{wrong}", f"/admin/skus/{sku_id}/cards")
