-- Settle one session that is over: its free pieces go back to their SKUs. Returns the session's id, NULL if there is
-- none. It waits for a buyer who is claiming a piece at the same moment.
CREATE OR REPLACE FUNCTION flash_sale_settle(p_at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_sale bigint;
  v_back jsonb;
BEGIN
  SELECT id INTO v_sale FROM flash_sales WHERE settled_at IS NULL AND LEAST(ends_at, stopped_at) <= p_at
    ORDER BY ends_at LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  WITH free AS (DELETE FROM flash_units USING flash_items i
      WHERE i.sale_id = v_sale AND item_id = i.id AND order_id IS NULL AND NOT sold RETURNING item_id),
    back AS (SELECT item_id, count(*)::int AS n FROM free GROUP BY item_id),
    noted AS (UPDATE flash_items i SET returned = returned + n FROM back WHERE i.id = back.item_id RETURNING i.sku_id, n)
  SELECT jsonb_agg(jsonb_build_object('sku', sku_id, 'n', n)) INTO v_back FROM noted;
  IF v_back IS NOT NULL THEN
    PERFORM stock_move(v_back, 'reserved', 'available', p_at);
  END IF;
  UPDATE flash_sales SET settled_at = p_at WHERE id = v_sale;
  RETURN v_sale;
END $$;
