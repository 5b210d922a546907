-- Orders of a promotion, points in orders, and the matrix of what goes together.

ALTER TABLE orders ADD CONSTRAINT orders_points CHECK (points >= 0 AND refunded_points BETWEEN 0 AND points);
ALTER TABLE order_lines ADD CONSTRAINT order_lines_points
  CHECK (points >= 0 AND points_fen >= 0 AND refunded_points BETWEEN 0 AND points);

-- Place an order. p: {order, lines, key: {path, key, body_hash, answer}, promotion?: {kind, held_stock, take}, coupon?:
-- {id, discount_fen}, cart?: [sku], entry?, at}. What is taken from a promotion is the affair of its <kind>_take. Returns the order's id; 0 when the key was answered before, perhaps by a transaction waited for here.
CREATE OR REPLACE FUNCTION order_place(p jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_order bigint := nextval(pg_get_serial_sequence('orders', 'id'));
  v_member bigint := (p -> 'order' ->> 'member_id')::bigint;
  v_at timestamptz := (p ->> 'at')::timestamptz;
BEGIN
  IF NOT idempotency_put(v_member, p -> 'key' ->> 'path', p -> 'key' ->> 'key', p -> 'key' ->> 'body_hash', 200,
                         p -> 'key' ->> 'answer', v_at) THEN
    RETURN 0;
  END IF;
  INSERT INTO orders SELECT * FROM jsonb_populate_record(NULL::orders,
    (p -> 'order') || jsonb_build_object('id', v_order));
  INSERT INTO order_lines SELECT r.* FROM jsonb_array_elements(p -> 'lines') l, jsonb_populate_record(NULL::order_lines,
    l.value || jsonb_build_object('id', nextval(pg_get_serial_sequence('order_lines', 'id')), 'order_id', v_order)) r;
  IF p ? 'promotion' THEN
    EXECUTE format('SELECT %I($1, $2)', (p -> 'promotion' ->> 'kind') || '_take') USING v_order, p -> 'promotion' -> 'take';
  END IF;
  IF NOT COALESCE((p -> 'promotion' ->> 'held_stock')::boolean, false) THEN
    PERFORM stock_move((SELECT jsonb_agg(jsonb_build_object('sku', l -> 'sku_id', 'n', l -> 'quantity'))
      FROM jsonb_array_elements(p -> 'lines') l), 'available', 'reserved', v_at);
  END IF;
  IF p ? 'coupon' THEN
    UPDATE coupons SET state = 'locked', order_id = v_order, discount_fen = (p -> 'coupon' ->> 'discount_fen')::bigint
      WHERE id = (p -> 'coupon' ->> 'id')::bigint AND member_id = v_member AND state = 'unused' AND expires_at > v_at;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'coupon_unusable' USING ERRCODE = 'TM422', DETAIL = '{"reason": "state"}';
    END IF;
  END IF;
  IF p ? 'cart' THEN
    DELETE FROM cart_items WHERE member_id = v_member
      AND sku_id IN (SELECT c::bigint FROM jsonb_array_elements_text(p -> 'cart') c);
  END IF;
  IF p ? 'entry' THEN
    PERFORM ledger_post_json(p -> 'entry');
  END IF;
  RETURN v_order;
END $$;

-- Put a notice into the inbox, then take the locks of settling (member, order) and return the facts to judge.
-- Each statement has its own snapshot, so what is read after a lock is what the lock's former holder left.
CREATE OR REPLACE FUNCTION settle_facts(p_digest text, p_source text, p_order_no text, p_transaction text, p_amount bigint,
                             p_at timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_notice bigint;
  v_member bigint;
  v_order record;
  v_person record;
BEGIN
  INSERT INTO payment_notices (digest, source, out_trade_no, transaction_id, amount_fen, outcome, at)
    VALUES (p_digest, p_source, p_order_no, p_transaction, p_amount, 'recorded', p_at)
    ON CONFLICT (digest) DO NOTHING RETURNING id INTO v_notice;
  IF v_notice IS NULL THEN
    RETURN jsonb_build_object('duplicate', true);
  END IF;
  SELECT member_id INTO v_member FROM orders WHERE order_no = p_order_no;
  IF NOT FOUND THEN
    RETURN jsonb_build_object('notice_id', v_notice, 'order', NULL::jsonb);
  END IF;
  SELECT id, openid, nickname, referrer_id, ancestor2_id, ancestor3_id, first_paid_at INTO v_person
    FROM members WHERE id = v_member FOR NO KEY UPDATE;
  SELECT * INTO v_order FROM orders WHERE order_no = p_order_no FOR NO KEY UPDATE;
  RETURN jsonb_build_object(
    'notice_id', v_notice,
    'order', jsonb_build_object('id', v_order.id, 'order_no', v_order.order_no, 'member_id', v_order.member_id,
      'kind', v_order.kind, 'status', v_order.status, 'created_at', v_order.created_at,
      'virtual', v_order.virtual, 'coupon_id', v_order.coupon_id, 'cash_due_fen', v_order.cash_due_fen, 'balance_fen', v_order.balance_fen,
      'points', v_order.points, 'promotion_id', v_order.promotion_id, 'team_id', v_order.team_id,
      'for_commission', v_order.for_commission, 'for_qualification', v_order.for_qualification,
      'transaction_id', v_order.transaction_id, 'close_reason', v_order.close_reason),
    'openid', v_person.openid,
    'chain', jsonb_build_array(v_person.referrer_id, v_person.ancestor2_id, v_person.ancestor3_id),
    'nickname', v_person.nickname,
    'friends_counted', (SELECT count(*) FROM qualifications
      WHERE referrer_id = v_person.referrer_id AND state = 'counted'),
    'referrer_state', (SELECT state FROM members WHERE id = v_person.referrer_id),
    'known_payment', EXISTS (SELECT 1 FROM payments WHERE transaction_id = p_transaction),
    'rule_version', (SELECT max(version) FROM rule_versions),
    'qualified', v_person.referrer_id IS NOT NULL AND EXISTS (SELECT 1 FROM qualifications
      WHERE referee_id = v_member AND (state <> 'void' OR void_for = 'review')),
    'waiting_cycle', EXISTS (SELECT 1 FROM qualifications WHERE referrer_id = v_member AND state = 'counted'),
    'notice_credits', (SELECT jsonb_agg(template) FROM notice_credits WHERE member_id = v_member AND credits > 0),
    'lines', (SELECT jsonb_agg(jsonb_build_object('id', id, 'sku', sku_id, 'product_id', product_id,
      'category_id', category_id, 'n', quantity, 'cash_fen', cash_fen, 'virtual', virtual)) FROM order_lines WHERE order_id = v_order.id));
END $$;

-- Write what settling decided. p: {notice_id, outcome, mismatch?, at, payment?, paid?: {order_id, status, …}, stock?,
-- coupon_id?, entry?, qualification?, jobs?, alarm?}.
CREATE OR REPLACE FUNCTION settle_write(p jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_at timestamptz := (p ->> 'at')::timestamptz;
  v_paid jsonb := p -> 'paid';
  v_payment bigint;
BEGIN
  UPDATE payment_notices SET outcome = p ->> 'outcome', mismatch = p ->> 'mismatch'
    WHERE id = (p ->> 'notice_id')::bigint;
  IF v_paid IS NOT NULL THEN
    UPDATE members SET first_paid_at = COALESCE(first_paid_at, v_at) WHERE id = (v_paid ->> 'member_id')::bigint
      AND first_paid_at IS NULL;
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
