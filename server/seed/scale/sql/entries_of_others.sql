-- The entries that ledger/entries builds for refunds and rebates, and those of ledger/entries/withdrawals.
INSERT INTO ledger_load (key, kind, why, link, reverses, at, phase, member_id, a1, v1, a2, v2, a3, v3)
  SELECT 'refund:' || r.refund_no, 'refund', '订单 ' || o.order_no || ' 退款', 'order:' || o.order_no,
    'order-paid:' || o.order_no, r.decided_at, 4, CASE WHEN r.balance_fen > 0 THEN r.member_id ELSE 0 END, 'sales',
    -r.cash_fen - r.balance_fen, 'refunds_due', r.cash_fen, CASE WHEN r.balance_fen > 0 THEN 'spend_only' END,
    CASE WHEN r.balance_fen > 0 THEN r.balance_fen END
  FROM refunds r JOIN orders o ON o.id = r.order_id
  WHERE r.kind = 'order' AND r.state NOT IN ('requested', 'rejected');
INSERT INTO ledger_load (key, kind, why, link, at, phase, a1, v1, a2, v2)
  SELECT 'payment-stray:' || p.transaction_id, 'stray_payment', '订单 ' || o.order_no || ' 的重复或超时支付，原路退回',
    'order:' || o.order_no, p.recorded_at, 6, 'wechat_cash', -p.amount_fen, 'refunds_due', p.amount_fen
  FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.outcome = 'twice';
INSERT INTO ledger_load (key, kind, why, link, at, phase, a1, v1, a2, v2)
  SELECT 'refund-sent:' || r.refund_no, 'refund_sent', '订单 ' || o.order_no || ' 退款到账', 'order:' || o.order_no,
    r.finished_at, 7, 'refunds_due', -r.cash_fen, 'wechat_cash', r.cash_fen
  FROM refunds r JOIN orders o ON o.id = r.order_id WHERE r.state = 'succeeded' AND r.cash_fen > 0;
INSERT INTO ledger_load (key, kind, why, link, at, phase, member_id, source, a1, v1, a2, v2)
  SELECT 'rebate:' || r.id || ':stage:3:' || r.id * 3, 'rebate_stage', '推荐满员返还，第 3 位好友', 'rebate:' || r.id,
    r.closed_at, 3, r.member_id, 'rebate:' || r.id, 'rebate_cost', -r.whole_fen, 'frozen', r.whole_fen
  FROM rebates r;
INSERT INTO ledger_load (key, kind, why, link, at, phase, member_id, source, a1, v1, a2, v2)
  SELECT 'rebate:' || r.id || ':release:' || r.id * 3, 'rebate_release', '观察期结束，返还到账', 'rebate:' || r.id,
    r.settled_at, 7, r.member_id, 'rebate:' || r.id, 'frozen', -r.whole_fen, 'spend_only', r.whole_fen
  FROM rebates r WHERE r.state = 'settled';
INSERT INTO ledger_load (key, kind, why, link, at, phase, member_id, a1, v1, a2, v2)
  SELECT 'withdrawal:' || withdrawal_no, 'withdrawal_request', '提现 ' || withdrawal_no, 'withdrawal:' || withdrawal_no,
    requested_at, 8, member_id, 'withdrawable', -amount_fen, 'in_flight', amount_fen
  FROM withdrawals;
INSERT INTO ledger_load (key, kind, why, link, at, phase, member_id, a1, v1, a2, v2)
  SELECT 'withdrawal-paid:' || withdrawal_no, 'withdrawal_paid',
    '提现 ' || withdrawal_no || ' 到账 ' || pg_temp.yuan(payout_fen) || ' 元', 'withdrawal:' || withdrawal_no, finished_at, 9,
    member_id, 'in_flight', -payout_fen, 'wechat_cash', payout_fen
  FROM withdrawals WHERE state = 'paid';
INSERT INTO ledger_load (key, kind, why, link, reverses, at, phase, member_id, a1, v1, a2, v2)
  SELECT 'withdrawal-back:' || withdrawal_no, 'withdrawal_back',
    '提现 ' || withdrawal_no || '：' || COALESCE(why, CASE state WHEN 'expired' THEN '超时未确认' ELSE '已取消' END),
    'withdrawal:' || withdrawal_no, 'withdrawal:' || withdrawal_no, finished_at, 9, member_id, 'in_flight', -amount_fen,
    'withdrawable', amount_fen
  FROM withdrawals WHERE state IN ('rejected', 'failed', 'expired', 'cancelled');
