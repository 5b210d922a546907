ALTER TABLE payments
  ADD CONSTRAINT payments_outcome CHECK (outcome IN ('settled', 'after_close', 'twice')),
  ADD CONSTRAINT payments_amount CHECK (amount_fen > 0);
CREATE UNIQUE INDEX payments_settle_once ON payments (order_id) WHERE outcome = 'settled';

ALTER TABLE refunds
  ADD CONSTRAINT refunds_kind CHECK (kind IN ('order', 'stray')),
  ADD CONSTRAINT refunds_state CHECK (state IN
    ('requested', 'returning', 'granting', 'withdrawn', 'rejected', 'approved', 'processing', 'abnormal', 'succeeded')),
  ADD CONSTRAINT refunds_return CHECK (state <> 'returning' OR (return_to IS NOT NULL AND return_by IS NOT NULL)),
  ADD CONSTRAINT refunds_amounts CHECK (cash_fen >= 0 AND withheld_fen >= 0 AND withdrawable_fen >= 0
    AND balance_fen >= withdrawable_fen);
-- A refund that waits for its goods, or for the end of an unpaid order, is open too. An order has at most one open refund.
CREATE UNIQUE INDEX refunds_one_open ON refunds (order_id)
  WHERE kind = 'order' AND state IN ('requested', 'returning', 'granting');
CREATE UNIQUE INDEX refunds_stray_once ON refunds (payment_id) WHERE kind = 'stray';
CREATE INDEX refunds_to_check ON refunds (check_at) WHERE state IN ('approved', 'processing', 'abnormal');
CREATE INDEX refunds_to_decide ON refunds (decide_by) WHERE state IN ('requested', 'returning');
CREATE INDEX refunds_to_come_back ON refunds (return_by) WHERE state = 'returning';
ALTER TABLE refunds
  ADD CONSTRAINT refunds_issued CHECK ((issue_no IS NULL) = (issued_at IS NULL) AND issue_no <> refund_no),
  ADD CONSTRAINT refunds_by_hand CHECK (NOT by_hand OR state = 'succeeded');
ALTER TABLE refund_reissues
  ADD CONSTRAINT refund_reissues_way CHECK ((way, ended) IN
    (('again', 'CLOSED'), ('hand', 'CLOSED'), ('card', 'ABNORMAL'), ('hand', 'ABNORMAL')));
-- A number that WeChat closed is given up once.
CREATE UNIQUE INDEX refund_reissues_given_up ON refund_reissues (before_no) WHERE ended = 'CLOSED';
CREATE INDEX refunds_by_issue ON refunds (issued_at) WHERE issued_at IS NOT NULL;
-- Reconciliation reads the refunds of one day, and those that the bills of that day name.
CREATE INDEX refunds_by_decision ON refunds (decided_at) WHERE decided_at IS NOT NULL;
CREATE INDEX refunds_at_wechat ON refunds (wechat_refund_id) WHERE wechat_refund_id IS NOT NULL;
