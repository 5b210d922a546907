"""Money as integer fen and rates as basis points: no float, no rounding by accident, parts that always sum."""

import re
from collections.abc import Sequence

Fen = int
"""An amount of money in fen (1 yuan = 100 fen)."""

WHOLE_BP = 10_000
"""100 % in basis points."""
_YUAN = re.compile(r"(-?)([0-9]{1,13})(?:\.([0-9]{1,2})0*)?")


def share(amount_fen: Fen, ratio_bp: int) -> Fen:
    """`ratio_bp` of `amount_fen`, rounded down once.

    Raises ValueError when either is negative: a share of a debt is a sign mistake.
    """
    if amount_fen < 0 or ratio_bp < 0:
        msg = f"share of a negative value: {amount_fen} fen at {ratio_bp} bp"
        raise ValueError(msg)
    return amount_fen * ratio_bp // WHOLE_BP


def split(total_fen: Fen, weights: Sequence[int]) -> list[Fen]:
    """`total_fen` in proportion to `weights`: floors first, then the missing fen to the largest remainders.

    The parts sum to the total exactly, a part of weight 0 is 0, and where the total is at most the
    sum of the weights no part exceeds its weight. Raises ValueError for a negative value, and for a
    total that has nowhere to go.
    """
    if total_fen < 0 or any(weight < 0 for weight in weights):
        msg = f"split of a negative value: {total_fen} over {list(weights)}"
        raise ValueError(msg)
    whole = sum(weights)
    if whole == 0:
        if total_fen:
            msg = f"{total_fen} fen cannot be split over nothing"
            raise ValueError(msg)
        return [0] * len(weights)
    parts = [total_fen * weight // whole for weight in weights]
    missing = total_fen - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total_fen * weights[i] % whole), i))
    for i in by_remainder[:missing]:
        parts[i] += 1
    return parts


def yuan(amount_fen: Fen) -> str:
    """`123456` → `"1234.56"`, for texts that people read."""
    sign = "-" if amount_fen < 0 else ""
    whole, cents = divmod(abs(amount_fen), 100)
    return f"{sign}{whole}.{cents:02d}"


def fen(text: str) -> Fen:
    """`12.3` yuan → 1230 fen. Raises ValueError for anything that is no amount in whole fen."""
    found = _YUAN.fullmatch(text)
    if found is None:
        raise ValueError(f"no amount in yuan: {text[:40]!r}")
    sign, whole, cents = found.groups(default="")
    amount = int(whole) * 100 + int(cents.ljust(2, "0"))
    return -amount if sign else amount
