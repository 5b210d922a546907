ALTER TABLE audit_anchor DROP CONSTRAINT audit_anchor_one;
