-- A refund may wait for its goods; that, too, is open, and an order has one open refund at most.

ALTER TABLE refunds
  DROP CONSTRAINT refunds_state,
  ADD CONSTRAINT refunds_state CHECK (state IN
    ('requested', 'returning', 'rejected', 'approved', 'processing', 'abnormal', 'succeeded')),
  ADD CONSTRAINT refunds_return CHECK (state <> 'returning' OR (return_to IS NOT NULL AND return_by IS NOT NULL));
DROP INDEX refunds_one_open;
CREATE UNIQUE INDEX refunds_one_open ON refunds (order_id) WHERE kind = 'order' AND state IN ('requested', 'returning');
CREATE INDEX refunds_to_come_back ON refunds (return_by) WHERE state = 'returning';
