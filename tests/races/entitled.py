"""What members are entitled to by the plain model, what they have in the books, and what the audit says of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from hypothesis import strategies as st

from server import db
from server.ledger.audit import prove_members
from tests.races.model import Model
from tests.races.model_parts import Coupon, Terms
from tests.support.proof import offenders

RULES = st.builds(
    Terms,
    qualify_at=st.sampled_from(["paid", "received"]),
    observe_days=st.sampled_from([0, 0, 7]),
    ratio_bp=st.sampled_from([10_000, 3_333]),
    cap_fen=st.sampled_from([None, 15_000]),
    min_paid_fen=st.sampled_from([1, 1, 12_000]),
    pick=st.sampled_from(["oldest", "newest", "highest", "lowest"]),
    payout_cap_bp=st.sampled_from([None, 8_000, 5_000]),
    pay_as=st.sampled_from(["coupon", "coupon", "balance"]),
    withdrawable=st.booleans(),
)
"""Versions of the rebate rule."""


class Shown(NamedTuple):
    """A live rebate."""

    member_id: int
    amount_fen: int
    state: str
    friends: list[int]


def to(model: Model, who: int) -> dict[str, int]:
    """Return what a member is entitled to, by account of the books, without what is zero."""
    wallet, coupons = model.wallets[who], [one for one in model.coupons if one.member == who]
    amounts = {
        "spend_only": wallet.spend_fen,
        "withdrawable": wallet.withdrawable_fen,
        "frozen": wallet.frozen_fen,
        "debt": wallet.debt_fen,
        "coupon": sum(one.left_fen for one in coupons),
        "coupon_used": sum(one.used_fen for one in coupons),
    }
    return {account: fen for account, fen in amounts.items() if fen}


def to_rebates(model: Model, people: Sequence[int]) -> dict[str, Shown]:
    """Return the rebates that members are entitled to, by the number of the order that each returns."""
    return {
        one.order.no: Shown(
            people[one.member], one.amount_fen, one.state, sorted(people[friend.referee] for friend in one.friends)
        )
        for one in model.live()
    }


_ACCOUNTS = """
SELECT member_id, code, sum(balance)::bigint AS fen FROM ledger_accounts
  WHERE member_id = ANY ($1) AND currency IN ('CNY', 'CPN') GROUP BY member_id, code HAVING sum(balance) <> 0
"""


async def in_the_books(people: Sequence[int]) -> dict[int, dict[str, int]]:
    """Return what members have, as `to` does."""
    found: dict[int, dict[str, int]] = {who: {} for who in people}
    for row in await db.fetch(_ACCOUNTS, list(people)):
        found[row["member_id"]][row["code"]] = row["fen"]
    return found


_REBATES = """
SELECT r.member_id, r.granted_fen, r.state, o.order_no, (SELECT array_agg(referee_id ORDER BY referee_id)
    FROM qualifications WHERE rebate_id = r.id) AS friends
  FROM rebates r JOIN orders o ON o.id = r.order_id WHERE r.state <> 'reversed' AND r.member_id = ANY ($1)
"""


async def rebates(people: Sequence[int]) -> dict[str, Shown]:
    """Return the live rebates of members, as `to_rebates` does."""
    return {
        row["order_no"]: Shown(row["member_id"], row["granted_fen"], row["state"], row["friends"])
        for row in await db.fetch(_REBATES, list(people))
    }


_COUPON = """
SELECT c.id FROM coupons c JOIN rebates r ON split_part(c.source, ':', 2) = r.id::text AND r.state <> 'reversed'
  JOIN orders o ON o.id = r.order_id WHERE c.source LIKE 'rebate:%' AND o.order_no = $1
"""


async def coupon_id(model: Model, coupon: Coupon | None) -> int | None:
    """Return the id of a coupon of value: that of the live rebate which paid it."""
    if coupon is None:
        return None
    no = next(one.order.no for one in model.live() if one.coupon is coupon)
    found: int = await db.fetch_value(_COUPON, no)
    return found


async def offences(people: Sequence[int], at: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return what the audit finds about members."""
    async with db.snapshot(scratch=True) as reader:
        return offenders(await prove_members(reader, at, people))
