-- Flash sales: the pieces of an item are rows, so that buyers claim different ones and never wait for each other.

ALTER TABLE flash_sales
  ADD CONSTRAINT flash_sales_window CHECK (ends_at > starts_at),
  ADD CONSTRAINT flash_sales_settled CHECK (settled_at IS NULL OR settled_at >= LEAST(ends_at, stopped_at));
CREATE INDEX flash_sales_window ON flash_sales (starts_at);
CREATE INDEX flash_sales_unsettled ON flash_sales (ends_at) WHERE settled_at IS NULL;

ALTER TABLE flash_items
  ADD CONSTRAINT flash_items_price CHECK (price_fen > 0),
  ADD CONSTRAINT flash_items_stock CHECK (returned BETWEEN 0 AND stock),
  ADD CONSTRAINT flash_items_per_member CHECK (per_member > 0);
CREATE INDEX flash_items_sku ON flash_items (sku_id);
CREATE INDEX orders_of_flash_items ON orders (promotion_id) WHERE kind = 'flash_sale';

ALTER TABLE flash_units ADD CONSTRAINT flash_units_sold CHECK (NOT sold OR order_id IS NOT NULL);
CREATE INDEX flash_units_open ON flash_units (item_id, order_id) WHERE NOT sold;
CREATE INDEX flash_units_orders ON flash_units (order_id) WHERE order_id IS NOT NULL;

ALTER TABLE flash_tallies ADD CONSTRAINT flash_tallies_taken CHECK (taken >= 0);

-- An order that is being placed claims its pieces. p_take: {"item": id, "n": pieces, "price_fen": price seen}.
-- The row of (item, member) makes a member's orders stand in line; claims of different members never wait.
CREATE FUNCTION flash_sale_take(p_order bigint, p_take jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_item bigint := (p_take ->> 'item')::bigint;
  v_n integer := (p_take ->> 'n')::integer;
  v_seen record;
  v_claimed integer;
BEGIN
  SELECT o.member_id, i.per_member, CASE
      WHEN o.created_at >= LEAST(s.ends_at, s.stopped_at) THEN '{"reason": "over"}'
      WHEN o.created_at < s.starts_at THEN jsonb_build_object('reason', 'not_started', 'starts_at', s.starts_at)
      WHEN i.price_fen <> (p_take ->> 'price_fen')::bigint THEN '{"reason": "price_changed"}' END AS refusal
    INTO STRICT v_seen FROM orders o, flash_items i JOIN flash_sales s ON s.id = i.sale_id
    WHERE o.id = p_order AND i.id = v_item;
  IF v_seen.refusal IS NOT NULL THEN
    RAISE EXCEPTION 'promotion_refused' USING ERRCODE = 'TM422', DETAIL = v_seen.refusal;
  END IF;
  INSERT INTO flash_tallies (item_id, member_id, taken) SELECT v_item, v_seen.member_id, v_n WHERE v_n <= v_seen.per_member
    ON CONFLICT (item_id, member_id) DO UPDATE SET taken = flash_tallies.taken + v_n
      WHERE flash_tallies.taken + v_n <= v_seen.per_member;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'promotion_refused' USING ERRCODE = 'TM422',
      DETAIL = jsonb_build_object('reason', 'limit', 'per_member', v_seen.per_member);
  END IF;
  UPDATE flash_units SET order_id = p_order WHERE id = ANY (ARRAY(SELECT id FROM flash_units
    WHERE item_id = v_item AND order_id IS NULL AND NOT sold LIMIT v_n FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS v_claimed = ROW_COUNT;
  IF v_claimed = v_n THEN
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM flash_units WHERE item_id = v_item AND NOT sold AND order_id IS DISTINCT FROM p_order) THEN
    RAISE EXCEPTION 'promotion_queued' USING ERRCODE = 'TM422', DETAIL = '{}';
  END IF;
  RAISE EXCEPTION 'promotion_refused' USING ERRCODE = 'TM422',
    DETAIL = jsonb_build_object('reason', 'sold_out', 'left', v_claimed);
END $$;

-- The pieces of an unpaid order are free again; after the session they go back to the SKU. The session's lock, shared
-- here, lets nobody settle it between looking and writing.
CREATE FUNCTION flash_sale_release(p_order bigint, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
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

-- One session that is over gives its free pieces back; its id, or NULL when there is none. A buyer who is claiming a
-- piece is waited for.
CREATE FUNCTION flash_sale_settle(p_at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
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
