-- Refuse an order of a member who holds too much unpaid already. p_lines: [{sku_id, quantity}] of the new order;
-- p_most: {orders, pieces}, the most unpaid orders, and the most pieces of one SKU in them and the new one together.
-- An order past its time holds nothing any more, even if no job has closed it yet. Refuses with unpaid_limit.
-- The caller checks an order that alone has too many pieces; most members hold nothing, and this is then done at once.
-- The count holds until the transaction ends if the caller lets no other order of the member be placed.
CREATE OR REPLACE FUNCTION unpaid_refuse(p_member bigint, p_lines jsonb, p_most jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_held bigint[] := ARRAY(SELECT id FROM orders
    WHERE member_id = p_member AND status = 'pending' AND expires_at > p_at LIMIT (p_most ->> 'orders')::int);
  v_sku record;
BEGIN
  IF v_held = '{}' THEN
    RETURN;
  END IF;
  IF cardinality(v_held) >= (p_most ->> 'orders')::int THEN
    RAISE EXCEPTION 'unpaid_limit' USING ERRCODE = 'TM422', DETAIL = jsonb_build_object('max_orders', p_most -> 'orders');
  END IF;
  SELECT l -> 'sku_id' AS id, held.pieces INTO v_sku FROM jsonb_array_elements(p_lines) l,
    LATERAL (SELECT COALESCE(sum(quantity), 0) AS pieces FROM order_lines
      WHERE order_id = ANY (v_held) AND sku_id = (l ->> 'sku_id')::bigint) held
    WHERE held.pieces + (l ->> 'quantity')::bigint > (p_most ->> 'pieces')::bigint LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'unpaid_limit' USING ERRCODE = 'TM422',
      DETAIL = jsonb_build_object('sku_id', v_sku.id, 'unpaid', v_sku.pieces, 'max_pieces', p_most -> 'pieces');
  END IF;
END $$;
