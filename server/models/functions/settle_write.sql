-- Write what settling decided. p: {notice_id, outcome, mismatch?, at, payment?, paid?: {order_id, status, …}, stock?,
-- coupon_id?, entry?, qualification?, jobs?, alarm?}. Returns the payment's id, NULL if no payment was written.
CREATE OR REPLACE FUNCTION settle_write(p jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_at timestamptz := (p ->> 'at')::timestamptz;
  v_paid jsonb := p -> 'paid';
  v_payment bigint;
BEGIN
  UPDATE payment_notices SET outcome = p ->> 'outcome', mismatch = p ->> 'mismatch'
    WHERE id = (p ->> 'notice_id')::bigint;
  IF v_paid IS NOT NULL THEN
    UPDATE members SET first_paid_at = (v_paid ->> 'paid_at')::timestamptz WHERE id = (v_paid ->> 'member_id')::bigint
      AND (first_paid_at IS NULL OR first_paid_at > (v_paid ->> 'paid_at')::timestamptz);
  END IF;
  IF p ? 'payment' THEN
    INSERT INTO payments SELECT * FROM jsonb_populate_record(NULL::payments, (p -> 'payment')
      || jsonb_build_object('id', nextval(pg_get_serial_sequence('payments', 'id')), 'recorded_at', v_at))
      RETURNING id INTO v_payment;
  END IF;
  IF v_paid IS NOT NULL THEN
    UPDATE orders SET status = v_paid ->> 'status', paid_at = (v_paid ->> 'paid_at')::timestamptz, check_at = NULL,
        transaction_id = v_paid ->> 'transaction_id', rule_version = (v_paid ->> 'rule_version')::int,
        referrer_id = (v_paid ->> 'referrer_id')::bigint, ancestor2_id = (v_paid ->> 'ancestor2_id')::bigint,
        ancestor3_id = (v_paid ->> 'ancestor3_id')::bigint
      WHERE id = (v_paid ->> 'order_id')::bigint AND status = 'pending';
    IF NOT FOUND THEN
      RAISE EXCEPTION 'state_conflict' USING ERRCODE = 'TM422';
    END IF;
  END IF;
  IF p ? 'qualification' THEN
    INSERT INTO qualifications SELECT * FROM jsonb_populate_record(NULL::qualifications, (p -> 'qualification')
      || jsonb_build_object('id', nextval(pg_get_serial_sequence('qualifications', 'id'))));
  END IF;
  IF p ? 'stock' THEN
    PERFORM stock_move(p -> 'stock', 'reserved', 'sold', v_at);
  END IF;
  IF p ? 'coupon_id' THEN
    UPDATE coupons SET state = 'used' WHERE id = (p ->> 'coupon_id')::bigint AND state = 'locked';
  END IF;
  IF p ? 'entry' THEN
    PERFORM ledger_post_json(p -> 'entry');
  END IF;
  IF p ? 'jobs' THEN
    PERFORM outbox_put(p -> 'jobs', v_at);
  END IF;
  IF p ? 'alarm' THEN
    INSERT INTO alarms (kind, subject, detail, at)
      VALUES (p -> 'alarm' ->> 'kind', p -> 'alarm' ->> 'subject', p -> 'alarm' -> 'detail', v_at);
  END IF;
  RETURN v_payment;
END $$;
