ALTER TABLE ledger_accounts ADD CONSTRAINT ledger_member_not_negative CHECK (member_id = 0 OR balance >= 0);

CREATE INDEX ledger_entries_reverses ON ledger_entries (reverses_id) WHERE reverses_id IS NOT NULL;

CREATE INDEX ledger_lines_member ON ledger_lines (member_id, entry_id) WHERE member_id > 0;
-- For a member's statement: by kind, by month (only CNY lines of members have both, see ledger_post), and of points.
CREATE INDEX ledger_lines_kind ON ledger_lines (member_id, kind, entry_id) WHERE month IS NOT NULL;
CREATE INDEX ledger_lines_month ON ledger_lines (member_id, month, entry_id) INCLUDE (code, amount)
  WHERE month IS NOT NULL;
CREATE INDEX ledger_lines_points ON ledger_lines (member_id, entry_id) WHERE currency = 'POINT';
