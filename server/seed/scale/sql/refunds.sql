-- Refunds of orders: most are finished, the newest are on their way, and WeChat could not make a few.
INSERT INTO refunds (id, refund_no, order_id, member_id, payment_id, kind, state, reason, whole, cash_fen, freight_fen,
    balance_fen, withdrawable_fen, withheld_fen, requested_at, decided_at, decided_by, finished_at, wechat_refund_id,
    check_at, problem)
  SELECT v.id, pg_temp.number('R', v.decided_at, v.id), v.id, v.member_id, v.id, 'order', s.state,
    (ARRAY['不想要了', '商品与描述不符', '拍错了', '收到时已破损', '其他'])[1 + v.id % 5], v.turn <> 'part',
    o.refunded_cash_fen, o.refunded_freight_fen, 0, 0, 0,
    CASE WHEN v.turn = 'refused' THEN v.decided_at ELSE v.decided_at - interval '50 minutes' END, v.decided_at,
    CASE WHEN v.turn = 'refused' THEN 'system' ELSE 'cli' END,
    CASE WHEN s.state = 'succeeded' THEN v.decided_at + interval '1 minute' END,
    CASE WHEN s.state <> 'approved' THEN '5000' || lpad(v.id::text, 24, '0') END,
    CASE WHEN s.state IN ('approved', 'processing', 'abnormal') THEN ${now} + interval '1 hour' END,
    CASE WHEN s.state = 'abnormal' THEN 'ABNORMAL' END
  FROM scale_lives v JOIN orders o ON o.id = v.id
  CROSS JOIN LATERAL (SELECT CASE WHEN v.decided_at > ${now} - interval '6 hours'
      THEN (ARRAY['approved', 'processing'])[1 + v.id % 2]
    WHEN pg_temp.dice(v.id, 41, 500) = 0 THEN 'abnormal' ELSE 'succeeded' END AS state) s
  WHERE v.turn IN ('refused', 'returned', 'part') ORDER BY v.decided_at, v.id;

-- Refunds that an operator must still decide, or has rejected.
INSERT INTO refunds (id, refund_no, order_id, member_id, kind, state, reason, whole, cash_fen, freight_fen, balance_fen,
    withdrawable_fen, withheld_fen, requested_at, holds, decide_by, decided_at, decided_by, finished_at)
  SELECT v.id, pg_temp.number('R', v.received_at + interval '1 hour', v.id), v.id, v.member_id, 'order', s.state,
    '不想要了', true, o.cash_due_fen - o.freight_cash_fen, 0, o.balance_fen, 0, 0, v.received_at + interval '1 hour',
    true, v.received_at + interval '7 days 1 hour',
    CASE WHEN s.state = 'rejected' THEN v.received_at + interval '1 day' END,
    CASE WHEN s.state = 'rejected' THEN 'cli' END,
    CASE WHEN s.state = 'rejected' THEN v.received_at + interval '1 day' END
  FROM scale_lives v JOIN orders o ON o.id = v.id
  CROSS JOIN LATERAL (SELECT CASE WHEN v.received_at > ${now} - interval '4 days' THEN 'requested' ELSE 'rejected' END
    AS state) s
  WHERE v.turn = 'asked' ORDER BY v.id;

INSERT INTO refund_lines (refund_id, order_line_id, quantity, cash_fen, balance_fen, withdrawable_fen)
  SELECT r.id, l.id, l.quantity, l.cash_fen, l.balance_fen, 0 FROM refunds r
  JOIN order_lines l ON l.order_id = r.order_id
  WHERE r.kind = 'order' AND (r.state IN ('requested', 'rejected') OR l.refunded_quantity > 0) ORDER BY r.id, l.id;

-- Some members paid twice; the second payment was refunded automatically.
INSERT INTO payments (id, transaction_id, order_id, amount_fen, outcome, paid_at, recorded_at)
  SELECT ${orders} + id, '4300' || lpad(id::text, 24, '0'), id, cash_due_fen, 'twice', paid_at + interval '5 seconds',
    paid_at + interval '5 seconds'
  FROM orders WHERE paid_at < ${now} - interval '1 day' AND pg_temp.dice(id, 42, 1500) = 0;
INSERT INTO payment_notices (digest, source, out_trade_no, transaction_id, amount_fen, outcome, at)
  SELECT encode(sha256(convert_to(o.order_no || p.transaction_id, 'UTF8')), 'hex'), 'notify', o.order_no,
    p.transaction_id, p.amount_fen, 'twice', p.recorded_at
  FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.outcome = 'twice';
INSERT INTO refunds (id, refund_no, order_id, member_id, payment_id, kind, state, reason, whole, cash_fen, freight_fen,
    balance_fen, withdrawable_fen, withheld_fen, requested_at, decided_at, decided_by, finished_at, wechat_refund_id)
  SELECT ${orders} + o.id, left('S' || o.order_no || p.id, 32), o.id, o.member_id, p.id, 'stray', 'succeeded',
    '重复或超时支付自动退款', false, p.amount_fen, 0, 0, 0, 0, p.recorded_at, p.recorded_at, 'system',
    p.recorded_at + interval '1 minute', '5100' || lpad(o.id::text, 24, '0')
  FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.outcome = 'twice';
