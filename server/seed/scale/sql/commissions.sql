-- 5 % of each line's cash for the direct referrer, as rules/commissions decides it, less what was refunded.
INSERT INTO commissions (id, order_id, member_id, level, version, state, whole_fen, granted_fen, explanation, release_at,
    created_at, settled_at, reversed_at)
  SELECT o.id, o.id, o.referrer_id, 1, ${policies},
    CASE WHEN c.left_fen = 0 THEN 'reversed' WHEN o.received_at <= ${now} - interval '7 days' AND NOT m.blocked
      THEN 'settled' ELSE 'frozen' END,
    c.whole_fen, c.left_fen, jsonb_build_object('lines', c.lines,
      'earner', jsonb_build_object('member_level', 0, 'month_fen', 0, 'bonus_bp', 0)),
    CASE WHEN c.left_fen > 0 THEN o.received_at + interval '7 days' END, o.paid_at,
    CASE WHEN c.left_fen > 0 AND o.received_at <= ${now} - interval '7 days' AND NOT m.blocked
      THEN o.received_at + interval '7 days' END,
    CASE WHEN c.left_fen = 0 THEN v.decided_at END
  FROM (
    SELECT l.order_id, sum(l.cash_fen * 5 / 100)::bigint AS whole_fen,
      sum(CASE WHEN l.refunded_quantity = 0 THEN l.cash_fen * 5 / 100 ELSE 0 END)::bigint AS left_fen,
      jsonb_agg(jsonb_build_object('line_id', l.id, 'why',
        '全店策略：实付 ' || pg_temp.yuan(l.cash_fen) || ' 元 × 5.00%', 'base_fen', l.cash_fen,
        'earned_fen', l.cash_fen * 5 / 100, 'amount_fen', l.cash_fen * 5 / 100) ORDER BY l.position) AS lines
    FROM order_lines l JOIN orders w ON w.id = l.order_id AND w.paid_at IS NOT NULL AND w.referrer_id IS NOT NULL
    WHERE l.id BETWEEN (${first}::bigint - 1) * 3 + 1 AND ${last}::bigint * 3 GROUP BY l.order_id) c
  JOIN orders o ON o.id = c.order_id
  JOIN scale_lives v ON v.id = o.id
  JOIN scale_people m ON m.id = o.referrer_id
  WHERE c.whole_fen > 0;
