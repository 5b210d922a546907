-- The referrer of a member and the two members above, as they were at a time: an array of three, with NULLs at its end.
-- Three lookups are cheaper than one join, because most members have no second member above.
CREATE OR REPLACE FUNCTION chain_at(p_member bigint, p_at timestamptz) RETURNS bigint[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_chain bigint[] := ARRAY[NULL, NULL, NULL]::bigint[];
  v_above bigint := p_member;
BEGIN
  FOR i IN 1..3 LOOP
    SELECT referrer_id INTO v_above FROM bindings
      WHERE member_id = v_above AND valid_from <= p_at AND (valid_to IS NULL OR valid_to > p_at);
    EXIT WHEN v_above IS NULL;
    v_chain[i] := v_above;
  END LOOP;
  RETURN v_chain;
END $$;
