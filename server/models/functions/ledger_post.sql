-- Post one entry. p_lines: [{"m": member or 0, "a": account, "s": source, "c": currency, "d": debit-normal,
-- "v": amount}], amounts credit-positive, in fen or points.
-- p_at: when it is posted; p_effective_at: when it happened.
-- Same key and hash: returns the first entry, `replayed`. Same key, other hash: raises TML03.
-- CNY lines of members store their kind and their month in Shanghai, so that an index finds one page of a few lines
-- among many. Lines of the shop leave them null: nobody reads them in that way, and their inserts stay cheap.
-- A member's line belongs to the owner of what the entry is about (TML04), and what is given back was given (TML05).
-- Locks: the members of the lines in ascending order. Accounts of the shop are never locked: their changes are
-- written to ledger_deltas, see ledger_roll_up.
-- It runs with the rights of the tables' owner: the application itself cannot write the books.
CREATE OR REPLACE FUNCTION ledger_post(p_key text, p_kind text, p_hash text, p_at timestamptz, p_effective_at timestamptz,
                            p_why text, p_link text, p_reverses bigint, p_lines jsonb, OUT entry_id bigint,
                            OUT replayed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_hash text;
  v_line record;
  v_account bigint;
  v_accounts bigint[] := '{}';
  v_members bigint[] := '{}';
  v_month CONSTANT integer := to_char(p_at AT TIME ZONE 'Asia/Shanghai', 'YYYYMM')::integer;
BEGIN
  -- First of all, so that a member's entries are numbered in the order in which its wallet changes.
  SELECT array_agg(DISTINCT l.m) INTO v_members FROM jsonb_to_recordset(p_lines) AS l (m bigint) WHERE l.m > 0;
  IF v_members IS NOT NULL THEN
    PERFORM 1 FROM members WHERE id = ANY (v_members) ORDER BY id FOR NO KEY UPDATE;
    IF v_members <> ARRAY[ledger_owner(p_link)] IS NOT FALSE THEN
      RAISE EXCEPTION 'ledger entry %: % does not belong to member %', p_key, p_link, v_members USING ERRCODE = 'TML04';
    END IF;
  END IF;

  INSERT INTO ledger_entries (key, kind, input_hash, why, link, reverses_id, effective_at, posted_at)
    VALUES (p_key, p_kind, p_hash, p_why, p_link, p_reverses, p_effective_at, p_at)
    ON CONFLICT (key) DO NOTHING RETURNING id INTO entry_id;
  IF entry_id IS NULL THEN
    SELECT e.id, e.input_hash INTO entry_id, v_hash FROM ledger_entries e WHERE e.key = p_key;
    IF v_hash <> p_hash THEN
      RAISE EXCEPTION 'ledger key % was posted with another input', p_key USING ERRCODE = 'TML03';
    END IF;
    replayed := true;
    RETURN;
  END IF;
  replayed := false;

  FOR v_line IN SELECT * FROM jsonb_to_recordset(p_lines) AS l (m bigint, a text, s text, c text, d boolean, v bigint)
  LOOP
    IF v_line.m > 0 THEN
      UPDATE ledger_accounts SET balance = balance + CASE WHEN debit_normal THEN -v_line.v ELSE v_line.v END
        WHERE member_id = v_line.m AND code = v_line.a AND source = v_line.s AND currency = v_line.c
        RETURNING id INTO v_account;
      IF NOT FOUND THEN
        INSERT INTO ledger_accounts (member_id, code, source, currency, debit_normal, balance)
          VALUES (v_line.m, v_line.a, v_line.s, v_line.c, v_line.d,
                  CASE WHEN v_line.d THEN -v_line.v ELSE v_line.v END)
          RETURNING id INTO v_account;
      END IF;
    ELSE
      SELECT id INTO v_account FROM ledger_accounts
        WHERE member_id = 0 AND code = v_line.a AND source = v_line.s AND currency = v_line.c;
      IF NOT FOUND THEN
        INSERT INTO ledger_accounts (member_id, code, source, currency, debit_normal, balance)
          VALUES (0, v_line.a, v_line.s, v_line.c, v_line.d, 0) ON CONFLICT DO NOTHING;
        SELECT id INTO v_account FROM ledger_accounts
          WHERE member_id = 0 AND code = v_line.a AND source = v_line.s AND currency = v_line.c;
      END IF;
      INSERT INTO ledger_deltas (account_id, amount)
        VALUES (v_account, CASE WHEN v_line.d THEN -v_line.v ELSE v_line.v END);
    END IF;
    v_accounts := v_accounts || v_account;
  END LOOP;

  INSERT INTO ledger_lines (entry_id, account_id, member_id, code, currency, amount, kind, month, available_after)
    SELECT ledger_post.entry_id, v_accounts[l.n], l.m, l.a, l.c, l.v,
           CASE WHEN l.m > 0 AND l.c = 'CNY' THEN p_kind END,
           CASE WHEN l.m > 0 AND l.c = 'CNY' THEN v_month END,
           CASE WHEN l.m > 0 AND l.c = 'CNY' THEN
             (SELECT COALESCE(sum(w.balance), 0) FROM ledger_accounts w
                WHERE w.member_id = l.m AND w.code IN ('spend_only', 'withdrawable') AND w.currency = 'CNY') END
    FROM (SELECT (j.value ->> 'm')::bigint AS m, j.value ->> 'a' AS a, j.value ->> 'c' AS c,
                 (j.value ->> 'v')::bigint AS v, j.ordinality AS n
            FROM jsonb_array_elements(p_lines) WITH ORDINALITY j) l;
  IF p_kind IN ('order_release', 'refund', 'refund_sent', 'rebate_take_back', 'commission_take_back',
                'points_take_back', 'withdrawal_paid', 'withdrawal_back') THEN
    PERFORM ledger_refuse_excess(p_key, p_link);
  END IF;
END $$;
