-- Move pieces between the states of stock: available → reserved → sold, and back. p_lines: [{"sku": id, "n": pieces}].
-- Refuses with stock_insufficient. If `available` falls to the SKU's threshold, it tells operators once.
-- Locks: the SKUs in ascending order.
CREATE OR REPLACE FUNCTION stock_move(p_lines jsonb, p_from text, p_to text, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_line record;
  v_sku record;
BEGIN
  FOR v_line IN SELECT l.sku, sum(l.n)::bigint AS n FROM jsonb_to_recordset(p_lines) AS l (sku bigint, n bigint)
                 GROUP BY l.sku ORDER BY l.sku
  LOOP
    UPDATE skus SET
        available = available + v_line.n * ((p_to = 'available')::int - (p_from = 'available')::int),
        reserved = reserved + v_line.n * ((p_to = 'reserved')::int - (p_from = 'reserved')::int),
        sold = sold + v_line.n * ((p_to = 'sold')::int - (p_from = 'sold')::int),
        alerted = alerted AND NOT (p_to = 'available' AND available + v_line.n > alert_at)
      WHERE id = v_line.sku AND (p_from <> 'available' OR (available >= v_line.n AND on_sale))
      RETURNING available, alert_at, alerted, code INTO v_sku;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'stock_insufficient' USING ERRCODE = 'TM422', DETAIL = json_build_object('sku_id', v_line.sku,
        'available', (SELECT CASE WHEN on_sale THEN available ELSE 0 END FROM skus WHERE id = v_line.sku));
    END IF;
    IF p_from = 'available' AND v_sku.available <= v_sku.alert_at AND NOT v_sku.alerted THEN
      UPDATE skus SET alerted = true WHERE id = v_line.sku;
      INSERT INTO alarms (kind, subject, detail, at) VALUES ('stock_low', v_sku.code,
        jsonb_build_object('sku_id', v_line.sku, 'available', v_sku.available, 'alert_at', v_sku.alert_at), p_at);
    END IF;
  END LOOP;
END $$;
