INSERT INTO payments (id, transaction_id, order_id, amount_fen, outcome, paid_at, recorded_at)
  SELECT id, transaction_id, id, cash_due_fen, 'settled', paid_at, paid_at FROM orders
  WHERE id BETWEEN ${first} AND ${last} AND paid_at IS NOT NULL;
INSERT INTO payment_notices (digest, source, out_trade_no, transaction_id, amount_fen, outcome, at)
  SELECT encode(sha256(convert_to(order_no || transaction_id, 'UTF8')), 'hex'), 'notify', order_no, transaction_id,
    cash_due_fen, 'settle', paid_at FROM orders
  WHERE id BETWEEN ${first} AND ${last} AND paid_at IS NOT NULL;
INSERT INTO coupons (id, member_id, template_id, source, name, amount_fen, threshold_fen, state, starts_at, expires_at,
    order_id, discount_fen, created_at)
  SELECT o.id, o.member_id, t.id, 'template:' || t.id || ':order:' || o.id, t.name, t.amount_fen, t.threshold_fen,
    CASE o.status WHEN 'pending' THEN 'locked' ELSE 'used' END, o.created_at - interval '2 days',
    o.created_at + interval '28 days', o.id, 500, o.created_at - interval '2 days'
  FROM orders o JOIN coupon_templates t ON t.slug = 'scale-50-5'
  WHERE o.id BETWEEN ${first} AND ${last} AND o.coupon_id IS NOT NULL;
