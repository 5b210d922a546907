ALTER TABLE levels
  ADD CONSTRAINT levels_within CHECK (place BETWEEN 0 AND 9 AND growth >= 0 AND (place > 0 OR growth = 0)
    AND discount_bp BETWEEN 5000 AND 10000 AND points_bp BETWEEN 10000 AND 100000
    AND commission_bonus_bp BETWEEN 0 AND 10000);

ALTER TABLE growth_entries
  ADD CONSTRAINT growth_entries_kind CHECK (kind IN ('spend', 'referral', 'taken_back', 'correction')),
  ADD CONSTRAINT growth_entries_amount CHECK (CASE kind WHEN 'taken_back' THEN amount < 0
    WHEN 'correction' THEN amount <> 0 ELSE amount > 0 END);

ALTER TABLE member_levels
  ADD CONSTRAINT member_levels_kept CHECK ((position = 0) = (kept_until IS NULL));
CREATE INDEX member_levels_due ON member_levels (kept_until) WHERE kept_until IS NOT NULL;
