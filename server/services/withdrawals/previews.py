"""Preview a withdrawal before the member requests it."""

import msgspec

from server import db
from server.core.errors import WithdrawalLimit
from server.gateways.ports import Deps
from server.ledger import statement
from server.rules.shop import ShopPolicy
from server.rules.withdrawals import (
    Quote,
    Today,
    approves_itself,
    check_limits,
    limit_text,
    most_now,
    needs_name,
    quote,
    withholding,
)
from server.services.terms import policy
from server.services.withdrawals import requests


class WithdrawalQuote(msgspec.Struct):
    """amount = fee + tax + payout. `needs_name`: the real name is required; `reviewed`: an operator must approve it."""

    amount_fen: int
    fee_fen: int
    tax_fen: int
    payout_fen: int
    needs_name: bool
    reviewed: bool


class WithdrawalPreview(msgspec.Struct):
    """The terms for this member now. `most_fen` is the largest amount that can be withdrawn; 0 if none can.

    What the member owes stays in the wallet.

    For an amount that was given: `quote`, what it comes to, or `problem`, why it would be refused.
    """

    withdrawable_fen: int
    least_fen: int
    most_fen: int
    day_left_count: int
    day_left_fen: int
    fee_bp: int
    name_from_fen: int
    quote: WithdrawalQuote | None
    problem: str | None


async def preview(deps: Deps, member_id: int, amount_fen: int | None) -> WithdrawalPreview:
    """Show the terms, and what an amount would come to by the same rules that `requests.request` applies."""
    shop = await policy.current()
    async with db.connection() as reader:
        today = await requests.asked_today(reader, member_id, deps.clock.now())
        wallet = await statement.wallet(reader, member_id)
    quoted, problem = None, None
    if amount_fen is not None:
        asked = quote(amount_fen, shop.withdrawal_fee_bp, withholding(shop, today))
        problem = _problem(asked, today, shop, wallet.free_fen)
        if problem is None:
            quoted = WithdrawalQuote(
                asked.amount_fen,
                asked.fee_fen,
                asked.tax_fen,
                asked.payout_fen,
                needs_name(asked.payout_fen, shop),
                not approves_itself(amount_fen, shop),
            )
    return WithdrawalPreview(
        withdrawable_fen=wallet.withdrawable_fen,
        least_fen=shop.withdrawal_min_fen,
        most_fen=most_now(wallet.free_fen, today, shop),
        day_left_count=max(0, shop.withdrawal_day_count - today.count),
        day_left_fen=max(0, shop.withdrawal_day_fen - today.amount_fen),
        fee_bp=shop.withdrawal_fee_bp,
        name_from_fen=shop.withdrawal_name_from_fen,
        quote=quoted,
        problem=problem,
    )


def _problem(asked: Quote, today: Today, shop: ShopPolicy, free_fen: int) -> str | None:
    """Say why this amount would be refused; None if it would not."""
    try:
        check_limits(asked, today, shop)
    except WithdrawalLimit as refusal:
        return limit_text(**refusal.detail)
    return "超出可提现余额" if asked.amount_fen > free_fen else None
