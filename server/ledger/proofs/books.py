"""Prove that the ledger is consistent in itself, and that the shop's accounts match the business tables."""

from server.ledger.chart import (
    CNY,
    ORDER_HOLD,
    PAID_BY_HAND,
    POINT,
    POINTS_SPENT,
    REFUNDS_DUE,
    SALES,
    WECHAT_CASH,
    Account,
)
from server.ledger.proofs.proof import GRANTED, Proof
from server.ledger.proofs.scope import Scope

_ENTRIES_BALANCE = """
SELECT COALESCE(e.id, s.entry_id) AS entry_id, e.key, COALESCE(s.lines, 0) AS lines, s.off,
  e.id IS NULL OR COALESCE(s.lines, 0) < 2 OR s.off <> 0 AS wrong
FROM ledger_entries e FULL JOIN (
  SELECT entry_id, sum(lines) AS lines, sum(abs(total)) AS off FROM (
    SELECT entry_id, currency, count(*) AS lines, sum(amount) AS total FROM ledger_lines GROUP BY entry_id, currency) c
  GROUP BY entry_id) s ON s.entry_id = e.id
"""

_ACCOUNTS_EQUAL_LINES = """
SELECT COALESCE(a.id, l.account_id, d.account_id) AS account_id, a.member_id, a.code, a.source, a.balance, d.pending,
  CASE WHEN a.debit_normal THEN -l.total ELSE l.total END AS lines,
  a.id IS NULL OR (a.member_id > 0 AND d.pending IS NOT NULL)
    OR a.balance + COALESCE(d.pending, 0) <> COALESCE(CASE WHEN a.debit_normal THEN -l.total ELSE l.total END, 0)
  AS wrong
FROM ledger_accounts a
FULL JOIN (SELECT account_id, sum(amount) AS total FROM ledger_lines GROUP BY account_id) l ON l.account_id = a.id
FULL JOIN (SELECT account_id, sum(amount) AS pending FROM ledger_deltas GROUP BY account_id) d
  ON d.account_id = COALESCE(a.id, l.account_id)
"""

_LINES_FIT_ACCOUNTS = """
SELECT l.id AS line_id, l.entry_id, l.account_id,
  (l.member_id, l.code, l.currency) IS DISTINCT FROM (a.member_id, a.code, a.currency) AS wrong
FROM ledger_lines l LEFT JOIN ledger_accounts a ON a.id = l.account_id
"""

_MEMBERS_NOT_NEGATIVE = """
SELECT id AS account_id, member_id, code, source, balance, balance < 0 AS wrong FROM ledger_accounts WHERE member_id > 0
"""

_AVAILABLE_AFTER = """
SELECT w.member_id, w.available, s.available_after, w.available IS DISTINCT FROM s.available_after AS wrong
FROM (SELECT member_id, COALESCE(sum(balance) FILTER (WHERE code IN ('spend_only', 'withdrawable')), 0) AS available
  FROM ledger_accounts WHERE member_id > 0 AND currency = 'CNY' GROUP BY member_id) w
LEFT JOIN (SELECT DISTINCT ON (member_id) member_id, available_after FROM ledger_lines
  WHERE member_id > 0 AND currency = 'CNY' ORDER BY member_id, entry_id DESC) s ON s.member_id = w.member_id
"""

_FROZEN = """
SELECT COALESCE(a.source, r.source) AS source, COALESCE(a.member_id, r.member_id) AS member_id, a.balance, r.frozen,
  COALESCE(a.balance, 0) <> COALESCE(r.frozen, 0) AS wrong
FROM (SELECT source, member_id, balance FROM ledger_accounts
    WHERE code = 'frozen' AND member_id > 0 AND currency = 'CNY') a
FULL JOIN (SELECT 'rebate:' || r.id AS source, r.member_id,
    COALESCE(sum(s.amount_fen) FILTER (WHERE s.state = 'frozen'), 0) AS frozen
  FROM rebates r JOIN rebate_stages s ON s.rebate_id = r.id WHERE r.state <> 'reversed' AND r.pay_as = 'balance'
  GROUP BY r.id, r.member_id
  UNION ALL SELECT 'commission:' || id, member_id, granted_fen FROM commissions WHERE state = 'frozen') r
  ON r.source = a.source AND r.member_id = a.member_id
"""


def _shop_account(account: Account, expected: str, currency: str = CNY) -> str:
    """Return SQL that compares one account of the shop with what the business tables say it holds."""
    sign = "-" if account.debit_normal else ""
    return f"""
SELECT b.books, b.expected, b.books <> b.expected AS wrong FROM (SELECT ({expected}) AS expected,
  (SELECT COALESCE({sign}sum(amount), 0) FROM ledger_lines WHERE member_id = 0 AND code = '{account.code}'
    AND currency = '{currency}') AS books) b
"""  # noqa: S608 - our own text


_ORDER_HOLD = _shop_account(ORDER_HOLD, "SELECT COALESCE(sum(balance_fen), 0) FROM orders WHERE status = 'pending'")

_POINTS_HOLD = _shop_account(ORDER_HOLD, "SELECT COALESCE(sum(points), 0) FROM orders WHERE status = 'pending'", POINT)

_POINTS_SPENT = _shop_account(
    POINTS_SPENT, "SELECT COALESCE(sum(points - refunded_points), 0) FROM orders WHERE paid_at IS NOT NULL", POINT
)

_WECHAT_CASH = _shop_account(
    WECHAT_CASH,
    "SELECT (SELECT COALESCE(sum(amount_fen), 0) FROM payments)"
    " - (SELECT COALESCE(sum(cash_fen), 0) FROM refunds WHERE state = 'succeeded' AND NOT by_hand)"
    " - (SELECT COALESCE(sum(payout_fen), 0) FROM withdrawals WHERE state = 'paid')",
)

_PAID_BY_HAND = _shop_account(PAID_BY_HAND, "SELECT COALESCE(sum(cash_fen), 0) FROM refunds WHERE by_hand")

_REFUNDS_DUE = _shop_account(
    REFUNDS_DUE,
    "SELECT COALESCE(sum(cash_fen), 0) FROM refunds WHERE state IN ('approved', 'processing', 'abnormal')",
)

# What bought coupons took off, and their refunds turned into debt.
_COUPONS_OWED = """(SELECT COALESCE(sum(c.discount_fen - COALESCE(a.balance, 0)), 0) FROM coupons c
  LEFT JOIN ledger_accounts a ON a.member_id = c.member_id AND a.code = 'coupon_used' AND a.source = 'coupon:' || c.id
  WHERE c.order_line_id IS NOT NULL AND c.state = 'used')"""

_SALES = _shop_account(
    SALES,
    "SELECT (SELECT COALESCE(sum(cash_due_fen + balance_fen), 0) FROM orders WHERE paid_at IS NOT NULL)"  # noqa: S608 - ours
    " - (SELECT COALESCE(sum(cash_fen + balance_fen + withheld_fen), 0) FROM refunds"
    f" WHERE kind = 'order' AND state IN {GRANTED}) + {_COUPONS_OWED}",
)

PROOFS: tuple[Proof, ...] = (
    Proof("entries_balance", "每笔分录借贷平衡", _ENTRIES_BALANCE, Scope.BUYER),
    Proof("accounts_equal_lines", "账户余额等于分录之和", _ACCOUNTS_EQUAL_LINES, Scope.WALLET),
    Proof("lines_fit_accounts", "分录行与账户一致", _LINES_FIT_ACCOUNTS, Scope.WALLET),
    Proof("members_not_negative", "会员账户不为负", _MEMBERS_NOT_NEGATIVE, Scope.WALLET),
    Proof("available_after", "账单余额等于可用余额", _AVAILABLE_AFTER, Scope.WALLET),
    Proof("frozen", "冻结金额等于未解冻的返一和佣金", _FROZEN, Scope.WALLET),
    Proof("order_hold", "占用余额等于待付款订单", _ORDER_HOLD),
    Proof("points_hold", "占用积分等于待付款订单", _POINTS_HOLD),
    Proof("points_spent", "已用积分等于已付订单减退款", _POINTS_SPENT),
    Proof("wechat_cash", "微信现金等于收款减退款减提现", _WECHAT_CASH),
    Proof("paid_by_hand", "线下退款等于微信关闭后线下支付的退款", _PAID_BY_HAND),
    Proof("refunds_due", "待退现金等于未到账退款", _REFUNDS_DUE),
    Proof("sales", "销售额等于已付订单减退款", _SALES),
)
