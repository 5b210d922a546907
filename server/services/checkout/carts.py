"""Shopping carts. Prices and stock are always the current ones; a cart reserves nothing."""

from dataclasses import dataclass
from typing import Literal

import msgspec
import orjson

from server import db
from server.core.errors import CartLimit, NotFound, SkuUnavailable
from server.gateways.ports import Deps
from server.services.catalogue.products import StockState, stock_state
from server.services.common import locks

LIMIT = 100
"""SKUs per cart."""

Problem = Literal["off_sale", "sold_out", "stock_insufficient"]


@dataclass(frozen=True, slots=True)
class CartLine:
    """A SKU in the cart as it stands now; `problem` says why it cannot be bought in this quantity."""

    sku_id: int
    product_id: int
    title: str
    image: str
    spec: dict[str, str]
    kind: str
    quantity: int
    price_fen: int
    market_price_fen: int | None
    available: int
    stock_state: StockState
    problem: Problem | None


async def lines_of(deps: Deps, member_id: int) -> list[CartLine]:
    """List the lines of the member's cart, last added first."""
    rows = await db.fetch(
        "SELECT c.sku_id, c.quantity, s.product_id, s.spec, s.price_fen, s.market_price_fen, s.available, s.alert_at,"
        " s.on_sale AND listed(p, $2) AS on_sale, p.title, p.images, p.kind FROM cart_items c"
        " JOIN skus s ON s.id = c.sku_id JOIN products p ON p.id = s.product_id"
        " WHERE c.member_id = $1 ORDER BY c.id DESC",
        member_id,
        deps.clock.now(),
    )
    return [db.typed(row, _Row).line() for row in rows]


async def put(deps: Deps, member_id: int, sku_id: int, quantity: int) -> None:
    """Set a SKU's quantity; 0 takes it out. Raises NotFound (no such SKU), SkuUnavailable, CartLimit."""
    if quantity == 0:
        await take_out(member_id, sku_id)
        return
    at = deps.clock.now()
    async with db.transaction() as tx:
        await locks.member(tx, member_id)
        facts = await tx.fetchrow(
            "SELECT s.on_sale AND listed(p, $3) AS on_sale,"
            " (SELECT count(*) FROM cart_items WHERE member_id = $1 AND sku_id <> $2) AS others"
            " FROM skus s JOIN products p ON p.id = s.product_id WHERE s.id = $2",
            member_id,
            sku_id,
            at,
        )
        if facts is None:
            raise NotFound
        if not facts["on_sale"]:
            raise SkuUnavailable(sku_id=sku_id)
        if facts["others"] >= LIMIT:
            raise CartLimit(limit=LIMIT)
        await tx.execute(
            "INSERT INTO cart_items (member_id, sku_id, quantity, updated_at) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (member_id, sku_id) DO UPDATE SET quantity = excluded.quantity, updated_at = $4",
            member_id,
            sku_id,
            quantity,
            at,
        )


async def take_out(member_id: int, sku_id: int) -> None:
    """Remove a SKU from the cart; if it is not there, nothing happens."""
    async with db.transaction() as tx:
        await tx.execute("DELETE FROM cart_items WHERE member_id = $1 AND sku_id = $2", member_id, sku_id)


class _Row(msgspec.Struct, frozen=True):
    """A line as the statement reads it."""

    sku_id: int
    quantity: int
    product_id: int
    spec: str
    price_fen: int
    market_price_fen: int | None
    available: int
    alert_at: int
    on_sale: bool
    title: str
    images: str
    kind: str

    @property
    def problem(self) -> Problem | None:
        if not self.on_sale:
            return "off_sale"
        if self.available <= 0:
            return "sold_out"
        return "stock_insufficient" if self.quantity > self.available else None

    def line(self) -> CartLine:
        return CartLine(
            sku_id=self.sku_id,
            product_id=self.product_id,
            title=self.title,
            image=next(iter(orjson.loads(self.images)), ""),
            spec=orjson.loads(self.spec),
            kind=self.kind,
            quantity=self.quantity,
            price_fen=self.price_fen,
            market_price_fen=self.market_price_fen,
            available=self.available,
            stock_state=stock_state(self.available, self.alert_at),
            problem=self.problem,
        )
