"""What members are entitled to by the plain model, what they have in the books, and what the audit says of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from hypothesis import strategies as st

from server import db
from server.ledger.audit import prove_members
from tests.races.model import Model
from tests.races.model_parts import Coupon, Policy, Terms
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
    stages_bp=st.sampled_from([(0, 10_000), (0, 10_000), (3_000, 3_000, 4_000)]),
)
"""Versions of the rebate rule."""
POLICIES = st.sampled_from([Policy(1_000), Policy(333), Policy(4_000, cap_bp=1_500)])
"""Versions of the commission policies."""

Account = tuple[str, str]
"""Currency and code of an account in the books."""


class Shown(NamedTuple):
    """A live rebate."""

    member_id: int
    stages_fen: list[int]
    state: str
    friends: list[int]


def to(model: Model, who: int) -> dict[Account, int]:
    """Return what a member is entitled to, by account, without what is zero."""
    wallet, points = model.wallets[who], model.points[who]
    coupons = [one for one in model.coupons if one.member == who]
    amounts = {
        ("CNY", "spend_only"): wallet.spend_only,
        ("CNY", "withdrawable"): wallet.withdrawable,
        ("CNY", "frozen"): wallet.frozen,
        ("CNY", "debt"): wallet.debt,
        ("CPN", "coupon"): sum(one.left_fen for one in coupons),
        ("CPN", "coupon_used"): sum(one.used_fen for one in coupons),
        ("POINT", "points"): points.spend_only,
        ("POINT", "frozen"): points.frozen,
        ("POINT", "debt"): points.debt,
    }
    return {account: amount for account, amount in amounts.items() if amount}


def to_rebates(model: Model, people: Sequence[int]) -> dict[str, Shown]:
    """Return the rebates that members are entitled to, by the number of the order that each returns."""
    return {
        one.order.no: Shown(
            people[one.member],
            [stage.amount_fen for stage in one.stages],
            one.state,
            sorted(people[friend.referee] for friend in one.friends),
        )
        for one in model.live()
    }


def to_cash_back(model: Model) -> dict[str, int]:
    """Return what WeChat must give back for refunds, by the number of the order."""
    return {one.no: one.cash_back_fen for one in model.orders if one.cash_back_fen}


_ACCOUNTS = """
SELECT member_id, currency, code, sum(balance)::bigint AS amount FROM ledger_accounts
  WHERE member_id = ANY ($1) GROUP BY member_id, currency, code HAVING sum(balance) <> 0
"""


async def in_the_books(people: Sequence[int]) -> dict[int, dict[Account, int]]:
    """Return what members have, as `to` does."""
    found: dict[int, dict[Account, int]] = {who: {} for who in people}
    for row in await db.fetch(_ACCOUNTS, list(people)):
        found[row["member_id"]][row["currency"], row["code"]] = row["amount"]
    return found


_REBATES = """
SELECT r.member_id, r.state, o.order_no, (SELECT array_agg(referee_id ORDER BY referee_id)
    FROM qualifications WHERE rebate_id = r.id) AS friends,
    (SELECT array_agg(amount_fen ORDER BY position) FROM rebate_stages
      WHERE rebate_id = r.id AND state <> 'reversed') AS stages
  FROM rebates r JOIN orders o ON o.id = r.order_id WHERE r.state <> 'reversed' AND r.member_id = ANY ($1)
"""


async def rebates(people: Sequence[int]) -> dict[str, Shown]:
    """Return the live rebates of members, as `to_rebates` does."""
    return {
        row["order_no"]: Shown(row["member_id"], row["stages"], row["state"], row["friends"])
        for row in await db.fetch(_REBATES, list(people))
    }


_CASH_BACK = """
SELECT o.order_no, sum(r.cash_fen)::bigint AS fen FROM refunds r JOIN orders o ON o.id = r.order_id
  WHERE r.kind = 'order' AND r.state IN ('approved', 'processing', 'succeeded') AND r.cash_fen > 0
    AND o.member_id = ANY ($1) GROUP BY o.order_no
"""


async def cash_back(people: Sequence[int]) -> dict[str, int]:
    """Return what was granted to be given back through WeChat, as `to_cash_back` does."""
    return {row["order_no"]: row["fen"] for row in await db.fetch(_CASH_BACK, list(people))}


_COUPON = """
SELECT c.id FROM coupons c JOIN rebate_stages s ON c.source = 'rebate:' || s.rebate_id || ':stage:' || s.id
  JOIN rebates r ON r.id = s.rebate_id AND r.state <> 'reversed' JOIN orders o ON o.id = r.order_id
  WHERE o.order_no = $1 AND s.position = $2 AND s.state = 'settled'
"""


async def coupon_id(model: Model, coupon: Coupon | None) -> int | None:
    """Return the id of a coupon of value: that of the stage of a live rebate which paid it."""
    if coupon is None:
        return None
    no, position = next(
        (one.order.no, position)
        for one in model.live()
        for position, stage in enumerate(one.stages, 1)
        if stage.coupon is coupon
    )
    found: int = await db.fetch_value(_COUPON, no, position)
    return found


async def offences(people: Sequence[int], at: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return what the audit finds about members."""
    async with db.snapshot(scratch=True) as reader:
        return offenders(await prove_members(reader, at, people))
