"""The payout cap of a rebate: a part of what its friends paid, less what else their orders give.

Pure functions; amounts are integer fen. What an order gives is fixed when the order joins the rebate, and shrinks with
the order's net cash.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from server.core.money import share, yuan
from server.rules.levels import left_of


@dataclass(frozen=True, slots=True)
class Gives:
    """What a qualifying order gives beside the rebate: commission by its policy, and the points that it will earn."""

    commission_fen: int = 0
    points: int = 0
    points_per_fen: int = 1
    """How many points take off one fen of an order."""

    @property
    def points_fen(self) -> int:
        """The value of the points."""
        return self.points // self.points_per_fen

    @property
    def fen(self) -> int:
        """The value of everything."""
        return self.commission_fen + self.points_fen

    def left(self, base_fen: int, net_fen: int) -> "Gives":
        """Return what is left of this when `net_fen` of the order's net cash is left; it was `base_fen` at joining."""
        return Gives(
            left_of(self.commission_fen, base_fen, net_fen),
            left_of(self.points, base_fen, net_fen),
            self.points_per_fen,
        )


NOTHING = Gives()


def payout_cap_fen(payout_cap_bp: int, nets_fen: Sequence[int], given_fen: int) -> int:
    """Return the most that qualifying orders allow: a part of their net cash, less what else they give."""
    return max(0, share(sum(nets_fen), payout_cap_bp) - given_fen)


def in_words(payout_cap_bp: int, gives: Sequence[Gives]) -> str:
    """Return the cap and its parts, as a step of the sum that explains a rebate."""
    parts = (("佣金", sum(one.commission_fen for one in gives)), ("积分", sum(one.points_fen for one in gives)))
    less = "、".join(f"{name} {yuan(fen)} 元" for name, fen in parts if fen)
    cap = f"不超过好友订单实付的 {yuan(payout_cap_bp)}%"
    return f"{cap}，减去这些订单带来的{less}" if less else cap
