-- Refuse the order with a reason. p_more: more facts for the buyer, merged into the detail of the refusal.
CREATE OR REPLACE FUNCTION group_buy_refuse(p_reason text, p_more jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'promotion_refused' USING ERRCODE = 'TM422', DETAIL = jsonb_build_object('reason', p_reason) || p_more;
END $$;
