-- The referrer of a member and the two members above, as they were at a time: an array of three, with NULLs at its end.
CREATE OR REPLACE FUNCTION chain_at(p_member bigint, p_at timestamptz) RETURNS bigint[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT ARRAY[a.referrer_id, b.referrer_id, c.referrer_id] FROM (SELECT) one
    LEFT JOIN bindings a ON a.member_id = p_member AND a.valid_from <= p_at AND (a.valid_to IS NULL OR a.valid_to > p_at)
    LEFT JOIN bindings b ON b.member_id = a.referrer_id AND b.valid_from <= p_at AND (b.valid_to IS NULL OR b.valid_to > p_at)
    LEFT JOIN bindings c ON c.member_id = b.referrer_id AND c.valid_from <= p_at AND (c.valid_to IS NULL OR c.valid_to > p_at));
END $$;
