-- The background work of the last week (done except for the newest), the alarms of a year (most are seen), daily bills.
INSERT INTO outbox (job, args, due_at, attempts, created_at, done_at)
  SELECT j.job, CASE j.job WHEN 'close_cycle' THEN jsonb_build_object('member_id', o.member_id)
      ELSE jsonb_build_object('order_id', o.id) END,
    o.paid_at, 1, o.paid_at, o.paid_at + interval '1 second'
  FROM orders o CROSS JOIN (VALUES ('decide_commission'), ('close_cycle'), ('upload_shipping')) j (job)
  WHERE o.paid_at > ${now} - interval '7 days' AND (j.job <> 'upload_shipping' OR o.shipped_at IS NOT NULL);
INSERT INTO alarms (kind, subject, detail, at, seen_at)
  SELECT 'stock_low', s.code, jsonb_build_object('sku_id', s.id, 'available', s.available, 'alert_at', s.alert_at), at,
    CASE WHEN at < ${now} - interval '1 day' THEN at + interval '3 hours' END
  FROM skus s CROSS JOIN LATERAL (
    SELECT ${start} + interval '1 second' * (${span_s} * (pg_temp.dice(s.id, 71, 1000) + 1)::bigint / 1001) AS at) a
  WHERE s.available BETWEEN 1 AND s.alert_at ORDER BY at;
UPDATE skus SET alerted = true WHERE available <= alert_at;
INSERT INTO alarms (kind, subject, detail, at)
  SELECT 'refund_abnormal', 'refund:' || refund_no, jsonb_build_object('problem', problem), decided_at
  FROM refunds WHERE state = 'abnormal' ORDER BY decided_at;
INSERT INTO reconciliations (day, operator, state, sums, started_at, finished_at)
  SELECT d::date, 'system', 'clean', ${sums}, d + interval '27 hours', d + interval '27 hours 10 seconds'
  FROM generate_series(date_trunc('day', ${start}), date_trunc('day', ${now}) - interval '2 days', interval '1 day') d;

SELECT setval(pg_get_serial_sequence(t, 'id'), GREATEST(1, n)) FROM (
  SELECT 'members' AS t, max(id) AS n FROM members UNION ALL SELECT 'bindings', max(id) FROM bindings
  UNION ALL SELECT 'shares', max(id) FROM shares UNION ALL SELECT 'addresses', max(id) FROM addresses
  UNION ALL SELECT 'coupons', max(id) FROM coupons UNION ALL SELECT 'orders', max(id) FROM orders
  UNION ALL SELECT 'order_lines', max(id) FROM order_lines UNION ALL SELECT 'payments', max(id) FROM payments
  UNION ALL SELECT 'refunds', max(id) FROM refunds UNION ALL SELECT 'commissions', max(id) FROM commissions
  UNION ALL SELECT 'rebates', max(id) FROM rebates UNION ALL SELECT 'rebate_stages', max(id) FROM rebate_stages
  UNION ALL SELECT 'qualifications', max(id) FROM qualifications
  UNION ALL SELECT 'withdrawals', max(id) FROM withdrawals) s;
UPDATE coupon_templates t SET claimed = t.claimed + c.claimed FROM (
  SELECT template_id, count(*) AS claimed FROM coupons GROUP BY template_id) c WHERE c.template_id = t.id;
