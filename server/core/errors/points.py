"""Refusals of points."""

from server.core.refusal import Refusal


class PointsUnavailable(Refusal):
    """Fewer points than asked for; `available` says how many there are."""

    code, status, message = "points_unavailable", 422, "积分不足"
