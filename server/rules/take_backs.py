"""Where an amount that was given is taken back from: accounts of a wallet, and stages of a rebate."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Where an amount is taken back from; `short_fen` is what the wallet could not cover."""

    frozen_fen: int
    spend_only_fen: int
    withdrawable_fen: int
    short_fen: int


def take_back(amount_fen: int, frozen_fen: int, spend_only_fen: int, withdrawable_fen: int) -> TakeBack:
    """Take back frozen money of the same source first, then spend-only, then withdrawable; the rest is short."""
    frozen = min(amount_fen, frozen_fen)
    spend_only = min(amount_fen - frozen, spend_only_fen)
    withdrawable = min(amount_fen - frozen - spend_only, withdrawable_fen)
    return TakeBack(frozen, spend_only, withdrawable, amount_fen - frozen - spend_only - withdrawable)


def take_from_stages(stages_fen: Sequence[int], amount_fen: int) -> list[int]:
    """Take `amount_fen` off stages, the last one first, and return the rest: later stages are those still frozen."""
    left = list(stages_fen)
    for position in range(len(left) - 1, -1, -1):
        taken = min(left[position], amount_fen)
        left[position] -= taken
        amount_fen -= taken
    return left
