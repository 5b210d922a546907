"""The numbers of all advisory locks.

They stand on the lowest floor because schema, seed and services take such locks, and PostgreSQL keeps one set of
numbers for all of them. Steps of a transaction take theirs by `server/services/common/locks.py`.
"""

from enum import IntEnum, unique


@unique
class Advisory(IntEnum):
    """What is done by one at a time although there may be no row to lock. A number, once used, keeps its meaning."""

    MIGRATIONS = 7_224_100_001
    REBATE_RULES = 7_224_100_002
    REFERRAL_TREE = 7_224_100_003
    """Bindings share it, a correction holds it alone."""
    CATALOGUE = 7_224_100_011
    COUPON_TEMPLATES = 7_224_100_012
    PLANTING = 7_224_100_013
    PROMOTIONS = 7_224_100_014
    SHOP_POLICY = 7_224_100_017
    LEVELS = 7_224_100_021
    STACKING = 7_224_100_024
    COMMISSION_POLICIES = 7_224_100_025
