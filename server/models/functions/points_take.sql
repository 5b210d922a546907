-- Take the pieces of an order that is being placed from a good of the points mall. p_take: {"good": id, "n": pieces,
-- "points" and "price_fen": as the buyer saw them}. Refuses with promotion_refused (over, price_changed, sold_out).
-- The caller checks the member's own limit: an order that spends points is placed under the lock of its member.
-- Locks: the good.
CREATE OR REPLACE FUNCTION points_take(p_order bigint, p_take jsonb) RETURNS void LANGUAGE plpgsql AS $$
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
