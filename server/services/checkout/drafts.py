"""A priced order before it is written: what its member is shown, and what `order_place` writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import orjson

from server.ledger import book, entries
from server.rules.pricing import LinePrice, Quote
from server.rules.promotions import Offer
from server.rules.stacking import LABELS, Combination
from server.services.checkout.facts import Facts, Wanted
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
    amount_fen: int
    discount_fen: int
    coupon_fen: int
    points_fen: int
    points: int
    balance_fen: int
    cash_fen: int


class PricedDiscount(msgspec.Struct):
    """One thing taken off."""

    kind: str
    label: str
    amount_fen: int


class PricedReason(msgspec.Struct):
    """One step of how the price came about; `amount_fen` is negative where it took something off."""

    label: str
    detail: str
    amount_fen: int


class Combined(msgspec.Struct):
    """Whether `what` goes together with the order's kind."""

    what: str
    label: str
    allowed: bool


class Priced(msgspec.Struct):
    """items − discounts + freight − balance = cash due. `order_no` is null in a preview.

    `points` are spent, `why` explains the price step by step, `combines` says what goes together with this kind of
    order and whether it counts for 推三返一. `address_needed` says that something has to be sent: placing without an
    address would be refused.
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
            combines=[Combined(what, label, getattr(self.stack, what)) for what, label in LABELS.items()],
            address_needed=not self.virtual,
            expires_at=self.expires_at,
        )

    def _pairs(self) -> Sequence[tuple[Any, LinePrice]]:
        return list(zip(self.facts.items, self.quote.lines, strict=True))

    def row(self, member_id: int) -> dict[str, Any]:
        """Build the row of `orders`."""
        address = self.facts.address or {}
        return {
            "order_no": self.order_no,
            "member_id": member_id,
            "kind": self.kind,
            "promotion_id": self.offer and self.offer.promotion_id,
            "team_id": self.offer and self.offer.team_id,
            "stacking_version": self.stacking_version,
            "for_commission": self.stack.commission,
            "for_qualification": self.stack.qualifies,
            "for_return": self.stack.returnable,
            "status": "pending",
            "virtual": self.virtual,
            "items_fen": self.quote.items_fen,
            "discounts": [
                {"kind": one.kind, "label": one.label, "amount_fen": one.amount_fen} for one in self.quote.discounts
            ],
            "coupon_id": self.wanted.coupon_id,
            "freight_fen": self.quote.freight_fen,
            "freight_cash_fen": self.quote.freight_cash_fen,
            "balance_fen": self.quote.balance_fen,
            "withdrawable_fen": self.quote.withdrawable_fen,
            "points": self.quote.points,
            "refunded_points": 0,
            "cash_due_fen": self.quote.cash_due_fen,
            "address_sealed": None if self.virtual else address.get("sealed"),
            "region": "" if self.virtual else address.get("region", ""),
            "remark": self.wanted.remark,
            "created_at": self.at,
            "expires_at": self.expires_at,
            "checks": 0,
            "refunded_cash_fen": 0,
            "refunded_balance_fen": 0,
            "refunded_freight_fen": 0,
        }

    def line_rows(self) -> list[dict[str, Any]]:
        """Build the rows of `order_lines`."""
        return [
            {
                "position": position,
                "sku_id": item.sku_id,
                "product_id": item.product_id,
                "category_id": item.category_id,
                "title": item.title,
                "image": item.image or "",
                "spec": item.spec,
                "virtual": item.virtual,
                "quantity": item.n,
                "unit_price_fen": item.price_fen,
                "amount_fen": line.amount_fen,
                "discount_fen": line.discount_fen,
                "coupon_fen": line.coupon_fen,
                "points_fen": line.points_fen,
                "points": line.points,
                "refunded_points": 0,
                "balance_fen": line.balance_fen,
                "withdrawable_fen": line.withdrawable_fen,
                "cash_fen": line.cash_fen,
                "refunded_quantity": 0,
                "refunded_cash_fen": 0,
                "refunded_balance_fen": 0,
                "refunded_withdrawable_fen": 0,
            }
            for position, (item, line) in enumerate(self._pairs(), start=1)
        ]

    def payload(self, member_id: int, keyed: Keyed, answer: bytes) -> bytes:
        """Encode the argument of `order_place`."""
        payload: dict[str, Any] = {
            "order": self.row(member_id),
            "lines": self.line_rows(),
            "key": {
                "path": keyed.path,
                "key": keyed.key,
                "body_hash": keyed.body_hash,
                "answer": answer.decode(),
            },
            "at": self.at,
        }
        if self.wanted.coupon_id is not None:
            off = sum(line.coupon_fen for line in self.quote.lines)
            payload["coupon"] = {"id": self.wanted.coupon_id, "discount_fen": off}
        if self.wanted.items is None:
            payload["cart"] = [item.sku_id for item in self.facts.items]
        if self.offer is not None:
            payload["promotion"] = {
                "kind": self.kind,
                "held_stock": self.held_stock,
                "take": self.offer.take,
            }
        if self.quote.balance_fen or self.quote.points:
            held = entries.order_hold(
                str(self.order_no),
                member_id,
                self.quote.balance_fen - self.quote.withdrawable_fen,
                self.quote.withdrawable_fen,
                self.quote.points,
            )
            payload["entry"] = book.as_json(held, self.at)
        return orjson.dumps(payload)
