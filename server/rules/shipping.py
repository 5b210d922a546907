"""How goods reach a member, and what an operator must say about it: WeChat wants each way told as what it is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.core.errors import BadRequest
from server.rules.express import COMPANIES, company_code, tracking_fits
from server.rules.orders import OrderStatus


class Way(StrEnum):
    """How goods are handed over; the values are those of the API and the database, where `virtual` is not stored."""

    EXPRESS = "express"
    OWN = "own"
    PICK_UP = "pick_up"
    VIRTUAL = "virtual"


LABELS: dict[Way, str] = {
    Way.EXPRESS: "快递",
    Way.OWN: "商家配送",
    Way.PICK_UP: "到店自提",
    Way.VIRTUAL: "在线发放",
}
CHOICES = (Way.EXPRESS, Way.OWN, Way.PICK_UP)
"""The ways that an operator can choose; virtual goods are delivered on payment."""

_WORDS = {"商家配送": Way.OWN, "自己配送": Way.OWN, "到店自提": Way.PICK_UP, "自提": Way.PICK_UP}
"""What a file may say in place of an express company."""

_PAIR = "快递公司和运单号要么都填，要么都留空（商家自己配送）"
_NO_EXPRESS = "商家配送和到店自提没有快递公司和运单号，请留空"
NO_NUMBER = "-"
"""Stands for a missing tracking number in a message: WeChat accepts neither Chinese nor nothing in such a value."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """How an order was sent. Only express has a company (WeChat's code for it) and a tracking number."""

    way: Way
    company: str | None = None
    tracking_no: str | None = None

    @property
    def label(self) -> str:
        """Who brings the goods, in Chinese."""
        return COMPANIES.get(self.company, self.company) if self.company else LABELS[self.way]


def shipment_of(company: str, tracking_no: str, *, pick_up: bool = False) -> Shipment:
    """Return the shipment: express with both, the shop's own delivery with neither, or a pick-up.

    Raises BadRequest for one without the other, or a pick-up with either.
    """
    if bool(company) is not bool(tracking_no):
        raise BadRequest(field="tracking_no", problem=_PAIR)
    if pick_up and company:
        raise BadRequest(field="company", problem=_NO_EXPRESS)
    if company:
        return Shipment(Way.EXPRESS, company, tracking_no)
    return Shipment(Way.PICK_UP if pick_up else Way.OWN)


def read_shipment(company: str, tracking_no: str, way: str = "") -> Shipment:
    """Return the shipment that an operator typed: the company as code or Chinese name, the way where it was chosen.

    Without a way, both fields empty mean the shop's own delivery. Raises BadRequest with the field and its problem.
    """
    company, tracking_no = company.strip(), tracking_no.strip()
    chosen = _chosen(company, way)
    code = "" if company in _WORDS else company_code(company) or ""
    if company and company not in _WORDS and not code:
        raise BadRequest(field="company", problem=f"不认识的快递公司“{company[:20]}”，请填编码")
    if chosen in (Way.OWN, Way.PICK_UP) and (code or tracking_no):
        raise BadRequest(field="tracking_no", problem=_NO_EXPRESS)
    if chosen is Way.EXPRESS and not (code and tracking_no):
        raise BadRequest(field="tracking_no", problem="快递要填快递公司和运单号")
    if tracking_no and not tracking_fits(tracking_no):
        raise BadRequest(field="tracking_no", problem=f"运单号“{tracking_no[:60]}”不像运单号")
    return shipment_of(code, tracking_no, pick_up=chosen is Way.PICK_UP)


def _chosen(company: str, way: str) -> Way | None:
    if not way:
        return _WORDS.get(company)
    if way not in CHOICES:
        raise BadRequest(field="way", problem="请选择发货方式")
    return Way(way)


def correctable(status: OrderStatus, transaction_id: str | None, corrected_at: datetime | None) -> bool:
    """Whether how it was shipped can still be corrected: until receipt, and once where WeChat has to be told."""
    return status is OrderStatus.SHIPPED and (transaction_id is None or corrected_at is None)
