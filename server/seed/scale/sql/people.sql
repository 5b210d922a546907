-- Seven in ten members have a referrer who joined before them. A few referred very many, and member 1 the most.
INSERT INTO scale_people (id, p1, blocked, created_at)
  SELECT i,
    CASE WHEN i = 1 OR pg_temp.dice(i, 1, 10) >= 7 THEN NULL
      WHEN pg_temp.dice(i, 2, 10000) < ${star_bp} THEN 1
      ELSE 1 + (i - 1) * pg_temp.dice(i, 3, 1000) / 1000 * pg_temp.dice(i, 4, 1000) / 1000
        * pg_temp.dice(i, 5, 1000) / 1000 END,
    i > 1 AND pg_temp.dice(i, 6, 1000) = 0,
    ${start} + interval '1 second' * (${span_s} * (i - 1) / ${members})
  FROM generate_series(${first}::bigint, ${last}::bigint) i;
