"""A priced order before it is written: what its member is shown, and what `order_place` writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from server.ledger import book, entries
from server.ledger.book import Posting
from server.rules.pricing import LinePrice, Quote
from server.rules.promises import Counting
from server.rules.promotions import Offer, Take
from server.rules.rebates import LineNet
from server.rules.stacking import LABELS, REWARDS, Combination
from server.services.checkout.facts import Facts, Wanted, WantedSku
from server.services.common.idempotency import Keyed


class PricedLine(msgspec.Struct):
    """One line as shown before and after placing."""

    sku_id: int
    product_id: int
    title: str
    image: str
    spec: dict[str, str]
    quantity: int
    unit_price_fen: int
    """The list price of a piece."""
    price_fen: int
    """The price of a piece in the order's promotion, else the list price."""
    amount_fen: int
    discount_fen: int
    coupon_fen: int
    points_fen: int
    points: int
    balance_fen: int
    cash_fen: int


class PricedDiscount(msgspec.Struct):
    """One discount."""

    kind: str
    label: str
    amount_fen: int


class PricedReason(msgspec.Struct):
    """One step of the price calculation. `amount_fen` is negative if the step reduced the price."""

    label: str
    detail: str
    amount_fen: int


class Combined(msgspec.Struct):
    """Whether `what`, which takes off or pays a part of a price, can be combined with the order's kind."""

    what: str
    label: str
    allowed: bool


class Priced(msgspec.Struct):
    """items − discounts + freight − balance = cash due. `order_no` is null in a preview.

    `points` are spent, `why` explains the price step by step, `combines` says what can be combined with this kind of
    order. `address_needed`: something must be sent, so placing without an address would be refused.
    """

    order_no: str | None
    lines: list[PricedLine]
    items_fen: int
    discounts: list[PricedDiscount]
    freight_fen: int
    balance_fen: int
    points: int
    cash_due_fen: int
    kind: str
    why: list[PricedReason]
    combines: list[Combined]
    address_needed: bool
    expires_at: datetime | None


class Previewed(Priced):
    """An order that is not placed yet. `counts` says in sentences what it counts for in 推三返一 if it is paid now.

    `counts` is empty before a rule is published.
    """

    counts: list[Counting]


class PlacedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The new row of `orders`."""

    order_no: str | None
    member_id: int
    kind: str
    promotion_id: int | None
    team_id: int | None
    stacking_version: int
    for_commission: bool
    for_qualification: bool
    for_return: bool
    status: str = "pending"
    virtual: bool
    items_fen: int
    discounts: list[PricedDiscount]
    coupon_id: int | None
    freight_fen: int
    freight_cash_fen: int
    balance_fen: int
    withdrawable_fen: int
    points: int
    cash_due_fen: int
    address_sealed: str | None
    region: str
    remark: str
    created_at: datetime
    expires_at: datetime | None
    checks: int = 0
    refunded_cash_fen: int = 0
    refunded_balance_fen: int = 0
    refunded_freight_fen: int = 0
    refunded_points: int = 0


class PlacedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A new row of `order_lines`."""

    position: int
    sku_id: int
    product_id: int
    category_id: int
    title: str
    image: str
    spec: str
    """JSON text: the argument as a whole is `jsonb`, which would sort the names."""
    virtual: bool
    quantity: int
    unit_price_fen: int
    promotion_fen: int | None
    amount_fen: int
    discount_fen: int
    coupon_fen: int
    points_fen: int
    points: int
    balance_fen: int
    withdrawable_fen: int
    cash_fen: int
    refunded_quantity: int = 0
    refunded_cash_fen: int = 0
    refunded_balance_fen: int = 0
    refunded_withdrawable_fen: int = 0
    refunded_points: int = 0


class AnsweredKey(msgspec.Struct, frozen=True):
    """The idempotency key with the answer to store."""

    path: str
    key: str
    body_hash: str
    answer: str


class CouponToLock(msgspec.Struct, frozen=True):
    """The coupon that the order locks, what it was worth when the order was priced, and what it takes off."""

    id: int
    amount_fen: int
    discount_fen: int


class TakenPromotion(msgspec.Struct, frozen=True):
    """What the order takes from its promotion."""

    kind: str
    held_stock: bool
    take: Take


class UnpaidMost(msgspec.Struct, frozen=True):
    """The most that one member may hold unpaid: orders, and pieces of one SKU in them."""

    orders: int
    pieces: int


class Placement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The argument of `order_place`. `cart` lists the SKUs to take out of the cart; what is None is left out."""

    order: PlacedOrder
    lines: list[PlacedLine]
    key: AnsweredKey
    unpaid: UnpaidMost
    at: datetime
    coupon: CouponToLock | None = None
    cart: list[int] | None = None
    promotion: TakenPromotion | None = None
    entry: Posting | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A priced order before it is written."""

    facts: Facts
    wanted: Wanted
    quote: Quote
    offer: Offer | None
    held_stock: bool
    stack: Combination
    stacking_version: int
    unpaid: UnpaidMost
    order_no: str | None
    at: datetime
    expires_at: datetime | None

    @property
    def virtual(self) -> bool:
        """Whether all items are virtual: such an order is delivered on payment and needs no address."""
        return all(item.virtual for item in self.facts.items)

    @property
    def kind(self) -> str:
        """The kind of order."""
        return self.offer.kind if self.offer else "normal"

    def shown(self) -> Priced:
        """Build the answer of preview and placing."""
        return Priced(
            order_no=self.order_no,
            lines=[
                PricedLine(
                    sku_id=item.sku_id,
                    product_id=item.product_id,
                    title=item.title,
                    image=item.image or "",
                    spec=item.spec,
                    quantity=item.n,
                    unit_price_fen=item.price_fen,
                    price_fen=item.price_fen if (own := self._promotion_fen(item)) is None else own,
                    amount_fen=line.amount_fen,
                    discount_fen=line.discount_fen,
                    coupon_fen=line.coupon_fen,
                    points_fen=line.points_fen,
                    points=line.points,
                    balance_fen=line.balance_fen,
                    cash_fen=line.cash_fen,
                )
                for item, line in self._pairs()
            ],
            items_fen=self.quote.items_fen,
            discounts=[PricedDiscount(one.kind, one.label, one.amount_fen) for one in self.quote.discounts],
            freight_fen=self.quote.freight_fen,
            balance_fen=self.quote.balance_fen,
            points=self.quote.points,
            cash_due_fen=self.quote.cash_due_fen,
            kind=self.kind,
            why=[PricedReason(one.label, one.detail, one.amount_fen) for one in self.quote.why],
            combines=[
                Combined(what, label, getattr(self.stack, what))
                for what, label in LABELS.items()
                if what not in REWARDS
            ],
            address_needed=not self.virtual,
            expires_at=self.expires_at,
        )

    def _pairs(self) -> Sequence[tuple[WantedSku, LinePrice]]:
        return list(zip(self.facts.items, self.quote.lines, strict=True))

    def _promotion_fen(self, item: WantedSku) -> int | None:
        """Return the promotion's price of a piece; None where the list price is not above it."""
        own = self.offer.prices_fen.get(item.sku_id) if self.offer else None
        return None if own is None else min(own, item.price_fen)

    def nets(self) -> tuple[LineNet, ...]:
        """Return the cash of the lines as the rebate rule will see it."""
        return tuple(LineNet(item.product_id, item.category_id, line.cash_fen) for item, line in self._pairs())

    def _order(self, member_id: int) -> PlacedOrder:
        address = None if self.virtual else self.facts.address
        return PlacedOrder(
            order_no=self.order_no,
            member_id=member_id,
            kind=self.kind,
            promotion_id=self.offer.promotion_id if self.offer else None,
            team_id=self.offer.team_id if self.offer else None,
            stacking_version=self.stacking_version,
            for_commission=self.stack.commission,
            for_qualification=self.stack.qualifies,
            for_return=self.stack.returnable,
            virtual=self.virtual,
            items_fen=self.quote.items_fen,
            discounts=[PricedDiscount(one.kind, one.label, one.amount_fen) for one in self.quote.discounts],
            coupon_id=self.wanted.coupon_id,
            freight_fen=self.quote.freight_fen,
            freight_cash_fen=self.quote.freight_cash_fen,
            balance_fen=self.quote.balance_fen,
            withdrawable_fen=self.quote.withdrawable_fen,
            points=self.quote.points,
            cash_due_fen=self.quote.cash_due_fen,
            address_sealed=address.sealed if address else None,
            region=address.region if address else "",
            remark=self.wanted.remark,
            created_at=self.at,
            expires_at=self.expires_at,
        )

    def _lines(self) -> list[PlacedLine]:
        return [
            PlacedLine(
                position=position,
                sku_id=item.sku_id,
                product_id=item.product_id,
                category_id=item.category_id,
                title=item.title,
                image=item.image or "",
                spec=msgspec.json.encode(item.spec).decode(),
                virtual=item.virtual,
                quantity=item.n,
                unit_price_fen=item.price_fen,
                promotion_fen=self._promotion_fen(item),
                amount_fen=line.amount_fen,
                discount_fen=line.discount_fen,
                coupon_fen=line.coupon_fen,
                points_fen=line.points_fen,
                points=line.points,
                balance_fen=line.balance_fen,
                withdrawable_fen=line.withdrawable_fen,
                cash_fen=line.cash_fen,
            )
            for position, (item, line) in enumerate(self._pairs(), start=1)
        ]

    def _coupon_fen(self) -> int:
        return sum(line.coupon_fen for line in self.quote.lines)

    def payload(self, member_id: int, keyed: Keyed, answer: bytes) -> bytes:
        """Encode the argument of `order_place`."""
        coupon, offer, entry = self.facts.coupon, self.offer, None
        if self.quote.balance_fen or self.quote.points:
            held = entries.order_hold(
                str(self.order_no),
                member_id,
                self.quote.balance_fen - self.quote.withdrawable_fen,
                self.quote.withdrawable_fen,
                self.quote.points,
            )
            entry = book.posting(held, self.at)
        placement = Placement(
            order=self._order(member_id),
            lines=self._lines(),
            key=AnsweredKey(keyed.path, keyed.key, keyed.body_hash, answer.decode()),
            unpaid=self.unpaid,
            at=self.at,
            coupon=None if coupon is None else CouponToLock(coupon.id, coupon.amount_fen, self._coupon_fen()),
            cart=[item.sku_id for item in self.facts.items] if self.wanted.items is None else None,
            promotion=TakenPromotion(self.kind, self.held_stock, offer.take) if offer else None,
            entry=entry,
        )
        return msgspec.json.encode(placement)
