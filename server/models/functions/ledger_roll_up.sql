-- Add up to p_limit pending deltas of shop accounts to their balances. Returns how many. Several calls may run at
-- the same time; each skips the deltas that another has locked.
-- It runs with the rights of the tables' owner, like ledger_post.
CREATE OR REPLACE FUNCTION ledger_roll_up(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  WITH taken AS (
    DELETE FROM ledger_deltas WHERE id = ANY (ARRAY(
      SELECT id FROM ledger_deltas ORDER BY id LIMIT p_limit FOR UPDATE SKIP LOCKED))
    RETURNING account_id, amount
  ), sums AS (
    SELECT account_id, sum(amount) AS amount, count(*) AS rows FROM taken GROUP BY account_id ORDER BY account_id
  ), moved AS (
    UPDATE ledger_accounts a SET balance = a.balance + s.amount FROM sums s WHERE a.id = s.account_id RETURNING s.rows
  )
  SELECT COALESCE(sum(rows), 0) INTO v_count FROM moved;
  RETURN v_count;
END $$;
