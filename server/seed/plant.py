"""Fills an empty shop. What exists already stays as it is: an operator may have changed it."""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import msgspec
import orjson

from server import db
from server.core.advisory import Advisory
from server.core.ids import code
from server.gateways.ports import Deps
from server.rules.levels import Level
from server.rules.rebates import RuleTerms
from server.seed import banners, pictures
from server.seed.pictures import Picture
from server.services.catalogue import apply as catalogue_apply
from server.services.coupons import apply as coupon_apply
from server.services.promotions import apply as activity_apply
from server.services.terms import levels, rebate_rules

_DATA = Path(__file__).parent / "data"
_DEPARTMENTS = ("beauty", "baby", "food", "home", "cards")
_COUPON_GOODS = ("coupon_goods",)
"""Goods that are coupons. They are added after the templates of these coupons, which are for some other goods."""

_RULE = RuleTerms(payout_cap_bp=5000, budget_fen=10_000_000, withdrawable=False)
"""Safe limits: the rebate can only be spent, each payout has a cap, and the budget is 100 000 yuan."""

_POINTS = {"points_per_yuan": 1, "check_in_points": 5, "check_in_week_points": 20}

_ACTIVITY_RUNS = timedelta(days=365)
"""How long the demo shop's activities run after they are added."""

_NOTICES = orjson.loads((_DATA / "notices.json").read_bytes())


@dataclass(frozen=True, slots=True)
class Planted:
    """How many of each were missing and have been added."""

    products: int
    coupon_templates: int
    notice_templates: int
    rule: bool
    levels: int
    group_buys: int
    flash_sales: int
    points_goods: int


async def plant(deps: Deps, actor: str) -> Planted:
    """Add what is missing. Safe to repeat, to run twice at once and while the shop is open. Raises Busy."""
    async with db.connection() as guard:
        await db.hold(guard, Advisory.PLANTING)  # no other run may add what this one finds missing
        try:
            return await _plant(deps, actor)
        finally:
            await db.let_go(guard, Advisory.PLANTING)


async def _plant(deps: Deps, actor: str) -> Planted:
    products = await _goods(deps, actor, _DEPARTMENTS)
    templates = await _coupons(deps, actor)
    products += await _goods(deps, actor, _COUPON_GOODS)
    at = deps.clock.now()
    async with db.transaction() as tx:
        await tx.execute(
            "INSERT INTO shop_policy (id, terms, updated_at) VALUES (1, $2::jsonb, $1)"
            " ON CONFLICT (id) DO UPDATE SET terms = EXCLUDED.terms || shop_policy.terms"
            " WHERE NOT shop_policy.terms ? 'banners'",
            at,
            orjson.dumps(_POINTS | {"banners": _banners() if deps.media_dir else []}).decode(),
        )
        notices = await tx.fetch(
            "INSERT INTO notice_templates (key, template_id, title, page, fields)"
            " SELECT n.key, n.template_id, n.title, n.page, n.fields FROM jsonb_to_recordset($1)"
            " AS n (key text, template_id text, title text, page text, fields jsonb)"
            " ON CONFLICT DO NOTHING RETURNING key",
            orjson.dumps(_NOTICES).decode(),
        )
    ruled = not await db.fetch_value("SELECT EXISTS (SELECT FROM rule_versions)")
    if ruled:
        await rebate_rules.publish(deps, _RULE, "演示商城的初始规则", actor)
    return Planted(
        products,
        templates,
        len(notices),
        ruled,
        levels=await _levels(deps, actor),
        group_buys=await _group_buys(deps, actor),
        flash_sales=await _flash_sales(deps, actor),
        points_goods=await _points_goods(deps, actor),
    )


async def _goods(deps: Deps, actor: str, names: Iterable[str]) -> int:
    departments: list[list[dict[str, Any]]] = [_read(name) for name in names]
    mixed = [one for one in chain.from_iterable(zip_longest(*departments)) if one is not None]
    missing = await _missing("products", mixed)
    pictured = deps.media_dir is not None
    categories = [_shelf(one, pictured=pictured) for one in await _missing("categories", _read("categories"))]
    freight = await _missing("freight_templates", _read("freight"))
    if missing or categories or freight:
        products = [_ready(one, pictured=pictured) for one in missing]
        document = {"categories": categories, "freight": freight, "products": products}
        await catalogue_apply.apply(deps, document, actor)
    return len(missing)


async def _flash_sales(deps: Deps, actor: str) -> int:
    """Add sessions that begin now, with those goods that still have the stock and at least the price."""
    now, missing = deps.clock.now(), await _missing("flash_sales", _read("flash_sales"))
    codes = [item["sku"] for sale in missing for item in sale["items"]]
    skus = {row["code"]: row for row in await db.fetch("SELECT * FROM skus WHERE code = ANY($1) AND on_sale", codes)}

    def is_there(item: dict[str, Any]) -> bool:
        sku = skus.get(item["sku"])
        return sku is not None and sku["available"] >= item["stock"] and sku["price_fen"] >= item["price_fen"]

    for sale in missing:
        ends_at = now + timedelta(hours=sale["hours"])
        entry = {name: sale[name] for name in ("slug", "name")} | {"starts_at": now, "ends_at": ends_at}
        entry["items"] = [item for item in sale["items"] if is_there(item)]
        await activity_apply.apply(deps, {"flash_sales": [entry]}, actor)
    return len(missing)


async def _coupons(deps: Deps, actor: str) -> int:
    missing = await _missing("coupon_templates", _read("coupons"))
    if missing:
        await coupon_apply.apply(deps, {"templates": missing}, actor)
    return len(missing)


async def _group_buys(deps: Deps, actor: str) -> int:
    missing = await _missing("group_buys", _read("group_buys"))
    now = deps.clock.now()
    times = {"starts_at": now, "ends_at": now + _ACTIVITY_RUNS}
    if missing:
        await activity_apply.apply(deps, {"group_buys": [one | times for one in missing]}, actor)
    return len(missing)


async def _points_goods(deps: Deps, actor: str) -> int:
    """Add goods whose SKU still costs more than their cash part."""
    missing = await _missing("points_goods", _read("points_goods"))
    prices = {row["code"]: row["price_fen"] for row in await db.fetch("SELECT code, price_fen FROM skus")}
    wanted = [good for good in missing if prices.get(good["sku"], 0) > good.get("price_fen", 0)]
    if wanted:
        await activity_apply.apply(deps, {"points_goods": wanted}, actor)
    return len(wanted)


async def _levels(deps: Deps, actor: str) -> int:
    if await levels.current():
        return 0
    wanted = msgspec.convert(_read("levels"), list[Level])
    await levels.change(deps, wanted, levels.version(()), "演示商城的初始等级", actor)
    return len(wanted)


def _read(name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = orjson.loads((_DATA / f"{name}.json").read_bytes())
    return entries


async def _missing(table: str, entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    known = {row["slug"] for row in await db.fetch(f"SELECT slug FROM {table}")}  # noqa: S608 - one of our tables
    return [entry for entry in entries if entry["slug"] not in known]


def _shelf(entry: dict[str, Any], *, pictured: bool) -> dict[str, Any]:
    """Return a category in the form of `product apply`; its icon is the picture of one of its products."""
    icon = f"/media/{pictures.file_name(Picture(*entry['picture']), 0)}" if pictured else ""
    return {name: value for name, value in entry.items() if name != "picture"} | {"icon": icon}


def _ready(entry: dict[str, Any], *, pictured: bool) -> dict[str, Any]:
    """Return an entry of the data in the form of `product apply`, with picture addresses and card keys."""
    picture, cards = Picture(*entry["picture"]), entry.get("cards", 0)
    images = [f"/media/{pictures.file_name(picture, view)}" for view in range(pictures.VIEWS)] if pictured else []
    skus = [{**sku, "card_keys": _card_keys(sku["code"], cards)} for sku in entry["skus"]]
    return {name: value for name, value in entry.items() if name not in {"picture", "cards"}} | {
        "images": images,
        "skus": skus,
    }


def _banners() -> list[dict[str, str]]:
    return [
        {
            "image_url": f"/media/{banners.file_name(one)}",
            "title": one.title,
            "subtitle": one.subtitle,
            "link": one.link,
        }
        for one in banners.BANNERS
    ]


async def draw_pictures(folder: Path) -> None:
    """Draw the missing pictures of the demo shop, banners and covers first: about 40 ms each, in a thread."""
    for banner in banners.BANNERS:
        await asyncio.to_thread(banners.keep, folder, banner)
    wanted = [Picture(*entry["picture"]) for name in (*_DEPARTMENTS, *_COUPON_GOODS) for entry in _read(name)]
    for view in range(pictures.VIEWS):
        for picture in wanted:
            await asyncio.to_thread(pictures.keep, folder, picture, view)


def _card_keys(sku_code: str, count: int) -> list[str]:
    return [f"{sku_code}-{code(4)}-{code(4)}-{code(4)} 密码 {secrets.randbelow(10**8):08d}" for _ in range(count)]
