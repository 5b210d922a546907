-- What commissions, withdrawals, reconciliation and operators promise and the ORM cannot create.

ALTER TABLE commissions
  ADD CONSTRAINT commissions_state CHECK (state IN ('frozen', 'settled', 'reversed')),
  ADD CONSTRAINT commissions_level CHECK (level IN (1, 2)),
  ADD CONSTRAINT commissions_amounts CHECK (whole_fen > 0 AND granted_fen BETWEEN 0 AND whole_fen
    AND (state = 'reversed') = (granted_fen = 0));
CREATE INDEX commissions_order ON commissions (order_id);
CREATE INDEX commissions_due ON commissions (release_at) WHERE state = 'frozen' AND release_at IS NOT NULL;

ALTER TABLE withdrawals
  ADD CONSTRAINT withdrawals_state CHECK (state IN
    ('requested', 'approved', 'sent', 'confirming', 'paid', 'rejected', 'failed', 'expired', 'cancelled')),
  ADD CONSTRAINT withdrawals_amounts CHECK (payout_fen > 0 AND fee_fen >= 0 AND tax_fen >= 0
    AND amount_fen = payout_fen + fee_fen + tax_fen),
  ADD CONSTRAINT withdrawals_two_pairs_of_eyes CHECK (second_by IS NULL OR second_by <> approved_by);
CREATE INDEX withdrawals_to_review ON withdrawals (id) WHERE state = 'requested';
CREATE INDEX withdrawals_to_ask ON withdrawals (check_at) WHERE check_at IS NOT NULL;

ALTER TABLE reconciliations
  ADD CONSTRAINT reconciliations_state CHECK (state IN ('running', 'clean', 'differences', 'failed'));
ALTER TABLE reconciliation_differences
  ADD CONSTRAINT differences_bill CHECK (bill IN ('trade', 'refund', 'fund')),
  ADD CONSTRAINT differences_kind CHECK (kind IN ('ours_only', 'theirs_only', 'amount', 'state'));
CREATE INDEX differences_run ON reconciliation_differences (run_id);

ALTER TABLE operators
  ADD CONSTRAINT operators_role CHECK (role IN ('owner', 'operations', 'finance', 'service', 'auditor')),
  ADD CONSTRAINT operators_state CHECK (state IN ('active', 'disabled'));
CREATE INDEX operator_sessions_operator ON operator_sessions (operator_id, id);
