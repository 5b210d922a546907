-- A foreign key has no index of its own: these serve the lookups from a row to its parts.

CREATE INDEX skus_product ON skus (product_id, position, id);
CREATE INDEX order_lines_order ON order_lines (order_id);
CREATE INDEX refund_lines_refund ON refund_lines (refund_id);
CREATE INDEX rebate_stages_rebate ON rebate_stages (rebate_id);

-- The lines of one statement must balance by themselves: then every entry does, however many statements wrote it.
-- Looking at the whole entry was no stronger, and its plan read all lines ever written.
CREATE OR REPLACE FUNCTION ledger_refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_bad bigint;
BEGIN
  SELECT n.entry_id INTO v_bad FROM new_lines n GROUP BY n.entry_id, n.currency HAVING sum(n.amount) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'ledger entry % does not balance', v_bad USING ERRCODE = 'TML02';
  END IF;
  RETURN NULL;
END $$;
