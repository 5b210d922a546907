-- Free the pieces of an unpaid order. If its session is settled already, they go back to the SKU.
-- The session is locked FOR SHARE, so that nobody settles it after `settled_at` was read.
CREATE OR REPLACE FUNCTION flash_sale_release(p_order bigint, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_held record;
  v_settled boolean;
BEGIN
  SELECT i.id, i.sku_id, i.sale_id, o.member_id, count(*)::int AS n INTO v_held
    FROM flash_units u JOIN flash_items i ON i.id = u.item_id JOIN orders o ON o.id = u.order_id
    WHERE u.order_id = p_order GROUP BY i.id, o.member_id;
  SELECT settled_at IS NOT NULL INTO STRICT v_settled FROM flash_sales WHERE id = v_held.sale_id FOR SHARE;
  UPDATE flash_tallies SET taken = taken - v_held.n WHERE item_id = v_held.id AND member_id = v_held.member_id;
  IF v_settled THEN
    DELETE FROM flash_units WHERE order_id = p_order;
    UPDATE flash_items SET returned = returned + v_held.n WHERE id = v_held.id;
    PERFORM stock_move(jsonb_build_array(jsonb_build_object('sku', v_held.sku_id, 'n', v_held.n)),
      'reserved', 'available', p_at);
  ELSE
    UPDATE flash_units SET order_id = NULL WHERE order_id = p_order;
  END IF;
END $$;
