"""What the books and the tables beside them must always satisfy (rules.md §4), one SQL query per proof.

Those of what members earn stand in proofs_rewards.py, those of activities in proofs_group_buys.py and
proofs_flash_sales.py.
"""

from server.ledger import proofs_flash_sales, proofs_group_buys, proofs_points_goods, proofs_rewards
from server.ledger.chart import CNY, ORDER_HOLD, POINT, POINTS_SPENT, REFUNDS_DUE, SALES, WECHAT_CASH, Account
from server.ledger.proof import GRANTED, Proof

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
  GROUP BY r.id
  UNION ALL SELECT 'commission:' || id, member_id, granted_fen FROM commissions WHERE state = 'frozen') r
  ON r.source = a.source AND r.member_id = a.member_id
"""


def _shop_account(account: Account, expected: str, currency: str = CNY) -> str:
    """One account of the shop against what the tables of the business say it holds."""
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
    " - (SELECT COALESCE(sum(cash_fen), 0) FROM refunds WHERE state = 'succeeded')"
    " - (SELECT COALESCE(sum(payout_fen), 0) FROM withdrawals WHERE state = 'paid')",
)
_REFUNDS_DUE = _shop_account(
    REFUNDS_DUE,
    "SELECT COALESCE(sum(cash_fen), 0) FROM refunds WHERE state IN ('approved', 'processing', 'abnormal')",
)
_SALES = _shop_account(
    SALES,
    "SELECT (SELECT COALESCE(sum(cash_due_fen + balance_fen), 0) FROM orders WHERE paid_at IS NOT NULL)"  # noqa: S608 - ours
    " - (SELECT COALESCE(sum(cash_fen + balance_fen + withheld_fen), 0) FROM refunds"
    f" WHERE kind = 'order' AND state IN {GRANTED}) + (SELECT COALESCE(sum(owed_fen), 0) FROM coupons)",
)


def _entries(kinds: str, owed: str) -> str:
    """Entries of `kinds` against those that `owed` (key and amounts per shop account, credit-positive) asks for."""
    return f"""
WITH owed AS ({owed}), posted AS (
  SELECT e.key, COALESCE(sum(l.amount) FILTER (WHERE l.code = 'wechat_cash'), 0) AS cash,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'order_hold' AND l.currency = '{CNY}'), 0) AS hold,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'sales'), 0) AS sales,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'refunds_due'), 0) AS due,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'rebate_cost'), 0) AS cost,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'order_hold' AND l.currency = '{POINT}'), 0) AS points_hold,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'points_spent'), 0) AS points_spent
  FROM ledger_entries e LEFT JOIN ledger_lines l ON l.entry_id = e.id WHERE e.kind IN ({kinds}) GROUP BY e.id)
SELECT COALESCE(o.key, p.key) AS key, p.cash, p.hold, p.sales, p.due, p.cost, p.points_hold, p.points_spent,
  o.key IS NOT NULL AS owed,
  (o.key, o.cash, o.hold, o.sales, o.due, o.cost, o.points_hold, o.points_spent) IS DISTINCT FROM
    (p.key, p.cash, p.hold, p.sales, p.due, p.cost, p.points_hold, p.points_spent) AS wrong
FROM owed o FULL JOIN posted p ON p.key = o.key
"""  # noqa: S608 - our own text


_ORDER_ENTRIES = _entries(
    "'order_hold', 'order_release', 'order_paid'",
    """
  SELECT 'order-placed:' || order_no AS key, 0 AS cash, balance_fen AS hold, 0 AS sales, 0 AS due, 0 AS cost,
      points AS points_hold, 0 AS points_spent
    FROM orders WHERE balance_fen > 0 OR points > 0
  UNION ALL SELECT 'order-closed:' || order_no, 0, -balance_fen, 0, 0, 0, -points, 0
    FROM orders WHERE (balance_fen > 0 OR points > 0) AND status = 'closed'
  UNION ALL SELECT 'order-paid:' || order_no, -cash_due_fen, -balance_fen, cash_due_fen + balance_fen, 0, 0, -points,
      points
    FROM orders WHERE paid_at IS NOT NULL AND cash_due_fen + balance_fen + points > 0""",
)
_REFUND_ENTRIES = _entries(
    "'refund', 'refund_sent', 'stray_payment'",
    f"""
  SELECT 'refund:' || refund_no AS key, 0 AS cash, 0 AS hold, -(cash_fen + balance_fen + withheld_fen) AS sales,
      cash_fen AS due, withheld_fen AS cost, 0 AS points_hold, -points AS points_spent
    FROM refunds WHERE kind = 'order' AND state IN {GRANTED} AND cash_fen + balance_fen + withheld_fen + points > 0
  UNION ALL SELECT 'refund-sent:' || refund_no, cash_fen, 0, 0, -cash_fen, 0, 0, 0
    FROM refunds WHERE state = 'succeeded' AND cash_fen > 0
  UNION ALL SELECT 'payment-stray:' || transaction_id, -amount_fen, 0, 0, amount_fen, 0, 0, 0
    FROM payments WHERE outcome <> 'settled'""",  # noqa: S608 - our own text
)

LIVE = "('requested', 'approved', 'sent', 'confirming')"
"""States of a withdrawal whose money is on its way."""

_IN_FLIGHT = f"""
SELECT COALESCE(a.member_id, w.member_id) AS member_id, a.balance, w.asked AS asked_fen,
  COALESCE(a.balance, 0) <> COALESCE(w.asked, 0) AS wrong
FROM (SELECT member_id, balance FROM ledger_accounts WHERE code = 'in_flight') a
FULL JOIN (SELECT member_id, sum(amount_fen) AS asked FROM withdrawals WHERE state IN {LIVE} GROUP BY member_id) w
  ON w.member_id = a.member_id
"""  # noqa: S608 - our own text

_WITHDRAWAL_ENTRIES = f"""
WITH owed AS (
  SELECT 'withdrawal:' || withdrawal_no AS key, member_id, amount_fen AS flight, 0 AS cash, 0 AS fee, 0 AS tax
    FROM withdrawals
  UNION ALL SELECT 'withdrawal-paid:' || withdrawal_no, member_id, -amount_fen, payout_fen, fee_fen, tax_fen
    FROM withdrawals WHERE state = 'paid'
  UNION ALL SELECT 'withdrawal-back:' || withdrawal_no, member_id, -amount_fen, 0, 0, 0
    FROM withdrawals WHERE state <> 'paid' AND state NOT IN {LIVE}), posted AS (
  SELECT e.key, max(l.member_id) AS member_id, sum(l.amount) FILTER (WHERE l.code = 'in_flight') AS flight,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'wechat_cash'), 0) AS cash,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'withdrawal_fee'), 0) AS fee,
    COALESCE(sum(l.amount) FILTER (WHERE l.code = 'tax_withheld'), 0) AS tax
  FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
  WHERE e.kind IN ('withdrawal_request', 'withdrawal_paid', 'withdrawal_back') GROUP BY e.id)
SELECT COALESCE(o.key, p.key) AS key, p.flight, p.cash, p.fee, p.tax, o.key IS NOT NULL AS owed,
  (o.key, o.member_id, o.flight, o.cash, o.fee, o.tax)
    IS DISTINCT FROM (p.key, p.member_id, p.flight, p.cash, p.fee, p.tax) AS wrong
FROM owed o FULL JOIN posted p ON p.key = o.key
"""  # noqa: S608 - our own text

_ORDER_AMOUNTS = """
SELECT o.id AS order_id, o.order_no, o.items_fen, d.off AS discounts_fen, o.freight_fen, o.balance_fen, o.cash_due_fen,
  (o.items_fen - d.off + o.freight_fen - o.balance_fen, l.items, l.off, l.cash + o.freight_cash_fen,
    l.balance + o.freight_fen - o.freight_cash_fen, l.points, l.points_back)
  IS DISTINCT FROM (o.cash_due_fen, o.items_fen, d.off, o.cash_due_fen, o.balance_fen, o.points, o.refunded_points)
  OR l.withdrawable > o.withdrawable_fen AS wrong
FROM orders o CROSS JOIN LATERAL (
  SELECT COALESCE(sum((j ->> 'amount_fen')::bigint), 0) AS off FROM jsonb_array_elements(o.discounts) j) d
LEFT JOIN (SELECT order_id, sum(amount_fen) AS items, sum(discount_fen + coupon_fen + points_fen) AS off,
    sum(cash_fen) AS cash, sum(balance_fen) AS balance, sum(withdrawable_fen) AS withdrawable, sum(points) AS points,
    sum(refunded_points) AS points_back
  FROM order_lines GROUP BY order_id) l ON l.order_id = o.id
"""

_REFUNDS_OF_ORDERS = f"""
SELECT o.id AS order_id, o.order_no, o.cash_due_fen, o.balance_fen, o.refunded_cash_fen, o.refunded_balance_fen,
  r.granted AS granted_fen,
  (o.refunded_cash_fen + o.refunded_balance_fen, o.refunded_cash_fen)
    IS DISTINCT FROM (COALESCE(r.granted, 0), l.cash + o.refunded_freight_fen)
  OR o.refunded_balance_fen - l.balance NOT BETWEEN 0 AND o.freight_fen - o.freight_cash_fen
  OR o.refunded_cash_fen > o.cash_due_fen OR o.refunded_balance_fen > o.balance_fen
  OR (r.granted IS NOT NULL AND o.paid_at IS NULL) OR (o.status = 'refunded') IS DISTINCT FROM l.gone AS wrong
FROM orders o
LEFT JOIN (SELECT order_id, sum(refunded_cash_fen) AS cash, sum(refunded_balance_fen) AS balance,
    bool_and(refunded_quantity = quantity) AS gone FROM order_lines GROUP BY order_id) l ON l.order_id = o.id
LEFT JOIN (SELECT order_id, sum(cash_fen + balance_fen + withheld_fen) AS granted FROM refunds
  WHERE kind = 'order' AND state IN {GRANTED} GROUP BY order_id) r ON r.order_id = o.id
"""  # noqa: S608 - our own text

_REFUNDS_OF_LINES = f"""
SELECT l.id AS order_line_id, l.order_id, l.quantity, l.refunded_quantity, r.quantity AS granted_quantity,
  (l.refunded_quantity, l.refunded_cash_fen, l.refunded_balance_fen, l.refunded_withdrawable_fen, l.refunded_points)
    IS DISTINCT FROM (COALESCE(r.quantity, 0), COALESCE(r.cash, 0), COALESCE(r.balance, 0), COALESCE(r.withdrawable, 0),
      COALESCE(r.points, 0))
  OR l.refunded_quantity > l.quantity OR l.refunded_cash_fen > l.cash_fen OR l.refunded_balance_fen > l.balance_fen
    AS wrong
FROM order_lines l LEFT JOIN (SELECT w.order_line_id, sum(w.quantity) AS quantity, sum(w.cash_fen) AS cash,
    sum(w.balance_fen) AS balance, sum(w.withdrawable_fen) AS withdrawable, sum(w.points) AS points
  FROM refund_lines w JOIN refunds f ON f.id = w.refund_id WHERE f.state IN {GRANTED} GROUP BY w.order_line_id) r
  ON r.order_line_id = l.id
"""  # noqa: S608 - our own text

_PAYMENTS = """
SELECT o.id AS order_id, o.order_no, o.cash_due_fen, p.amount_fen, p.transaction_id,
  (o.transaction_id, o.cash_due_fen) IS DISTINCT FROM (p.transaction_id, COALESCE(p.amount_fen, 0)) AS wrong
FROM (SELECT * FROM orders WHERE paid_at IS NOT NULL) o
FULL JOIN (SELECT * FROM payments WHERE outcome = 'settled') p ON p.order_id = o.id
"""

_PAYMENT_REFUNDS = f"""
SELECT p.id AS payment_id, p.transaction_id, p.outcome, p.amount_fen, r.back AS back_fen,
  COALESCE(r.back, 0) > p.amount_fen
  OR (p.outcome <> 'settled' AND (r.back, r.strays) IS DISTINCT FROM (p.amount_fen::numeric, 1::bigint)) AS wrong
FROM payments p LEFT JOIN (SELECT payment_id, sum(cash_fen) AS back, count(*) FILTER (WHERE kind = 'stray') AS strays
  FROM refunds WHERE state IN {GRANTED} GROUP BY payment_id) r ON r.payment_id = p.id
"""  # noqa: S608 - our own text

_ISSUED = """
SELECT t.id AS template_id, NULL::bigint AS issue_id, t.claimed AS said, COALESCE(c.n, 0) AS issued, t.total,
  t.claimed <> COALESCE(c.n, 0) OR COALESCE(c.n > t.total, false) AS wrong
FROM coupon_templates t LEFT JOIN (
  SELECT template_id, count(*) AS n FROM coupons WHERE template_id IS NOT NULL GROUP BY template_id) c
  ON c.template_id = t.id
UNION ALL SELECT i.template_id, i.id, i.issued, COALESCE(c.n, 0), NULL, i.issued <> COALESCE(c.n, 0)
FROM coupon_issues i LEFT JOIN (
  SELECT issue_id, count(*) AS n FROM coupons WHERE issue_id IS NOT NULL GROUP BY issue_id) c ON c.issue_id = i.id
"""

# A whole refund gives its coupon back; an order that was emptied piece by piece keeps what it used.
_COUPONS = f"""
SELECT COALESCE(o.coupon_id, c.id) AS coupon_id, COALESCE(o.id, c.order_id) AS order_id, o.held AS expected, c.state,
  (o.held, o.off) IS DISTINCT FROM (c.state, c.discount_fen) AS wrong
FROM (SELECT o.id, o.coupon_id, CASE o.status WHEN 'pending' THEN 'locked' ELSE 'used' END AS held,
    (SELECT sum(coupon_fen) FROM order_lines WHERE order_id = o.id) AS off
  FROM orders o WHERE o.coupon_id IS NOT NULL AND o.status <> 'closed' AND NOT EXISTS (
    SELECT 1 FROM refunds WHERE order_id = o.id AND kind = 'order' AND whole AND state IN {GRANTED})) o
FULL JOIN (SELECT * FROM coupons WHERE state IN ('locked', 'used')) c ON c.id = o.coupon_id AND c.order_id = o.id
"""  # noqa: S608 - our own text

# Parcels come back to stock by a refund before shipping, or when an operator saw them again; virtual pieces by a refund
# before their keys were handed out.
_STOCK = f"""
SELECT s.id AS sku_id, s.code, s.stocked_in, s.available, s.reserved, s.sold, w.reserved AS reserved_in_orders,
  f.free AS free_in_flash_sales, w.sold AS sold_in_orders,
  s.stocked_in <> s.available + s.reserved + s.sold OR s.available < 0
    OR s.reserved <> COALESCE(w.reserved, 0) + COALESCE(f.free, 0) OR s.sold <> COALESCE(w.sold, 0) AS wrong
FROM skus s LEFT JOIN (
  SELECT l.sku_id, sum(l.quantity) FILTER (WHERE o.status = 'pending') AS reserved,
    sum(CASE WHEN l.virtual THEN GREATEST(COALESCE(k.pieces, 0), l.quantity - l.refunded_quantity)
      ELSE l.quantity - COALESCE(b.back, 0) END) FILTER (WHERE o.paid_at IS NOT NULL) AS sold
  FROM order_lines l JOIN orders o ON o.id = l.order_id
  LEFT JOIN (SELECT order_line_id, count(*) AS pieces FROM (SELECT order_line_id FROM card_keys
      UNION ALL SELECT order_line_id FROM coupons) h WHERE order_line_id IS NOT NULL
    GROUP BY order_line_id) k ON k.order_line_id = l.id
  LEFT JOIN (SELECT w.order_line_id, sum(w.quantity) AS back FROM refund_lines w JOIN refunds f ON f.id = w.refund_id
      JOIN orders x ON x.id = f.order_id
    WHERE f.state IN {GRANTED} AND (x.shipped_at IS NULL OR f.decided_at < x.shipped_at OR f.restocked_at IS NOT NULL)
    GROUP BY w.order_line_id) b
    ON b.order_line_id = l.id
  GROUP BY l.sku_id) w ON w.sku_id = s.id
LEFT JOIN (SELECT i.sku_id, count(*) AS free FROM flash_units u JOIN flash_items i ON i.id = u.item_id
  WHERE u.order_id IS NULL GROUP BY i.sku_id) f ON f.sku_id = s.id
"""  # noqa: S608 - our own text

_CARD_KEYS = """
SELECT s.id AS sku_id, s.code, s.available, s.reserved, COALESCE(f.free, 0) AS free, COALESCE(w.owed, 0) AS owed,
  COALESCE(f.free, 0) < s.available + s.reserved + COALESCE(w.owed, 0) AS wrong
FROM skus s JOIN products p ON p.id = s.product_id AND p.kind = 'virtual' AND p.coupon_template_id IS NULL
LEFT JOIN (SELECT sku_id, count(*) AS free FROM card_keys WHERE order_line_id IS NULL GROUP BY sku_id) f
  ON f.sku_id = s.id
LEFT JOIN (SELECT l.sku_id, sum(GREATEST(0, l.quantity - l.refunded_quantity - COALESCE(k.keys, 0))) AS owed
  FROM order_lines l JOIN orders o ON o.id = l.order_id AND o.paid_at IS NOT NULL
  LEFT JOIN (SELECT order_line_id, count(*) AS keys FROM card_keys WHERE order_line_id IS NOT NULL
    GROUP BY order_line_id) k ON k.order_line_id = l.id
  WHERE l.virtual GROUP BY l.sku_id) w ON w.sku_id = s.id
"""

# Of a line of coupons there are as many as it still has pieces, and after receipt not fewer; refunds took the others.
_COUPONS_BOUGHT = """
SELECT l.id AS order_line_id, o.order_no, l.quantity - l.refunded_quantity AS pieces, c.live,
  c.live > l.quantity - l.refunded_quantity OR c.strange > 0
    OR o.virtual AND o.received_at IS NOT NULL AND c.live < l.quantity - l.refunded_quantity AS wrong
FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN products p ON p.id = l.product_id
  CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE taken_by IS NULL) AS live,
      count(*) FILTER (WHERE member_id <> o.member_id OR template_id <> p.coupon_template_id) AS strange
    FROM coupons WHERE order_line_id = l.id) c
WHERE p.coupon_template_id IS NOT NULL
"""

# No job is ever put off for more than an hour: a row far in the future would never come back by itself.
_OUTBOX = """
SELECT id AS outbox_id, job, attempts, due_at, done_at IS NULL AND due_at > $1::timestamptz + interval '1 day' AS wrong
FROM outbox
"""

PROOFS: tuple[Proof, ...] = (
    Proof("entries_balance", "每笔分录借贷平衡", _ENTRIES_BALANCE),
    Proof("accounts_equal_lines", "账户余额等于分录之和", _ACCOUNTS_EQUAL_LINES),
    Proof("lines_fit_accounts", "分录行与账户一致", _LINES_FIT_ACCOUNTS),
    Proof("members_not_negative", "会员账户不为负", _MEMBERS_NOT_NEGATIVE),
    Proof("available_after", "账单余额等于可用余额", _AVAILABLE_AFTER),
    Proof("frozen", "冻结金额等于未解冻的返一和佣金", _FROZEN),
    Proof("order_hold", "占用余额等于待付款订单", _ORDER_HOLD),
    Proof("points_hold", "占用积分等于待付款订单", _POINTS_HOLD),
    Proof("points_spent", "已用积分等于已付订单减退款", _POINTS_SPENT),
    Proof("wechat_cash", "微信现金等于收款减退款减提现", _WECHAT_CASH),
    Proof("refunds_due", "待退现金等于未到账退款", _REFUNDS_DUE),
    Proof("sales", "销售额等于已付订单减退款", _SALES),
    Proof("order_entries", "每个订单的分录齐全", _ORDER_ENTRIES),
    Proof("refund_entries", "每笔退款的分录齐全", _REFUND_ENTRIES),
    Proof("in_flight", "在途提现等于未完成的提现", _IN_FLIGHT),
    Proof("withdrawal_entries", "每笔提现的分录齐全", _WITHDRAWAL_ENTRIES),
    Proof("order_amounts", "订单金额加总一致", _ORDER_AMOUNTS),
    Proof("refunds_of_orders", "订单退款不超过实付", _REFUNDS_OF_ORDERS),
    Proof("refunds_of_lines", "商品行退款不超过实付", _REFUNDS_OF_LINES),
    Proof("payments", "已付订单与微信收款一致", _PAYMENTS),
    Proof("payment_refunds", "重复与超时支付已退款", _PAYMENT_REFUNDS),
    Proof("coupons", "优惠券只用于一个订单", _COUPONS),
    Proof("coupons_issued", "优惠券发放数量与总量相符", _ISSUED),
    Proof("stock", "库存加占用加售出等于入库", _STOCK),
    Proof("card_keys", "卡密足够交付", _CARD_KEYS),
    Proof("coupons_bought", "买到的优惠券与订单相符", _COUPONS_BOUGHT),
    *proofs_rewards.PROOFS,
    *proofs_group_buys.PROOFS,
    *proofs_flash_sales.PROOFS,
    *proofs_points_goods.PROOFS,
    Proof("outbox", "后台任务没有丢失", _OUTBOX),
)
