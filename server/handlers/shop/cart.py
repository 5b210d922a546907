"""The cart."""

from typing import Annotated, Literal

import msgspec

from server.core import errors
from server.handlers.endpoint import Call, NoBody, Room
from server.services.checkout import carts

room = Room("cart", "购物车")

_PROBLEMS: dict[carts.Problem, str] = {
    "off_sale": "商品已下架",
    "sold_out": "已售罄",
    "stock_insufficient": "库存不足",
}


class CartItemForm(msgspec.Struct, forbid_unknown_fields=True):
    """The wanted quantity of a SKU; 0 takes it out."""

    sku_id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    quantity: Annotated[int, msgspec.Meta(ge=0, le=999)]


class CartLineView(msgspec.Struct):
    """A SKU in the cart at today's price. `problem` says in words why it cannot be bought."""

    sku_id: int
    product_id: int
    title: str
    image: str
    spec: dict[str, str]
    kind: Literal["physical", "virtual"]
    quantity: int
    price_fen: int
    market_price_fen: int | None
    amount_fen: int
    available: int
    stock_state: Literal["in_stock", "low", "sold_out"]
    buyable: bool
    problem: str | None


class CartView(msgspec.Struct):
    """The whole cart; `total_fen` and `quantity` are those of the buyable lines."""

    items: list[CartLineView]
    total_fen: int
    quantity: int


async def _view(call: Call) -> CartView:
    lines = await carts.lines_of(call.deps, call.member_id)
    items = [
        CartLineView(
            sku_id=line.sku_id,
            product_id=line.product_id,
            title=line.title,
            image=line.image,
            spec=line.spec,
            kind="virtual" if line.kind == "virtual" else "physical",
            quantity=line.quantity,
            price_fen=line.price_fen,
            market_price_fen=line.market_price_fen,
            amount_fen=line.price_fen * line.quantity,
            available=line.available,
            stock_state=line.stock_state,
            buyable=line.problem is None,
            problem=_PROBLEMS[line.problem] if line.problem else None,
        )
        for line in lines
    ]
    buyable = [item for item in items if item.buyable]
    return CartView(items, sum(item.amount_fen for item in buyable), sum(item.quantity for item in buyable))


@room.get("/cart", "我的购物车", gives=CartView)
async def show_cart(call: Call, _query: NoBody) -> CartView:
    """Every line with today's price and stock."""
    return await _view(call)


@room.put(
    "/cart/items",
    "设置购物车数量",
    takes=CartItemForm,
    gives=CartView,
    refuses=(errors.NotFound, errors.SkuUnavailable, errors.CartLimit),
    example={"sku_id": 1, "quantity": 2},
)
async def put_item(call: Call, form: CartItemForm) -> CartView:
    """Set the quantity (not add to it), so that a repeated call changes nothing. Returns the whole cart."""
    await carts.put(call.deps, call.member_id, form.sku_id, form.quantity)
    return await _view(call)


@room.delete("/cart/items/<sku_id:int>", "移出购物车", gives=CartView)
async def remove_item(call: Call, _body: NoBody) -> CartView:
    """Gives the whole cart, also when the SKU was not in it."""
    await carts.take_out(call.member_id, call.path["sku_id"])
    return await _view(call)
