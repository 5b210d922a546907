"""Orders: place, pay, follow, cancel, receive and refund them."""

from typing import Annotated

import msgspec

from server.core import errors
from server.core.errors import LevelRequired
from server.gateways.ports import PayParameters
from server.handlers.endpoint import Call, NoBody, Page, Room
from server.rules.orders import OrderStatus
from server.rules.promotions import Promotion
from server.services.checkout import closing, payments, placing
from server.services.checkout.drafts import Previewed, Priced
from server.services.checkout.facts import Wanted
from server.services.orders import fulfilment, refunds, returns
from server.services.orders import views as order_views
from server.services.orders.refunds import RefundView
from server.services.orders.views import OrderCounts, OrderDetail, OrderSummary

room = Room("orders", "订单")

Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Pieces = Annotated[int, msgspec.Meta(ge=1, le=999)]
Fen = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class ItemForm(msgspec.Struct, forbid_unknown_fields=True):
    """A SKU and how many of it."""

    sku_id: Id
    quantity: Pieces


class PromotionForm(msgspec.Struct, forbid_unknown_fields=True):
    """The promotion an order belongs to."""

    kind: Annotated[str, msgspec.Meta(max_length=20)]
    id: Id
    team_no: Annotated[str, msgspec.Meta(max_length=32)] | None = None


class OrderForm(msgspec.Struct, forbid_unknown_fields=True):
    """What to order: `items`, or `from_cart: true` for everything in the cart."""

    items: Annotated[list[ItemForm], msgspec.Meta(max_length=placing.MAX_LINES)] | None = None
    from_cart: bool = False
    address_id: Id | None = None
    coupon_id: Id | None = None
    points: Fen = 0
    use_balance_fen: Fen = 0
    promotion: PromotionForm | None = None
    remark: Annotated[str, msgspec.Meta(max_length=200)] = ""

    def __post_init__(self) -> None:
        if self.from_cart == (self.items is not None):
            msg = "give either `items` or `from_cart: true`"
            raise ValueError(msg)

    def wanted(self) -> Wanted:
        """Return the same as the service takes it."""
        items = None if self.items is None else tuple((item.sku_id, item.quantity) for item in self.items)
        return Wanted(
            items=items,
            address_id=self.address_id,
            coupon_id=self.coupon_id,
            points=self.points,
            use_balance_fen=self.use_balance_fen,
            promotion=Promotion(**msgspec.structs.asdict(self.promotion)) if self.promotion else None,
            remark=self.remark,
        )


QUOTE_REFUSALS = (
    errors.AccountBlocked,
    errors.NotFound,
    errors.ItemsInvalid,
    errors.SkuUnavailable,
    LevelRequired,
    errors.PurchaseLimit,
    errors.DeliveryRefused,
    errors.StockInsufficient,
    errors.CouponUnusable,
    errors.BalanceInsufficient,
    errors.PointsUnavailable,
    errors.NotCombinable,
    errors.PromotionUnknown,
    errors.PromotionRefused,
    errors.TooManyRequests,
)
EXAMPLE = {"items": [{"sku_id": 1, "quantity": 2}], "address_id": 1, "use_balance_fen": 0}


@room.post(
    "/orders/preview",
    "试算订单",
    takes=OrderForm,
    gives=Previewed,
    refuses=(*QUOTE_REFUSALS, errors.UnpaidLimit),
    example=EXAMPLE,
)
async def preview(call: Call, form: OrderForm) -> Previewed:
    """The same sums as placing would give, and what the order would count for; nothing is reserved."""
    return await placing.preview(call.deps, call.member_id, form.wanted())


@room.post(
    "/orders",
    "下单",
    takes=OrderForm,
    gives=Priced,
    refuses=(*QUOTE_REFUSALS, errors.UnpaidLimit, errors.AddressRequired),
    keyed=True,
    example=EXAMPLE,
)
async def place(call: Call, form: OrderForm) -> bytes:
    """Place an order: reserve stock, coupon and balance until `expires_at`. See `Priced` for the sums."""
    return await placing.place(call.deps, call.member_id, form.wanted(), call.required_key)


class OrderQuery(Page, kw_only=True):
    """Filters of the order list."""

    status: OrderStatus | None = None
    with_refund: bool = False
    """Only orders with a refund request, whatever the status of the order and of the refund."""


class OrderList(msgspec.Struct):
    """A page of orders, newest first."""

    items: list[OrderSummary]
    next_cursor: str | None


@room.get("/orders", "我的订单", takes=OrderQuery, gives=OrderList)
async def mine(call: Call, query: OrderQuery) -> OrderList:
    """One's own orders, newest first; `allowed_actions` says what can be done with each."""
    found = await order_views.page_of(
        call.deps, call.member_id, query.status, query.cursor, query.limit, with_refund=query.with_refund
    )
    return OrderList(*found)


@room.get("/orders/counts", "我的订单数量", gives=OrderCounts)
async def counts(call: Call, _query: NoBody) -> OrderCounts:
    """Count the member's orders in each state that waits for something, for the badges of 我的."""
    return await order_views.counts(call.member_id)


@room.get("/orders/<order_no:str>", "订单详情", gives=OrderDetail)
async def one(call: Call, _query: NoBody) -> OrderDetail:
    """One's own order with address, timeline, card keys and its rebate."""
    return await order_views.detail(call.deps, call.member_id, call.path["order_no"])


class PaymentView(msgspec.Struct, omit_defaults=True):
    """`payment` is what `wx.requestPayment` takes; `paid` when nothing is due."""

    payment: PayParameters | None = None
    paid: bool = False


@room.post(
    "/orders/<order_no:str>/pay",
    "支付订单",
    gives=PaymentView,
    refuses=(errors.StateConflict, errors.PaymentRefused, errors.WeChatUnavailable),
)
async def pay(call: Call, _body: NoBody) -> PaymentView:
    """Parameters for `wx.requestPayment`; asking again renews them. The result comes from the order, not the client."""
    payment = await payments.pay(call.deps, call.member_id, call.path["order_no"])
    return PaymentView(payment.parameters, payment.parameters is None)


@room.post(
    "/orders/<order_no:str>/cancel",
    "取消订单",
    gives=OrderDetail,
    refuses=(errors.StateConflict, errors.WeChatUnavailable),
)
async def cancel(call: Call, _body: NoBody) -> OrderDetail:
    """Close an unpaid order; cancelling again changes nothing."""
    await closing.cancel(call.deps, call.member_id, call.path["order_no"])
    return await order_views.detail(call.deps, call.member_id, call.path["order_no"])


@room.post("/orders/<order_no:str>/receive", "确认收货", gives=OrderDetail, refuses=(errors.StateConflict,))
async def receive(call: Call, _body: NoBody) -> OrderDetail:
    """Confirm that the goods have arrived. A repeated call changes nothing."""
    await fulfilment.receive(call.deps, call.member_id, call.path["order_no"])
    return await order_views.detail(call.deps, call.member_id, call.path["order_no"])


class RefundLineForm(msgspec.Struct, forbid_unknown_fields=True):
    """Pieces of one line."""

    line_id: Id
    quantity: Pieces


class RefundForm(msgspec.Struct, forbid_unknown_fields=True):
    """What to refund: the named lines, or, without `lines`, all that is left."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    lines: Annotated[list[RefundLineForm], msgspec.Meta(min_length=1, max_length=placing.MAX_LINES)] | None = None

    def __post_init__(self) -> None:
        if self.lines is not None and len({line.line_id for line in self.lines}) < len(self.lines):
            msg = "`lines` names a line twice"
            raise ValueError(msg)


@room.post(
    "/orders/<order_no:str>/refunds",
    "申请退款",
    takes=RefundForm,
    gives=RefundView,
    refuses=(errors.RefundNotAllowed, errors.RefundOpen, errors.StateConflict),
    keyed=True,
    example={"reason": "不想要了"},
)
async def refund(call: Call, form: RefundForm) -> bytes:
    """Request a refund. A whole order that is not shipped is refunded at once; all others are reviewed."""
    wanted = None if form.lines is None else {line.line_id: line.quantity for line in form.lines}
    return await refunds.request(
        call.deps, call.member_id, call.path["order_no"], wanted, form.reason, call.required_key
    )


@room.post(
    "/orders/<order_no:str>/refunds/<refund_no:str>/parcel",
    "寄回商品",
    takes=returns.Parcel,
    gives=RefundView,
    refuses=(errors.StateConflict,),
    example={"company": "顺丰速运", "tracking_no": "SF1234567890"},
)
async def send_back(call: Call, parcel: returns.Parcel) -> RefundView:
    """Tell the shop how the goods of a `returning` refund come back. A second call replaces the first."""
    return await returns.send_back(call.deps, call.member_id, call.path["order_no"], call.path["refund_no"], parcel)


@room.post(
    "/orders/<order_no:str>/refunds/<refund_no:str>/withdraw",
    "撤销退款申请",
    gives=RefundView,
    refuses=(errors.StateConflict,),
)
async def withdraw_refund(call: Call, _body: NoBody) -> RefundView:
    """Withdraw a refund that is not decided and whose goods are not on their way back."""
    return await refunds.withdraw(call.deps, call.member_id, call.path["order_no"], call.path["refund_no"])


class RefundList(msgspec.Struct):
    """The refunds of an order."""

    items: list[RefundView]
    next_cursor: str | None


@room.get("/orders/<order_no:str>/refunds", "订单的退款", gives=RefundList)
async def refunds_of(call: Call, _query: NoBody) -> RefundList:
    """Newest first, with amounts per currency."""
    return RefundList(await refunds.of_order(call.member_id, call.path["order_no"]), None)
