ALTER TABLE withdrawals
  ADD CONSTRAINT withdrawals_state CHECK (state IN
    ('requested', 'approved', 'sent', 'confirming', 'paid', 'rejected', 'failed', 'expired', 'cancelled')),
  ADD CONSTRAINT withdrawals_amounts CHECK (payout_fen > 0 AND fee_fen >= 0 AND tax_fen >= 0
    AND amount_fen = payout_fen + fee_fen + tax_fen),
  ADD CONSTRAINT withdrawals_two_pairs_of_eyes CHECK (second_by IS NULL OR second_by <> approved_by);
CREATE INDEX withdrawals_to_review ON withdrawals (id) WHERE state = 'requested';
CREATE INDEX withdrawals_to_ask ON withdrawals (check_at) WHERE check_at IS NOT NULL;
-- Reconciliation reads the withdrawals of one day, and those that the bills of that day name.
CREATE INDEX withdrawals_by_end ON withdrawals (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX withdrawals_at_wechat ON withdrawals (wechat_bill_no) WHERE wechat_bill_no IS NOT NULL;
