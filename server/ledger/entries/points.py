"""Builders of the entries of points: earned as frozen, released, taken back, given, removed. In whole points."""

from collections.abc import Sequence

from server.ledger.chart import DEBT, FROZEN, POINT, POINTS, POINTS_ISSUED
from server.ledger.entries.parts import Debt, Entry, Line, credit, moved
from server.rules.points import Taken


def point_source(order_id: int) -> str:
    """Return the source name of frozen and owed points from one order."""
    return f"points:{order_id}"


def points_frozen(order_id: int, order_no: str, member_id: int, points: int) -> Entry:
    """Build the entry that gives a received order's points to its buyer as frozen points."""
    source = point_source(order_id)
    return Entry(
        f"{source}:frozen",
        "points_frozen",
        f"订单 {order_no} 的购物积分",
        f"order:{order_no}",
        moved(
            Line(0, POINTS_ISSUED, -points, currency=POINT),
            Line(member_id, FROZEN, points, source, POINT),
        ),
    )


def points_release(order_id: int, order_no: str, member_id: int, points: int, debts: Sequence[Debt]) -> Entry:
    """Build the entry that releases frozen points to be spent; owed points are paid first."""
    source = point_source(order_id)
    return Entry(
        f"{source}:release",
        "points_release",
        f"观察期结束，订单 {order_no} 的积分到账",
        f"order:{order_no}",
        moved(
            Line(member_id, FROZEN, -points, source, POINT),
            credit(member_id, [(POINTS, points)], debts, POINT),
        ),
    )


def points_take_back(order_id: int, order_no: str, refund_no: str, member_id: int, taken: Taken) -> Entry:
    """Build the entry that takes an order's points back after a refund: from frozen, available, then as debt."""
    source = point_source(order_id)
    return Entry(
        f"{source}:refund:{refund_no}",
        "points_take_back",
        f"订单 {order_no} 退款，积分收回",
        f"order:{order_no}",
        moved(
            Line(member_id, FROZEN, -taken.frozen, source, POINT),
            Line(member_id, POINTS, -taken.available, currency=POINT),
            Line(member_id, DEBT, -taken.debt, source, POINT),
            Line(0, POINTS_ISSUED, taken.frozen + taken.available + taken.debt, currency=POINT),
        ),
    )


def points_given(key: str, kind: str, why: str, member_id: int, points: int, debts: Sequence[Debt]) -> Entry:
    """Build the entry of points that the shop gives for immediate use; owed points are paid first."""
    lines = moved(Line(0, POINTS_ISSUED, -points, currency=POINT), credit(member_id, [(POINTS, points)], debts, POINT))
    return Entry(key, kind, why, f"member:{member_id}", lines)


def points_gone(key: str, kind: str, why: str, member_id: int, points: int) -> Entry:
    """Build the entry of points that go back to the shop."""
    lines = moved(Line(member_id, POINTS, -points, currency=POINT), Line(0, POINTS_ISSUED, points, currency=POINT))
    return Entry(key, kind, why, f"member:{member_id}", lines)
