"""Random terms that a shop might set: rebate rules, commission policies, the shop's own numbers."""

import random
from typing import Any

_COMMISSIONED = ("ratio", "fixed", "ladder")


def rebate_terms(chance: random.Random) -> dict[str, Any]:
    """Return terms of a rule whose cycles close often."""
    required = chance.choice([2, 2, 3])
    terms: dict[str, Any] = {
        "required": required,
        "qualify_at": chance.choice(["paid", "received"]),
        "observe_days": chance.choice([0, 0, 1, 7]),
        "min_paid_fen": chance.choice([1, 1, 2_500]),
        "pick": chance.choice(["oldest", "newest", "highest", "lowest", "member_chooses"]),
        "ratio_bp": chance.choice([10_000, 10_000, 3_333, 1]),
        "cap_fen": chance.choice([None, None, 2_000, 7]),
        "member_month_cap_fen": chance.choice([None, None, 5_000]),
        "budget_fen": chance.choice([None, None, 20_000]),
        "payout_cap_bp": chance.choice([None, 5_000, 1_000]),
        "max_cycles": chance.choice([None, None, None, 2]),
        "returnable_days": chance.choice([None, None, 20]),
        "withdrawable": chance.random() < 0.7,
        "pay_as": chance.choice(["balance", "balance", "balance", "coupon"]),
    }
    if chance.random() < 0.5:
        terms["stages_bp"] = [chance.randint(1, 10_000 // required) for _ in range(required)]
    return terms


def commission_terms(chance: random.Random, products: list[int]) -> dict[str, Any]:
    """Return commission policies of each kind, for the shop and for a product, on one level or two."""
    depth = chance.choice([1, 2, 2])
    policies = [_policy(chance, level, {}) for level in range(1, depth + 1) if chance.random() < 0.9]
    policies += [
        _policy(chance, level, {"scope": "product", "ids": [product]})
        for level in range(1, depth + 1)
        for product in products
        if chance.random() < 0.3
    ]
    cap_bp = chance.choice([3_000, 3_000, 333, 10_000])
    return {"policies": policies, "depth": depth, "commission_cap_bp": cap_bp, "observe_days": chance.choice([7, 9])}


def _policy(chance: random.Random, level: int, scope: dict[str, Any]) -> dict[str, Any]:
    kind = chance.choice(_COMMISSIONED)
    terms: dict[str, dict[str, Any]] = {
        "ratio": {"ratio_bp": chance.choice([500, 2_000, 3_333, 10_000])},
        "fixed": {"fixed_fen": chance.choice([1, 300, 100_000]), "per": chance.choice(["item", "order"])},
        "ladder": {
            "by": chance.choice(["order", "month"]),
            "tiers": [{"from_fen": 0, "ratio_bp": 100}, {"from_fen": 6_000, "ratio_bp": 1_500}],
        },
    }
    return {"kind": kind, "level": level, **scope, **terms[kind]}


def shop_terms(chance: random.Random) -> dict[str, Any]:
    """Return the shop's numbers that outgoing money depends on."""
    return {
        "withdrawal_fee_bp": chance.choice([0, 60, 1_000]),
        "withdrawal_withholding": chance.choice(["none", "labour_remuneration"]),
        "withdrawal_min_fen": chance.choice([100, 1_000]),
        "withdrawal_day_count": chance.choice([3, 100]),
        "withdrawal_day_fen": chance.choice([5_000, 2_000_000]),
        "withdrawal_auto_below_fen": chance.choice([0, 1_000, 2_000_000]),
        "withdrawal_second_from_fen": chance.choice([1_500, 1_000_000]),
        "withdrawal_name_from_fen": chance.choice([2_000, 200_000]),
        "freight_fen": chance.choice([0, 800]),
        "order_minutes": chance.choice([2, 15]),
    }
