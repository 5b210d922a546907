-- Refuse an entry that gives back more than what it is about was given: all entries of one subject together never turn
-- an account of the shop to its wrong side. What a refund withheld for a rebate is no part of the order's own money.
-- Coupons of value have accounts of their own, which never fall below zero.
CREATE OR REPLACE FUNCTION ledger_refuse_excess(p_key text, p_subject text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_code text;
BEGIN
  SELECT l.code INTO v_code FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
    WHERE e.link = p_subject AND e.kind NOT LIKE '%coupon%' AND (l.code IN ('order_hold', 'sales', 'refunds_due', 'points_spent', 'in_flight')
      OR l.code IN ('commission_cost', 'points_issued') OR l.code = 'rebate_cost' AND p_subject LIKE 'rebate:%')
    GROUP BY l.code, l.currency
    HAVING sum(CASE WHEN l.code IN ('commission_cost', 'points_issued', 'rebate_cost') THEN -l.amount ELSE l.amount END) < 0
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'ledger entry % takes more from % of % than was given', p_key, v_code, p_subject USING ERRCODE = 'TML05';
  END IF;
END $$;
