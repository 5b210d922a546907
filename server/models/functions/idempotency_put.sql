-- Store the answer to a call with a key. Returns false if the key is stored already. If another transaction is
-- writing the same key, it waits for that one.
CREATE OR REPLACE FUNCTION idempotency_put(p_member bigint, p_path text, p_key text, p_hash text, p_status integer, p_answer text,
                                p_at timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO idempotency_keys (member_id, path, key, body_hash, status, answer, created_at)
    VALUES (p_member, p_path, p_key, p_hash, p_status, p_answer, p_at) ON CONFLICT DO NOTHING;
  RETURN FOUND;
END $$;
