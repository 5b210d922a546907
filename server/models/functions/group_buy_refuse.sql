-- Refuse the order with a reason. p_more: what else helps the buyer, merged into the refusal's detail.
CREATE OR REPLACE FUNCTION group_buy_refuse(p_reason text, p_more jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'promotion_refused' USING ERRCODE = 'TM422', DETAIL = jsonb_build_object('reason', p_reason) || p_more;
END $$;
