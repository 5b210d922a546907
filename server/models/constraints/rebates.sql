ALTER TABLE rule_versions ADD CONSTRAINT rule_versions_budget CHECK (budget_used_fen >= 0);

ALTER TABLE qualifications
  ADD CONSTRAINT qualifications_state CHECK (state IN ('pending', 'held', 'counted', 'consumed', 'void')),
  ADD CONSTRAINT qualifications_consumed CHECK ((state = 'consumed') = (rebate_id IS NOT NULL));
CREATE UNIQUE INDEX qualifications_one_live ON qualifications (referee_id) WHERE state <> 'void';
CREATE INDEX qualifications_rebate ON qualifications (rebate_id) WHERE rebate_id IS NOT NULL;
CREATE INDEX qualifications_on_hold ON qualifications (id) WHERE state = 'held';

ALTER TABLE rebates
  ADD CONSTRAINT rebates_state CHECK (state IN ('frozen', 'settled', 'reversed')),
  ADD CONSTRAINT rebates_pay_as CHECK (pay_as IN ('balance', 'coupon')),
  ADD CONSTRAINT rebates_amount CHECK (whole_fen >= 0 AND granted_fen BETWEEN 0 AND whole_fen);
CREATE UNIQUE INDEX rebates_order_once ON rebates (order_id) WHERE state <> 'reversed';

ALTER TABLE rebate_stages
  ADD CONSTRAINT rebate_stages_state CHECK (state IN ('frozen', 'settled', 'reversed')),
  ADD CONSTRAINT rebate_stages_amount CHECK (amount_fen >= 0 AND position > 0);
CREATE UNIQUE INDEX rebate_stages_once ON rebate_stages (rebate_id, position) WHERE state <> 'reversed';
CREATE INDEX rebate_stages_due ON rebate_stages (release_at) WHERE state = 'frozen' AND release_at IS NOT NULL;
