CREATE TEMP TABLE scale_buyers ON COMMIT DROP AS
  SELECT member_id, min(paid_at) AS first_paid_at, max(created_at) AS seen_at FROM orders GROUP BY member_id;
ALTER TABLE scale_buyers ADD PRIMARY KEY (member_id);
ANALYZE scale_buyers;
