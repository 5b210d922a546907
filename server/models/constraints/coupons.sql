-- A coupon takes off an amount or a percentage, for all goods or for some. It is valid for some days after the claim,
-- or between two dates of its template.
ALTER TABLE coupon_templates
  ADD CONSTRAINT coupon_templates_total CHECK (threshold_fen >= 0 AND claimed >= 0
    AND (total IS NULL OR claimed <= total)),
  ADD CONSTRAINT coupon_templates_worth CHECK (CASE WHEN off_bp = 0 THEN amount_fen > 0 AND most_fen IS NULL
    ELSE off_bp BETWEEN 1 AND 9999 AND amount_fen = 0 AND (most_fen IS NULL OR most_fen > 0) END),
  ADD CONSTRAINT coupon_templates_validity CHECK (CASE WHEN ends_at IS NULL
    THEN starts_at IS NULL AND valid_days IS NOT NULL AND valid_days > 0
    ELSE starts_at IS NOT NULL AND starts_at < ends_at AND valid_days IS NULL END),
  ADD CONSTRAINT coupon_templates_scope CHECK (products IS NULL OR categories IS NULL),
  ADD CONSTRAINT coupon_templates_audience CHECK (audience IN ('all', 'new', 'birthday'));

ALTER TABLE coupons
  ADD CONSTRAINT coupons_state CHECK (state IN ('unused', 'locked', 'used', 'void')),
  ADD CONSTRAINT coupons_order CHECK ((state IN ('locked', 'used')) = (order_id IS NOT NULL)),
  ADD CONSTRAINT coupons_worth CHECK (CASE WHEN off_bp = 0 THEN most_fen IS NULL
    ELSE off_bp BETWEEN 1 AND 9999 AND amount_fen = 0 END),
  ADD CONSTRAINT coupons_scope CHECK (products IS NULL OR categories IS NULL),
  -- Only a coupon that was bought is taken back by a refund, and only one that was used has a time of it.
  ADD CONSTRAINT coupons_taken CHECK ((taken_by IS NULL OR order_line_id IS NOT NULL)
    AND (taken_at IS NULL OR state IN ('used', 'void')));
CREATE UNIQUE INDEX coupons_one_per_order ON coupons (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX coupons_of_line ON coupons (order_line_id) WHERE order_line_id IS NOT NULL;
CREATE INDEX coupons_by_issue ON coupons (issue_id, created_at, id) WHERE issue_id IS NOT NULL;
CREATE INDEX coupons_ending ON coupons (expires_at, id) WHERE state = 'unused' AND warned_at IS NULL;

ALTER TABLE coupon_issues
  ADD CONSTRAINT coupon_issues_state CHECK (state IN ('running', 'done', 'total', 'ended', 'stopped')
    AND (state = 'running') = (finished_at IS NULL)),
  ADD CONSTRAINT coupon_issues_counts CHECK (seen >= 0 AND issued BETWEEN 0 AND seen);
CREATE INDEX coupon_issues_open ON coupon_issues (id) WHERE state = 'running';
