"""Flash sales: the sessions of today, and a single session."""

from datetime import datetime
from typing import Literal

import msgspec

from server.core import errors
from server.handlers.endpoint import Call, NoBody, Room
from server.rules.flash_sales import LABELS
from server.services.files.answers import Answers
from server.services.promotions import flash_sales

room = Room("flash_sales", "秒杀")

_MAX_AGE_S = 0.5
_answers = Answers(_MAX_AGE_S, size=500)


class FlashItemView(msgspec.Struct):
    """A SKU of a session, ordered with `promotion: {kind: "flash_sale", id}`.

    `queued`: all pieces are taken, but some are not paid yet and may come back.
    """

    id: int
    sku_id: int
    product_id: int
    title: str
    image: str
    spec: dict[str, str]
    price_fen: int
    list_price_fen: int
    stock: int
    left: int
    taken_bp: int
    """The share of the stock that is taken, in basis points."""
    per_member: int
    state: Literal["not_started", "running", "queued", "sold_out", "over"]


class FlashSaleView(msgspec.Struct):
    """A session with its items."""

    id: int
    name: str
    starts_at: datetime
    ends_at: datetime
    state: Literal["not_started", "running", "over"]
    state_label: str
    items: list[FlashItemView]


class FlashSaleAnswer(FlashSaleView):
    """One session. Countdowns must use `now`, not the client's clock."""

    now: datetime


class FlashSaleList(msgspec.Struct):
    """The sessions of today in their order. Countdowns must use `now`, not the client's clock."""

    now: datetime
    items: list[FlashSaleView]
    next_cursor: None = None


@room.get("/flash-sales", "今日秒杀场次", gives=FlashSaleList, auth="public")
async def list_sales(call: Call, _query: NoBody) -> bytes:
    """List the sessions of today in Shanghai, and those that still run. The answer may be half a second old."""

    async def make() -> bytes:
        now = call.deps.clock.now()
        return msgspec.json.encode(FlashSaleList(now, [_view(one) for one in await flash_sales.today(now)]))

    return await _answers.get("today", make)


@room.get("/flash-sales/<sale_id:int>", "秒杀场次", gives=FlashSaleAnswer, auth="public", refuses=(errors.NotFound,))
async def show_sale(call: Call, _query: NoBody) -> bytes:
    """One session, whatever its day."""
    sale_id = call.path["sale_id"]

    async def make() -> bytes:
        now = call.deps.clock.now()
        found = _view(await flash_sales.session(sale_id, now))
        return msgspec.json.encode(FlashSaleAnswer(**msgspec.structs.asdict(found), now=now))

    return await _answers.get(sale_id, make)


class FlashTaken(msgspec.Struct):
    """Pieces that the member has of an item, paid or not. `label` says so when the member can have no more."""

    id: int
    taken: int
    per_member: int
    label: str | None


class FlashTakenList(msgspec.Struct):
    """The items of which the member has pieces."""

    items: list[FlashTaken]
    next_cursor: None = None


@room.get("/flash-sales/mine", "我抢到的秒杀商品", gives=FlashTakenList)
async def mine(call: Call, _query: NoBody) -> FlashTakenList:
    """What the member has taken in sessions that are not over. The sessions themselves are the same for everybody."""
    found = await flash_sales.taken_by(call.member_id, call.deps.clock.now())
    return FlashTakenList([FlashTaken(one.id, one.taken, one.per_member, _limit_label(one)) for one in found])


def _limit_label(mine: flash_sales.Taken) -> str | None:
    """Return what stands in place of 马上抢 when the member can have no more."""
    return f"已抢 {mine.taken} 件，达到限购" if mine.taken >= mine.per_member else None


def _view(session: flash_sales.Session) -> FlashSaleView:
    return FlashSaleView(
        id=session.id,
        name=session.name,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        state=session.state,
        state_label=LABELS[session.state],
        items=[msgspec.convert(one, FlashItemView, from_attributes=True) for one in session.items],
    )
