DROP FUNCTION ledger_roll_up(integer);
DROP FUNCTION ledger_post(text, text, text, timestamptz, text, text, bigint, jsonb);
DROP TRIGGER ledger_lines_balanced ON ledger_lines;
DROP FUNCTION ledger_refuse_unbalanced();
DROP TRIGGER ledger_lines_immutable ON ledger_lines;
DROP TRIGGER ledger_entries_immutable ON ledger_entries;
DROP FUNCTION ledger_refuse_edit();
DROP INDEX ledger_entries_reverses, ledger_deltas_account, ledger_lines_member;
ALTER TABLE ledger_accounts DROP CONSTRAINT ledger_member_not_negative;
