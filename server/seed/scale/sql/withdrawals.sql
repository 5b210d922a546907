-- Two in five members with commission have withdrawn it once, after the last of it was released.
INSERT INTO withdrawals (id, withdrawal_no, member_id, amount_fen, fee_fen, tax_fen, payout_fen, state, requested_at,
    approved_by, approved_at, sent_at, confirming_at, wechat_bill_no, cancelled_by, finished_at, why, check_at, checks,
    package_info)
  SELECT row_number() OVER (ORDER BY at, member_id), pg_temp.number('W', at, member_id), member_id, amount_fen, 0, 0,
    amount_fen, state, at,
    CASE WHEN state NOT IN ('requested', 'rejected', 'cancelled') THEN 'cli' END,
    CASE WHEN state NOT IN ('requested', 'rejected', 'cancelled') THEN at + interval '1 hour' END,
    CASE WHEN state IN ('confirming', 'paid', 'expired', 'failed') THEN at + interval '1 hour' END,
    CASE WHEN state IN ('confirming', 'paid', 'expired') THEN at + interval '61 minutes' END,
    CASE WHEN state IN ('confirming', 'paid', 'expired') THEN '1330' || lpad(member_id::text, 20, '0') END,
    CASE WHEN state = 'cancelled' THEN 'member' END,
    CASE WHEN state IN ('paid', 'rejected', 'failed', 'cancelled') THEN at + interval '2 hours'
      WHEN state = 'expired' THEN at + interval '25 hours' END,
    CASE state WHEN 'rejected' THEN '请先完善实名信息' WHEN 'failed' THEN '转账失败' END,
    CASE WHEN state = 'confirming' THEN ${now} + interval '1 hour' END, 0,
    CASE WHEN state = 'confirming' THEN 'package-' || member_id END
  FROM (
    SELECT *, CASE
      WHEN at > ${now} - interval '26 hours' THEN (ARRAY['requested', 'requested', 'confirming'])[1 + member_id % 3]
      ELSE CASE pg_temp.dice(member_id, 52, 60) WHEN 0 THEN 'rejected' WHEN 1 THEN 'rejected' WHEN 2 THEN 'failed'
        WHEN 3 THEN 'expired' WHEN 4 THEN 'cancelled' ELSE 'paid' END END AS state
    FROM (
      SELECT member_id, LEAST(sum(granted_fen) / 2, 199900)::bigint AS amount_fen,
        GREATEST(max(settled_at), ${now} - interval '1 hour' * (4 + pg_temp.dice(member_id, 51, 2000))) AS at
      FROM commissions WHERE state = 'settled' GROUP BY member_id HAVING sum(granted_fen) >= 1000) c
    WHERE pg_temp.dice(member_id, 50, 5) < 2 AND at < ${now} - interval '3 hours') w;
