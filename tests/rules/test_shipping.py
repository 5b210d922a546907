"""How goods are sent: what an operator may type, and what can be corrected."""

from datetime import UTC, datetime

import pytest

from server.core.errors import BadRequest
from server.rules.orders import OrderStatus
from server.rules.shipping import Shipment, Way, correctable, read_shipment, shipment_of

SF = Shipment(Way.EXPRESS, "SF", "SF10001")


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        (("顺丰", " SF10001 "), SF),
        (("SF", "SF10001", "express"), SF),
        (("", ""), Shipment(Way.OWN)),
        (("", "", "own"), Shipment(Way.OWN)),
        (("商家配送", ""), Shipment(Way.OWN)),
        (("", "", "pick_up"), Shipment(Way.PICK_UP)),
        (("自提", ""), Shipment(Way.PICK_UP)),
        (("到店自提", "", "pick_up"), Shipment(Way.PICK_UP)),
    ],
)
def test_what_is_typed_is_one_of_three_ways(typed: tuple[str, ...], sent: Shipment) -> None:
    assert read_shipment(*typed) == sent


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (("SF", ""), "tracking_no"),
        (("", "SF10001"), "tracking_no"),
        (("火箭", "X90001"), "company"),
        (("SF", "??"), "tracking_no"),
        (("", "", "express"), "tracking_no"),
        (("SF", "SF10001", "own"), "tracking_no"),
        (("SF", "SF10001", "pick_up"), "tracking_no"),
        (("自提", "SF10001"), "tracking_no"),
        (("", "", "virtual"), "way"),
        (("", "", "balloon"), "way"),
    ],
)
def test_what_fits_no_way_is_refused_by_its_field(typed: tuple[str, ...], field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_shipment(*typed)
    assert refused.value.detail["field"] == field


def test_only_express_has_a_company_and_a_number() -> None:
    assert shipment_of("SF", "SF10001") == SF
    with pytest.raises(BadRequest):
        shipment_of("SF", "")
    with pytest.raises(BadRequest):
        shipment_of("SF", "SF10001", pick_up=True)


@pytest.mark.parametrize(
    ("sent", "label"),
    [
        (SF, "顺丰速运"),
        (Shipment(Way.EXPRESS, "HTKY", "1"), "HTKY"),
        (Shipment(Way.OWN), "商家配送"),
        (Shipment(Way.PICK_UP), "到店自提"),
    ],
)
def test_the_label_says_who_brings_the_goods(sent: Shipment, label: str) -> None:
    assert sent.label == label


def test_a_correction_is_possible_until_receipt_and_once_where_wechat_has_to_be_told() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert correctable(OrderStatus.SHIPPED, "42", None)
    assert not correctable(OrderStatus.SHIPPED, "42", at)
    assert correctable(OrderStatus.SHIPPED, None, at)
    assert not correctable(OrderStatus.RECEIVED, "42", None)
