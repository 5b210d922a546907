-- The rows that settling the payment of a member's first order writes, in one transaction and nothing else.
-- (pgbench reads a colon before a letter as one of its variables, also inside quotes.)
-- Values: first_order and each (orders of this round, that many per client), to_member (member's id minus order's id),
-- referrers, skus, cash and sales (ids of the shop's accounts).
\set k :k + 1
\set order :first_order + :client_id * :each + :k - 1
\set member :order + :to_member
\set sku 1 + :order % :skus
\set referrer 1 + :member % :referrers
\set amount 10000 + :sku
BEGIN;
INSERT INTO payment_notices (digest, source, out_trade_no, transaction_id, amount_fen, outcome, at)
  VALUES (lpad('' || :order, 64, '0'), 'notify', 'B' || :member, '42000000000000' || :order, :amount, 'settled', now());
UPDATE members SET first_paid_at = now() WHERE id = :member AND first_paid_at IS NULL;
INSERT INTO payments (transaction_id, order_id, amount_fen, outcome, paid_at, recorded_at)
  VALUES ('42000000000000' || :order, :order, :amount, 'settled', now(), now());
UPDATE orders SET status = 'paid', paid_at = now(), check_at = NULL, transaction_id = '42000000000000' || :order,
    rule_version = 1, referrer_id = :referrer WHERE id = :order AND status = 'pending';
INSERT INTO qualifications (referee_id, referrer_id, order_id, rule_version, state, paid_at, counted_at, created_at)
  VALUES (:member, :referrer, :order, 1, 'counted', now(), now(), now());
UPDATE skus SET reserved = reserved - 1, sold = sold + 1 WHERE id = :sku;
WITH entry AS (
  INSERT INTO ledger_entries (key, kind, input_hash, why, link, effective_at, posted_at)
    VALUES ('order-paid:' || 'B' || :member, 'order_paid', repeat('0', 64), '订单支付成功', 'order:' || 'B' || :member, now(), now())
    RETURNING id)
INSERT INTO ledger_lines (entry_id, account_id, member_id, code, currency, amount)
  SELECT id, (:cash)::bigint, 0, 'wechat_cash', 'CNY', -(:amount)::bigint FROM entry
  UNION ALL SELECT id, (:sales)::bigint, 0, 'sales', 'CNY', (:amount)::bigint FROM entry;
INSERT INTO ledger_deltas (account_id, amount) VALUES ((:cash)::bigint, (:amount)::bigint), ((:sales)::bigint, (:amount)::bigint);
INSERT INTO outbox (job, args, due_at, attempts, created_at)
  VALUES ('close_cycle', '{"member_id": 1}', now() + interval '1 day', 0, now());
COMMIT;
