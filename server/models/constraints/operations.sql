CREATE INDEX outbox_due ON outbox (due_at, id) WHERE done_at IS NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

ALTER TABLE notice_credits ADD CONSTRAINT notice_credits_left CHECK (credits >= 0);

CREATE INDEX alarms_unseen ON alarms (id) WHERE seen_at IS NULL;

-- There is one row. Its seal is empty until the first record of the log, or `audit --seal`, sets it.
ALTER TABLE audit_anchor ADD CONSTRAINT audit_anchor_one CHECK (id = 1);
INSERT INTO audit_anchor (id, count, head, seal) VALUES (1, 0, repeat('0', 64), '');
