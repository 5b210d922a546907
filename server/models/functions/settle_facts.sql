-- Put a payment notice into the inbox, take the locks of settling (member, order) and return the facts to judge.
-- p_paid_at: when WeChat took the money, by its own word; NULL for an order that nothing is due for: it is paid now.
-- Rule version, chain of referrers and the question which order was first are answered as of the time of payment.
-- Each statement has its own snapshot, so a read after a lock sees what the previous holder of the lock committed.
CREATE OR REPLACE FUNCTION settle_facts(p_digest text, p_source text, p_order_no text, p_transaction text, p_amount bigint,
                             p_at timestamptz, p_paid_at timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_notice bigint;
  v_member bigint;
  v_order record;
  v_person record;
  v_paid_at timestamptz;
  v_chain bigint[];
  v_qualified boolean;
  v_unclear boolean;
  v_asked boolean := false;
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
  SELECT id, openid, nickname, bound_at, first_paid_at INTO v_person FROM members WHERE id = v_member FOR NO KEY UPDATE;
  SELECT * INTO v_order FROM orders WHERE order_no = p_order_no FOR NO KEY UPDATE;
  -- WeChat tells whole seconds, and takes no money before it is asked to. An order that nothing is due for is paid now,
  -- after a binding that was made while this payment waited for the member's lock.
  v_paid_at := GREATEST(COALESCE(p_paid_at, p_at), v_order.prepay_started_at, v_order.created_at,
                        CASE WHEN p_paid_at IS NULL THEN v_person.bound_at END);
  v_chain := chain_at(v_member, v_paid_at);
  SELECT bool_or(state <> 'void' OR void_for = 'review'),
         bool_or(state IN ('pending', 'held', 'counted') AND (paid_at, order_id) > (v_paid_at, v_order.id))
    INTO v_qualified, v_unclear FROM qualifications WHERE referee_id = v_member;
  -- What few payments need is asked only for them.
  IF v_chain[1] IS NULL THEN
    v_asked := EXISTS (SELECT FROM pending_bindings WHERE member_id = v_member);
  ELSIF v_qualified IS NOT TRUE AND v_person.first_paid_at IS NOT NULL THEN
    v_unclear := EXISTS (SELECT FROM orders WHERE member_id = v_member AND id <> v_order.id
      AND status IN ('paid', 'teaming', 'shipped', 'received', 'completed'));
  END IF;
  RETURN jsonb_build_object(
    'notice_id', v_notice,
    'order', jsonb_build_object('id', v_order.id, 'order_no', v_order.order_no, 'member_id', v_order.member_id,
      'kind', v_order.kind, 'status', v_order.status, 'paid_at', v_paid_at,
      'virtual', v_order.virtual, 'coupon_id', v_order.coupon_id, 'cash_due_fen', v_order.cash_due_fen, 'balance_fen', v_order.balance_fen,
      'points', v_order.points, 'promotion_id', v_order.promotion_id, 'team_id', v_order.team_id,
      'for_commission', v_order.for_commission, 'for_qualification', v_order.for_qualification,
      'transaction_id', v_order.transaction_id, 'close_reason', v_order.close_reason),
    'value_coupon', CASE WHEN v_order.coupon_id IS NOT NULL THEN
      (SELECT jsonb_build_object('id', id, 'member_id', member_id, 'off_fen', discount_fen,
          'worth_fen', CASE WHEN off_bp = 0 THEN amount_fen ELSE 0 END)
        FROM coupons WHERE id = v_order.coupon_id AND of_value(coupons)) END,
    'openid', v_person.openid,
    'chain', v_chain,
    'nickname', v_person.nickname,
    'friends_counted', (SELECT count(*) FROM qualifications WHERE referrer_id = v_chain[1] AND state = 'counted'),
    'referrer_state', (SELECT state FROM members WHERE id = v_chain[1]),
    'known_payment', EXISTS (SELECT 1 FROM payments WHERE transaction_id = p_transaction),
    -- a version that was published in the second of the payment does not apply yet
    'rule_version', (SELECT max(version) FROM rule_versions WHERE published_at < date_trunc('second', v_paid_at)),
    'qualified', v_qualified IS TRUE,
    'first_unclear', v_unclear IS TRUE,
    'binding_asked', v_asked,
    'waiting_cycle', EXISTS (SELECT 1 FROM qualifications WHERE referrer_id = v_member AND state = 'counted'),
    'notice_credits', (SELECT jsonb_agg(template) FROM notice_credits WHERE member_id = v_member AND credits > 0),
    'lines', (SELECT jsonb_agg(jsonb_build_object('id', id, 'sku', sku_id, 'product_id', product_id,
      'category_id', category_id, 'n', quantity, 'cash_fen', cash_fen, 'virtual', virtual)) FROM order_lines WHERE order_id = v_order.id));
END $$;
