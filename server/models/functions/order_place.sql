-- Place an order. p: {order, lines, key: {path, key, body_hash, answer}, unpaid: {orders, pieces},
-- promotion?: {kind, held_stock, take}, coupon?: {id, amount_fen, discount_fen}, cart?: [sku], entry?, at}.
-- For each kind of promotion, another function takes what the order needs from it; `held_stock` says that the pieces
-- are already reserved from their SKU.
-- Returns the order's id; 0 if the key already has an answer. If another transaction is writing the same key, it waits.
-- A refusal is raised as TM422, with its code as the message and its detail as JSON.
-- Locks: the member's number, so that two orders at once cannot both be the last that its limits allow (an advisory
-- lock writes nothing, unlike one of the member's row); then what is taken.
CREATE OR REPLACE FUNCTION order_place(p jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_order bigint := nextval(pg_get_serial_sequence('orders', 'id'));
  v_member bigint := (p -> 'order' ->> 'member_id')::bigint;
  v_at timestamptz := (p ->> 'at')::timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(-v_member);
  IF NOT idempotency_put(v_member, p -> 'key' ->> 'path', p -> 'key' ->> 'key', p -> 'key' ->> 'body_hash', 200,
                         p -> 'key' ->> 'answer', v_at) THEN
    RETURN 0;
  END IF;
  PERFORM unpaid_refuse(v_member, p -> 'lines', p -> 'unpaid', v_at);
  INSERT INTO orders SELECT * FROM jsonb_populate_record(NULL::orders,
    (p -> 'order') || jsonb_build_object('id', v_order));
  INSERT INTO order_lines SELECT r.* FROM jsonb_array_elements(p -> 'lines') l, jsonb_populate_record(NULL::order_lines,
    l.value || jsonb_build_object('id', nextval(pg_get_serial_sequence('order_lines', 'id')), 'order_id', v_order)) r;
  IF p ? 'promotion' THEN
    CASE p -> 'promotion' ->> 'kind'
      WHEN 'flash_sale' THEN PERFORM flash_sale_take(v_order, p -> 'promotion' -> 'take');
      WHEN 'group_buy' THEN PERFORM group_buy_take(v_order, p -> 'promotion' -> 'take');
      WHEN 'points' THEN PERFORM points_take(v_order, p -> 'promotion' -> 'take');
    END CASE;
  END IF;
  IF NOT COALESCE((p -> 'promotion' ->> 'held_stock')::boolean, false) THEN
    PERFORM stock_move((SELECT jsonb_agg(jsonb_build_object('sku', l -> 'sku_id', 'n', l -> 'quantity'))
      FROM jsonb_array_elements(p -> 'lines') l), 'available', 'reserved', v_at);
  END IF;
  IF p ? 'coupon' THEN
    UPDATE coupons SET state = 'locked', order_id = v_order, discount_fen = (p -> 'coupon' ->> 'discount_fen')::bigint
      WHERE id = (p -> 'coupon' ->> 'id')::bigint AND member_id = v_member AND state = 'unused' AND expires_at > v_at
        AND amount_fen = (p -> 'coupon' ->> 'amount_fen')::bigint;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'coupon_unusable' USING ERRCODE = 'TM422', DETAIL = jsonb_build_object('reason', CASE WHEN EXISTS (
        SELECT FROM coupons WHERE id = (p -> 'coupon' ->> 'id')::bigint AND member_id = v_member AND state = 'unused'
          AND expires_at > v_at) THEN 'worth' ELSE 'state' END)::text;
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
