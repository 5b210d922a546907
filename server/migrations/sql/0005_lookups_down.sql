DROP INDEX skus_product, order_lines_order, refund_lines_refund, rebate_stages_rebate;
CREATE OR REPLACE FUNCTION ledger_refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_bad bigint;
BEGIN
  SELECT l.entry_id INTO v_bad FROM ledger_lines l
    WHERE l.entry_id IN (SELECT n.entry_id FROM new_lines n)
    GROUP BY l.entry_id, l.currency HAVING sum(l.amount) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'ledger entry % does not balance', v_bad USING ERRCODE = 'TML02';
  END IF;
  RETURN NULL;
END $$;
