-- Reconciliation reads a day of these tables and what the bills of that day name, however large they are.

CREATE INDEX payments_by_time ON payments (paid_at);
CREATE INDEX refunds_by_decision ON refunds (decided_at) WHERE decided_at IS NOT NULL;
CREATE INDEX refunds_at_wechat ON refunds (wechat_refund_id) WHERE wechat_refund_id IS NOT NULL;
CREATE INDEX withdrawals_by_end ON withdrawals (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX withdrawals_at_wechat ON withdrawals (wechat_bill_no) WHERE wechat_bill_no IS NOT NULL;
