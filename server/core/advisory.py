"""The numbers of all advisory locks.

They are in the lowest layer because schema, seed and services all take such locks, and PostgreSQL has only one set of
numbers for them. A negative number is a member who places an order (order_place.sql). The steps of a transaction take
their locks through `server/services/common/locks.py`.
"""

from enum import IntEnum, unique


@unique
class Advisory(IntEnum):
    """Work that only one process may do at a time, even if there is no row to lock. A used number keeps its meaning."""

    MIGRATIONS = 7_224_100_001
    REBATE_RULES = 7_224_100_002
    REFERRAL_TREE = 7_224_100_003
    """Shared for bindings, exclusive for a correction of the tree."""
    CATALOGUE = 7_224_100_011
    COUPON_TEMPLATES = 7_224_100_012
    PLANTING = 7_224_100_013
    PROMOTIONS = 7_224_100_014
    SHOP_POLICY = 7_224_100_017
    LEVELS = 7_224_100_021
    STACKING = 7_224_100_024
    COMMISSION_POLICIES = 7_224_100_025
    FIELD_KEYS = 7_224_100_026
    SCHEDULER = 7_224_100_041
