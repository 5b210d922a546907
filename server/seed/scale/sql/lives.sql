-- Buyers are members who joined before; early members buy a little more often. The newest few orders still wait for
-- payment. Of the others 8 % were closed unpaid, and some were refunded: at once, after receipt, or in part.
WITH begun AS (
  SELECT i AS id, pg_temp.dice(i, 11, 1000) AS fate, i > ${orders} - ${pending} AS young,
    1 + LEAST(pg_temp.dice(i, 12, 1000000), pg_temp.dice(i, 13, 1000000))
      * GREATEST(1, ${members}::bigint * (i - 1) / ${orders}) / 1000000 AS member_id,
    CASE WHEN pg_temp.dice(i, 14, 10) < 6 THEN 1 WHEN pg_temp.dice(i, 15, 4) < 3 THEN 2 ELSE 3 END AS lines,
    CASE WHEN i > ${orders} - ${pending} THEN ${now} - interval '1 second' * (5 + pg_temp.dice(i, 16, 600))
      ELSE ${start} + interval '1 second' * (${span_s} * (i - 1) / ${orders}) END AS created_at
  FROM generate_series(${first}::bigint, ${last}::bigint) i
), paid AS (
  SELECT *, CASE WHEN NOT young AND fate >= 80 THEN created_at + interval '1 second' * (20 + pg_temp.dice(id, 17, 800))
    END AS paid_at FROM begun
), shipped AS (
  SELECT *, CASE WHEN fate NOT BETWEEN 80 AND 84 THEN
    paid_at + interval '1 minute' * (120 + pg_temp.dice(id, 18, 2880)) END AS shipped_at FROM paid
), received AS (
  SELECT *, shipped_at + interval '1 minute' * (1500 + pg_temp.dice(id, 19, 10000)) AS received_at FROM shipped
), turned AS (
  SELECT *, CASE WHEN fate BETWEEN 80 AND 84 THEN paid_at + interval '1 second' * (10 + pg_temp.dice(id, 20, 2000))
    WHEN fate BETWEEN 85 AND 99 THEN received_at + interval '1 minute' * (60 + pg_temp.dice(id, 20, 8000)) END
    AS decided_at FROM received
)
INSERT INTO scale_lives (id, member_id, turn, lines, created_at, paid_at, shipped_at, received_at, completed_at,
    decided_at)
  SELECT id, member_id,
    CASE WHEN young THEN 'pending' WHEN fate < 80 THEN 'closed' WHEN decided_at IS NULL THEN ''
      WHEN fate <= 84 THEN 'refused' WHEN fate >= 97 AND received_at < ${now} THEN 'asked'
      WHEN decided_at > ${now} THEN '' WHEN fate <= 91 THEN 'returned' WHEN lines > 1 THEN 'part' ELSE '' END,
    lines, created_at, paid_at, CASE WHEN shipped_at <= ${now} THEN shipped_at END,
    CASE WHEN received_at <= ${now} THEN received_at END,
    CASE WHEN received_at <= ${now} - interval '7 days' AND NOT (fate BETWEEN 85 AND 91)
      THEN received_at + interval '7 days' END,
    decided_at
  FROM turned;
