-- Post an entry given as JSON, see ledger_post. Returns its id.
CREATE OR REPLACE FUNCTION ledger_post_json(p_entry jsonb) RETURNS bigint LANGUAGE sql AS $$
  SELECT entry_id FROM ledger_post(p_entry ->> 'key', p_entry ->> 'kind', p_entry ->> 'hash',
    (p_entry ->> 'posted_at')::timestamptz, (p_entry ->> 'effective_at')::timestamptz, p_entry ->> 'why', p_entry ->> 'link',
    (SELECT id FROM ledger_entries WHERE key = p_entry ->> 'reverses'), p_entry -> 'lines');
$$;
