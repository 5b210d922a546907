ALTER TABLE reconciliations
  ADD CONSTRAINT reconciliations_state CHECK (state IN ('running', 'clean', 'differences', 'failed'));
ALTER TABLE reconciliation_differences
  ADD CONSTRAINT differences_bill CHECK (bill IN ('trade', 'refund', 'fund')),
  ADD CONSTRAINT differences_kind CHECK (kind IN ('ours_only', 'theirs_only', 'amount', 'state'));

ALTER TABLE reconciliation_asks
  ADD CONSTRAINT reconciliation_asks_state CHECK (state IN ('waiting', 'running', 'done', 'failed'));
-- A day has at most one request that is waiting or running, however often it is asked for.
CREATE UNIQUE INDEX reconciliation_asks_open ON reconciliation_asks (day) WHERE state IN ('waiting', 'running');
