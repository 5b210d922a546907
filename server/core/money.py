"""Money as integer fen and rates as basis points: no floats, no accidental rounding, parts that always add up."""

import re
from collections.abc import Sequence

Fen = int
"""An amount of money in fen (1 yuan = 100 fen)."""

WHOLE_BP = 10_000
"""100 % in basis points."""
_YUAN = re.compile(r"(-?)([0-9]{1,13})(?:\.([0-9]{1,2})0*)?")


def share(amount_fen: Fen, ratio_bp: int) -> Fen:
    """Return `ratio_bp` of `amount_fen`, rounded down once.

    Raises ValueError when either is negative, because a share of a debt is a sign mistake.
    """
    if amount_fen < 0 or ratio_bp < 0:
        msg = f"share of a negative value: {amount_fen} fen at {ratio_bp} bp"
        raise ValueError(msg)
    return amount_fen * ratio_bp // WHOLE_BP


def split(total_fen: Fen, weights: Sequence[int]) -> list[Fen]:
    """Split `total_fen` in proportion to `weights`: round down, then give the missing fen to the largest remainders.

    The parts always sum to the total. A part with weight 0 is 0, and when the total is at most the sum of the weights,
    no part exceeds its weight. Raises ValueError for a negative value, and for a total above 0 when all weights are 0.
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
    """Return an amount as a text for people: `123456` → `"1234.56"`."""
    sign = "-" if amount_fen < 0 else ""
    whole, cents = divmod(abs(amount_fen), 100)
    return f"{sign}{whole}.{cents:02d}"


def fen(text: str) -> Fen:
    """Read an amount in yuan: `12.3` → 1230 fen. Raises ValueError for anything that is not an amount in whole fen."""
    found = _YUAN.fullmatch(text)
    if found is None:
        raise ValueError(f"no amount in yuan: {text[:40]!r}")
    sign, whole, cents = found.groups(default="")
    amount = int(whole) * 100 + int(cents.ljust(2, "0"))
    return -amount if sign else amount
