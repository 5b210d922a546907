"""Builders of the entries of a withdrawal: requested, then paid out or returned."""

from collections.abc import Sequence

from server.core.money import yuan
from server.ledger.chart import IN_FLIGHT, TAX_WITHHELD, WECHAT_CASH, WITHDRAWABLE, WITHDRAWAL_FEE
from server.ledger.entries.parts import Debt, Entry, Line, credit, moved


def _key(withdrawal_no: str) -> str:
    return f"withdrawal:{withdrawal_no}"


def withdrawal_request(withdrawal_no: str, member_id: int, amount_fen: int) -> Entry:
    """Build the entry of a request: the money can be neither spent nor taken back until the withdrawal ends."""
    return Entry(
        _key(withdrawal_no),
        "withdrawal_request",
        f"提现 {withdrawal_no}",
        _key(withdrawal_no),
        moved(Line(member_id, WITHDRAWABLE, -amount_fen), Line(member_id, IN_FLIGHT, amount_fen)),
    )


def withdrawal_paid(withdrawal_no: str, member_id: int, payout_fen: int, fee_fen: int, tax_fen: int) -> Entry:
    """Build the entry of a paid withdrawal; its text tells the member which fee and tax were kept."""
    kept = [f"{name} {yuan(fen)} 元" for name, fen in (("手续费", fee_fen), ("代扣税", tax_fen)) if fen]
    return Entry(
        f"withdrawal-paid:{withdrawal_no}",
        "withdrawal_paid",
        "，".join([f"提现 {withdrawal_no} 到账 {yuan(payout_fen)} 元", *kept]),
        _key(withdrawal_no),
        moved(
            Line(member_id, IN_FLIGHT, -(payout_fen + fee_fen + tax_fen)),
            Line(0, WECHAT_CASH, payout_fen),
            Line(0, WITHDRAWAL_FEE, fee_fen),
            Line(0, TAX_WITHHELD, tax_fen),
        ),
    )


def withdrawal_back(withdrawal_no: str, member_id: int, amount_fen: int, why: str, debts: Sequence[Debt]) -> Entry:
    """Build the entry of a withdrawal that failed or was ended: the money returns, and debts are paid first."""
    return Entry(
        f"withdrawal-back:{withdrawal_no}",
        "withdrawal_back",
        f"提现 {withdrawal_no}：{why}",
        _key(withdrawal_no),
        moved(
            Line(member_id, IN_FLIGHT, -amount_fen),
            credit(member_id, [(WITHDRAWABLE, amount_fen)], debts),
        ),
        reverses=_key(withdrawal_no),
    )
