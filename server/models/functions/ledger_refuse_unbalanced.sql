-- The lines that one statement inserts must balance. Then every entry balances, even if several statements wrote it,
-- and no deferred trigger is needed. A check of the whole entry would prove nothing more, and its plan read all lines
-- ever written.
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

CREATE OR REPLACE TRIGGER ledger_lines_balanced AFTER INSERT ON ledger_lines
  REFERENCING NEW TABLE AS new_lines FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_unbalanced();
