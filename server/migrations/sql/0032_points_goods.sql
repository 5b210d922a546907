-- The points mall: goods for points, with a stock of their own besides that of their SKU.

ALTER TABLE points_goods
  ADD CONSTRAINT points_goods_points CHECK (points > 0),
  ADD CONSTRAINT points_goods_price CHECK (price_fen >= 0),
  ADD CONSTRAINT points_goods_taken CHECK (taken BETWEEN 0 AND stock),
  ADD CONSTRAINT points_goods_per_member CHECK (per_member > 0);
CREATE INDEX points_goods_sku ON points_goods (sku_id);
CREATE INDEX orders_of_points_goods ON orders (promotion_id) WHERE kind = 'points';

-- An order that is being placed takes its pieces. p_take: {"good": id, "n": pieces, "points" and "price_fen": as seen}.
-- What a member's other orders hold was counted behind its lock.
CREATE FUNCTION points_take(p_order bigint, p_take jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_good points_goods;
  v_reason text;
BEGIN
  SELECT * INTO STRICT v_good FROM points_goods WHERE id = (p_take ->> 'good')::bigint FOR NO KEY UPDATE;
  v_reason := CASE
    WHEN NOT v_good.active THEN 'over'
    WHEN v_good.points <> (p_take ->> 'points')::bigint OR v_good.price_fen <> (p_take ->> 'price_fen')::bigint
      THEN 'price_changed'
    WHEN v_good.taken + (p_take ->> 'n')::int > v_good.stock THEN 'sold_out' END;
  IF v_reason IS NOT NULL THEN
    RAISE EXCEPTION 'promotion_refused' USING ERRCODE = 'TM422',
      DETAIL = jsonb_build_object('reason', v_reason, 'left', v_good.stock - v_good.taken);
  END IF;
  UPDATE points_goods SET taken = taken + (p_take ->> 'n')::int WHERE id = v_good.id;
END $$;
