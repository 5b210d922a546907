-- What waits for its goods becomes a request again.
UPDATE refunds SET state = 'requested' WHERE state = 'returning';
DROP INDEX refunds_to_come_back;
DROP INDEX refunds_one_open;
CREATE UNIQUE INDEX refunds_one_open ON refunds (order_id) WHERE kind = 'order' AND state = 'requested';
ALTER TABLE refunds
  DROP CONSTRAINT refunds_return,
  DROP CONSTRAINT refunds_state,
  ADD CONSTRAINT refunds_state CHECK (state IN
    ('requested', 'rejected', 'approved', 'processing', 'abnormal', 'succeeded'));
