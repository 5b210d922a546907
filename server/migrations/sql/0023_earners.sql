-- Tens of thousands may be one member's, and the newest come first.
CREATE INDEX commissions_member_time ON commissions (member_id, created_at, id);
