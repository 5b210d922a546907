-- One row. A log that was written before there was an anchor has no seal until `audit --seal` gives it one.

ALTER TABLE audit_anchor ADD CONSTRAINT audit_anchor_one CHECK (id = 1);
INSERT INTO audit_anchor (id, count, head, seal)
  SELECT 1, count(*), COALESCE((SELECT hash FROM audit_log ORDER BY id DESC LIMIT 1), repeat('0', 64)), '' FROM audit_log;
