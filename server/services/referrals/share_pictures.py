"""The pictures of shares: cards for chats, posters with a mini-program code."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec

from server import db
from server.core import errors
from server.core.money import yuan
from server.drawing import cards, posters
from server.drawing.photos import opened
from server.gateways.ports import Deps, OutcomeUnknown, WeChatError
from server.rules.members import masked_name
from server.services.catalogue.products import PRICES
from server.services.common import limits
from server.services.files import pictures
from server.services.files.pictures import Made, Shelf
from server.services.terms import policy

_CARDS, _POSTERS, _CODES = Shelf("cards", 5_000), Shelf("posters", 2_000), Shelf("codes", 20_000)
_DESIGN = 2
"""Increase it when the drawing changes, so that everybody gets new pictures."""
_CODE_PAGE = "pages/index/index"
"""The page that every poster's code opens; it then asks `GET /shares/{share_code}` which page to show."""
_PER_IP, _WINDOW_S = 60, 60


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What a share shows of a product."""

    id: int
    title: str
    price: str
    ranged: bool
    image: str
    market_price: str = ""
    virtual: bool = False

    @property
    def share_title(self) -> str:
        """The line that WeChat puts above the card."""
        return f"¥{self.price}{'起' if self.ranged else ''} {self.title}"


class _Product(msgspec.Struct, frozen=True):
    """A product with the prices of what can be bought."""

    id: int
    title: str
    images: list[str]
    kind: str
    min_price_fen: int
    max_price_fen: int
    market_price_fen: int | None


def _facts(shared: _Product) -> ProductFacts:
    market_fen = shared.market_price_fen or 0
    return ProductFacts(
        id=shared.id,
        title=shared.title,
        price=_price(shared.min_price_fen),
        ranged=shared.max_price_fen > shared.min_price_fen,
        image=next(iter(shared.images), ""),
        market_price=_price(market_fen) if market_fen > shared.min_price_fen else "",
        virtual=shared.kind == "virtual",
    )


def _price(amount_fen: int) -> str:
    """Format an amount as on price tags: `3990` → `39.9`."""
    return yuan(amount_fen).rstrip("0").rstrip(".")


async def home_title() -> str:
    """The line above the shop's own card."""
    shop = await policy.current()
    return f"{shop.name}：{shop.slogan}"


async def product_card_url(facts: ProductFacts) -> str:
    """Build the URL of a product's card; a new price, title or picture gives a new URL."""
    return f"/media/cards/{facts.id}-{_stamp(await _brand(), facts)}.jpg"


async def home_card_url() -> str:
    """Build the URL of the shop's own card."""
    return f"/media/cards/home-{_stamp(*await _name_and_slogan())}.jpg"


async def _brand() -> str:
    return (await policy.current()).name


async def _name_and_slogan() -> tuple[str, str]:
    shop = await policy.current()
    return shop.name, shop.slogan


def _stamp(*content: object) -> str:
    return hashlib.sha256(msgspec.json.encode((_DESIGN, content))).hexdigest()[:12]


async def card(deps: Deps, name: str) -> tuple[bytes, bool]:
    """Get the card called `name` (`12-…`, `home-…`), and whether it is the final picture under that name.

    For an outdated name this is the newest card. Raises NotFound for a product that is not on sale.
    """
    key, _, _ = name.partition("-")
    if key == "home":
        current = await home_card_url()
        make = partial(_home_card, *await _name_and_slogan())
        made = await pictures.kept(deps, _CARDS, current.rpartition("/")[2], make)
    else:
        facts = await product(int(key), deps.clock.now())
        current = await product_card_url(facts)
        make = partial(_product_card, deps, await _brand(), facts)
        made = await pictures.kept(deps, _CARDS, current.rpartition("/")[2], make)
    return made.body, made.whole and current.endswith(f"/{name}")


async def _home_card(brand: str, slogan: str) -> Made:
    return Made(await pictures.draw(lambda: cards.home_card(brand, slogan)))


async def _product_card(deps: Deps, brand: str, facts: ProductFacts) -> Made:
    picture = await pictures.photo(deps, facts.image)
    shown = cards.ProductCard(facts.title, facts.price, facts.ranged, brand)
    body = await pictures.draw(lambda: cards.product_card(shown, picture))
    return Made(body, whole=picture is not None or not facts.image)


async def product(product_id: int, at: datetime) -> ProductFacts:
    """Read a product that is on sale at that time. Raises NotFound."""
    row = await db.fetch_row(
        "SELECT p.id, p.title, p.images, p.kind, prices.* FROM products p"  # noqa: S608 - our own text
        f" CROSS JOIN LATERAL ({PRICES}) prices WHERE p.id = $1 AND on_shelf(p, $2)",
        product_id,
        at,
    )
    if row is None:
        raise errors.NotFound
    return _facts(db.typed(row, _Product))


_TEAM = """
SELECT t.team_no, t.size, g.product_id, min(k.price_fen) AS min_fen, max(k.price_fen) AS max_fen
  FROM teams t JOIN group_buys g ON g.id = t.group_buy_id
    JOIN LATERAL (SELECT o.price_fen, s.available > 0 AS there, bool_or(s.available > 0) OVER () AS any_there
      FROM group_buy_skus o JOIN skus s ON s.id = o.sku_id AND s.on_sale WHERE o.group_buy_id = g.id) k
      ON k.there OR NOT k.any_there
  WHERE t.team_no = {} GROUP BY t.id, g.id
"""


async def team(team_no: str, at: datetime) -> tuple[ProductFacts, str]:
    """Read the product of a team, on sale, and the line above the team's card. Raises NotFound."""
    row = await db.fetch_row(_TEAM.format("$1"), team_no)
    if row is None:
        raise errors.NotFound
    ranged = "起" if row["max_fen"] > row["min_fen"] else ""
    facts = await product(row["product_id"], at)
    return facts, f"{row['size']} 人团 ¥{_price(row['min_fen'])}{ranged} {facts.title}"


TARGETS = f"""
LEFT JOIN LATERAL ({_TEAM.format("s.target")}) g ON s.kind = 'team'
LEFT JOIN flash_sales f ON f.id = CASE WHEN s.kind = 'flash_sale' THEN s.target::bigint END
LEFT JOIN products p ON p.id = CASE WHEN s.kind = 'product' THEN s.target::bigint ELSE g.product_id END
"""
"""SQL: joins what a share `s` is about: its product `p`, its team `g` (whose product is `p`), its flash sale `f`."""

_SHARED = f"""
SELECT s.kind AS shared, s.disabled, m.nickname, p.id, p.title, p.images, p.kind,
    COALESCE(g.min_fen, prices.min_price_fen) AS min_price_fen,
    COALESCE(g.max_fen, prices.max_price_fen) AS max_price_fen,
    CASE WHEN g.min_fen IS NULL THEN prices.market_price_fen ELSE prices.min_price_fen END AS market_price_fen
  FROM shares s JOIN members m ON m.id = s.member_id {TARGETS} AND on_shelf(p, $2)
  LEFT JOIN LATERAL ({PRICES}) prices ON p.id IS NOT NULL
  WHERE s.code = $1
"""  # noqa: S608 - our own text

_WHOLE = {("home", True), ("flash_sale", True), ("product", False), ("team", False)}
"""Kinds of shares that have a poster, each with whether it is about no product."""


async def poster(deps: Deps, share_code: str, ip: str) -> bytes:
    """Draw a share's poster as PNG.

    Raises NotFound (no such share, or its product is gone), ShareDisabled, TooManyRequests, WeChatUnavailable.
    """
    await limits.spend(deps, {f"poster:{ip}": _PER_IP}, _WINDOW_S)
    row = await db.fetch_row(_SHARED, share_code, deps.clock.now())
    if row is None or (row["shared"], row["id"] is None) not in _WHOLE:
        raise errors.NotFound
    if row["disabled"]:
        raise errors.ShareDisabled
    shop = await policy.current()
    shared = None if row["id"] is None else _facts(db.typed(row, _Product))
    facts = await _best_sellers(deps.clock.now()) if shared is None else [shared]
    virtual = shared is not None and shared.virtual
    service = _VIRTUAL if virtual else f"实物商品签收后 {shop.refund_days} 天内可申请退款"
    sheet = posters.Poster(shop.name, shop.slogan, masked_name(row["nickname"]), service)
    make = partial(_poster, deps, share_code, sheet, facts, home=shared is None)
    name = f"{share_code}-{_stamp(sheet, facts)}.png"
    return (await pictures.kept(deps, _POSTERS, name, make)).body


_VIRTUAL = "付款后自动发放，不用等快递"
"""What a poster says of virtual goods."""


async def _best_sellers(at: datetime) -> list[ProductFacts]:
    """Read the goods of the shop's own poster."""
    rows = await db.fetch(
        f"SELECT p.id, p.title, p.images, p.kind, prices.* FROM products p CROSS JOIN LATERAL ({PRICES}) prices"  # noqa: S608
        " WHERE listed(p, $1) AND prices.stock_state <> 'sold_out' ORDER BY p.sold_count DESC, p.id DESC LIMIT $2",
        at,
        posters.SHOWN_GOODS,
    )
    return [_facts(db.typed(row, _Product)) for row in rows]


async def _poster(deps: Deps, share_code: str, sheet: posters.Poster, facts: list[ProductFacts], *, home: bool) -> Made:
    code = await _code(deps, share_code)
    shown = [
        (posters.Goods(one.title, one.price, one.ranged, one.market_price), await pictures.photo(deps, one.image))
        for one in facts
    ]

    def drawn() -> bytes:
        return (
            posters.home_poster(sheet, shown, opened(code))
            if home
            else posters.product_poster(sheet, *shown[0], opened(code))
        )

    whole = all(picture is not None or not one.image for one, (_, picture) in zip(facts, shown, strict=True))
    return Made(await pictures.draw(drawn), whole=whole)


async def _code(deps: Deps, share_code: str) -> bytes:
    """Get the share's mini-program code; WeChat is asked only once because the code is permanent there."""

    async def ask() -> Made:
        try:
            return Made(await deps.mini.code_image(f"s={share_code}", _CODE_PAGE))
        except (WeChatError, OutcomeUnknown) as failed:
            raise errors.WeChatUnavailable from failed

    return (await pictures.kept(deps, _CODES, f"{share_code}.img", ask)).body
