ALTER TABLE point_earnings
  ADD CONSTRAINT point_earnings_state CHECK (state IN ('frozen', 'settled', 'reversed')),
  ADD CONSTRAINT point_earnings_points CHECK (granted > 0 AND base_fen > 0 AND remaining BETWEEN 0 AND granted
    AND (state = 'reversed') = (remaining = 0));
CREATE INDEX point_earnings_due ON point_earnings (release_at) WHERE state = 'frozen';

ALTER TABLE point_credits ADD CONSTRAINT point_credits_points CHECK (points > 0);
CREATE INDEX point_credits_due ON point_credits (ends_at) WHERE NOT settled;
CREATE INDEX point_credits_to_tell ON point_credits (ends_at) WHERE NOT told;

ALTER TABLE check_ins ADD CONSTRAINT check_ins_days CHECK (days > 0 AND points >= 0);
