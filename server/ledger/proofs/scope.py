"""Restrict a proof to some members: each table that it names then has only the rows of these members."""

from enum import Enum


class Scope(Enum):
    """Whose rows a proof needs to say something about one member."""

    SHOP = "shop"
    """All rows: a sum of the whole shop. It is proved by the full audit only."""
    WALLET = "wallet"
    """The member's accounts, and all lines on them."""
    BUYER = "buyer"
    """The member's orders with all that belongs to them, and all lines of their entries."""
    EARNER = "earner"
    """The member's rewards, and the orders that brought them, whoever bought."""


_OWN = """SELECT * FROM public.orders WHERE member_id = ANY ($4)"""
_OWN_AND_EARNED = f"""{_OWN} OR id = ANY (ARRAY(
    SELECT order_id FROM public.qualifications WHERE referrer_id = ANY ($4)
    UNION SELECT order_id FROM public.commissions WHERE member_id = ANY ($4)))"""  # noqa: S608 - our own text
_ENTRIES = """SELECT * FROM public.ledger_entries WHERE link = ANY (ARRAY(
      SELECT 'order:' || order_no FROM public.orders WHERE member_id = ANY ($4)
      UNION ALL SELECT 'rebate:' || id FROM public.rebates WHERE member_id = ANY ($4)
      UNION ALL SELECT 'commission:' || id FROM public.commissions WHERE member_id = ANY ($4)
      UNION ALL SELECT 'withdrawal:' || withdrawal_no FROM public.withdrawals WHERE member_id = ANY ($4)
      UNION ALL SELECT 'member:' || m FROM unnest($4::bigint[]) m))
    OR id = ANY (ARRAY(SELECT entry_id FROM public.ledger_lines WHERE member_id = ANY ($4)))"""
_OF_MEMBERS = (
    "rebates",
    "commissions",
    "withdrawals",
    "coupons",
    "point_earnings",
    "point_credits",
    "check_ins",
    "growth_entries",
    "member_levels",
    "level_changes",
    "ledger_accounts",
)
_SUBJECTS = "ARRAY(SELECT 'member:' || m FROM unnest($4::bigint[]) m)"

_LINES = {
    Scope.WALLET: "SELECT * FROM public.ledger_lines WHERE member_id = ANY ($4)",
    Scope.BUYER: "SELECT * FROM public.ledger_lines WHERE entry_id IN (SELECT id FROM ledger_entries)",
}
_LINES[Scope.EARNER] = _LINES[Scope.BUYER]


def _tables(scope: Scope) -> dict[str, str]:
    orders = _OWN_AND_EARNED if scope is Scope.EARNER else _OWN
    return {
        "orders": orders,
        "order_lines": "SELECT * FROM public.order_lines WHERE order_id IN (SELECT id FROM orders)",
        "refunds": "SELECT * FROM public.refunds WHERE order_id IN (SELECT id FROM orders)",
        "refund_lines": "SELECT * FROM public.refund_lines WHERE refund_id IN (SELECT id FROM refunds)",
        "payments": "SELECT * FROM public.payments WHERE order_id IN (SELECT id FROM orders)",
        "payment_notices": "SELECT * FROM public.payment_notices WHERE out_trade_no IN (SELECT order_no FROM orders)",
        "qualifications": "SELECT * FROM public.qualifications WHERE referrer_id = ANY ($4)",
        **{table: f"SELECT * FROM public.{table} WHERE member_id = ANY ($4)" for table in _OF_MEMBERS},  # noqa: S608 - our own names
        "members": "SELECT * FROM public.members WHERE id = ANY ($4)",
        "rebate_stages": "SELECT * FROM public.rebate_stages WHERE rebate_id IN (SELECT id FROM rebates)",
        "audit_log": f"SELECT * FROM public.audit_log WHERE subject = ANY ({_SUBJECTS})",  # noqa: S608 - our own text
        "ledger_entries": _ENTRIES,
        "ledger_lines": _LINES[scope],
        "ledger_deltas": "SELECT * FROM public.ledger_deltas WHERE account_id IN (SELECT id FROM ledger_accounts)",
    }


def _prefix(scope: Scope) -> str:
    return "WITH " + ",\n".join(f"{table} AS ({sql})" for table, sql in _tables(scope).items()) + "\n"


PREFIXES: dict[Scope, str] = {scope: _prefix(scope) for scope in Scope if scope is not Scope.SHOP}
"""What stands before the query of a proof, so that its tables have only the rows of the members `$4`."""
