-- Store the answer of a keyed call. Returns false when the key is there already, perhaps after waiting for the
-- transaction that wrote it.
CREATE OR REPLACE FUNCTION idempotency_put(p_member bigint, p_path text, p_key text, p_hash text, p_status integer, p_answer text,
                                p_at timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO idempotency_keys (member_id, path, key, body_hash, status, answer, created_at)
    VALUES (p_member, p_path, p_key, p_hash, p_status, p_answer, p_at) ON CONFLICT DO NOTHING;
  RETURN FOUND;
END $$;
