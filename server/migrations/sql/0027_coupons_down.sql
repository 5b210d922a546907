DROP INDEX coupon_issues_open, coupons_ending, coupons_by_issue;
ALTER TABLE coupon_issues DROP CONSTRAINT coupon_issues_counts, DROP CONSTRAINT coupon_issues_state;
ALTER TABLE coupons DROP CONSTRAINT coupons_scope, DROP CONSTRAINT coupons_worth;
ALTER TABLE coupon_templates DROP CONSTRAINT coupon_templates_audience, DROP CONSTRAINT coupon_templates_scope,
  DROP CONSTRAINT coupon_templates_validity, DROP CONSTRAINT coupon_templates_worth,
  DROP CONSTRAINT coupon_templates_total;
-- What the older form cannot say: a percentage becomes a fen and is switched off, an own period becomes a month.
UPDATE coupon_templates SET amount_fen = GREATEST(amount_fen, 1), valid_days = COALESCE(valid_days, 30), active = active AND off_bp = 0;
ALTER TABLE coupon_templates ADD CONSTRAINT coupon_templates_total
  CHECK (amount_fen > 0 AND threshold_fen >= 0 AND (total IS NULL OR claimed <= total));
