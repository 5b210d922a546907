-- Put the jobs of a transaction into the outbox. p_jobs: [{"job": name, "args": {…}, "due": time}]; a job without
-- `due` is due at p_at.
CREATE OR REPLACE FUNCTION outbox_put(p_jobs jsonb, p_at timestamptz) RETURNS void LANGUAGE sql AS $$
  INSERT INTO outbox (job, args, due_at, attempts, created_at)
    SELECT j.job, j.args, COALESCE(j.due, p_at), 0, p_at
      FROM jsonb_to_recordset(p_jobs) AS j (job text, args jsonb, due timestamptz);
$$;
