-- The entries that ledger/entries and ledger/entries/commissions build for an order. A member has a line only if money of
-- that member moves.
INSERT INTO ledger_load (key, kind, why, link, at, phase, member_id, a1, v1, a2, v2)
  SELECT 'order-placed:' || order_no, 'order_hold', '订单 ' || order_no || ' 使用余额', 'order:' || order_no, created_at, 0,
    member_id, 'spend_only', -balance_fen, 'order_hold', balance_fen
  FROM orders WHERE id BETWEEN ${first} AND ${last} AND balance_fen > 0;
INSERT INTO ledger_load (key, kind, why, link, at, phase, a1, v1, a2, v2, a3, v3)
  SELECT 'order-paid:' || order_no, 'order_paid', '订单 ' || order_no || ' 支付成功', 'order:' || order_no, paid_at, 1,
    'wechat_cash', -cash_due_fen, CASE WHEN balance_fen > 0 THEN 'order_hold' ELSE 'sales' END,
    CASE WHEN balance_fen > 0 THEN -balance_fen ELSE cash_due_fen END,
    CASE WHEN balance_fen > 0 THEN 'sales' END, CASE WHEN balance_fen > 0 THEN cash_due_fen + balance_fen END
  FROM orders WHERE id BETWEEN ${first} AND ${last} AND paid_at IS NOT NULL;
INSERT INTO ledger_load (key, kind, why, link, at, phase, member_id, source, a1, v1, a2, v2)
  SELECT 'commission:' || c.id || ':frozen', 'commission_frozen', '好友订单 ' || o.order_no || ' 的佣金',
    'commission:' || c.id, c.created_at, 2, c.member_id, 'commission:' || c.id, 'commission_cost', -c.whole_fen, 'frozen',
    c.whole_fen
  FROM commissions c JOIN orders o ON o.id = c.order_id WHERE c.id BETWEEN ${first} AND ${last};
INSERT INTO ledger_load (key, kind, why, link, at, phase, member_id, source, a1, v1, a2, v2)
  SELECT 'commission:' || c.id || ':refund:' || r.refund_no, 'commission_take_back', '好友订单退款，佣金收回',
    'commission:' || c.id, r.decided_at, 5, c.member_id, 'commission:' || c.id, 'frozen', c.granted_fen - c.whole_fen,
    'commission_cost', c.whole_fen - c.granted_fen
  FROM commissions c JOIN refunds r ON r.id = c.order_id
  WHERE c.id BETWEEN ${first} AND ${last} AND c.granted_fen < c.whole_fen;
INSERT INTO ledger_load (key, kind, why, link, at, phase, member_id, source, a1, v1, a2, v2)
  SELECT 'commission:' || id || ':release', 'commission_release', '观察期结束，佣金到账', 'commission:' || id, settled_at, 7,
    member_id, 'commission:' || id, 'frozen', -granted_fen, 'withdrawable', granted_fen
  FROM commissions WHERE id BETWEEN ${first} AND ${last} AND state = 'settled';
