ALTER TABLE approvals
  ADD CONSTRAINT approvals_state CHECK (state IN ('waiting', 'approved', 'rejected', 'cancelled', 'failed', 'expired')),
  ADD CONSTRAINT approvals_decided CHECK ((state = 'waiting') = (decided_at IS NULL)),
  ADD CONSTRAINT approvals_two_pairs_of_eyes CHECK (state <> 'approved' OR decided_by IS NOT NULL AND decided_by <> asked_by);
-- The same act asked for twice is one.
CREATE UNIQUE INDEX approvals_once ON approvals (key) WHERE state = 'waiting';
CREATE INDEX approvals_waiting ON approvals (asked_at) WHERE state = 'waiting';
ALTER TABLE limit_uses ADD CONSTRAINT limit_uses_used CHECK (used >= 0 AND peak >= 0);
