"""Refusals of points."""

from server.core.refusal import Refusal


class PointsUnavailable(Refusal):
    """The member has fewer points than asked for; `available` is their number."""

    code, status, message = "points_unavailable", 422, "积分不足"
