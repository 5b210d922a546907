-- A day is compared once at a time, however often it is asked for.

ALTER TABLE reconciliation_asks
  ADD CONSTRAINT reconciliation_asks_state CHECK (state IN ('waiting', 'running', 'done', 'failed'));
CREATE UNIQUE INDEX reconciliation_asks_open ON reconciliation_asks (day) WHERE state IN ('waiting', 'running');
