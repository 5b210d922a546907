DROP INDEX withdrawals_by_state;
DROP INDEX ledger_entries_link;
DROP INDEX ledger_entries_kind;
DROP INDEX ledger_entries_time;
DROP INDEX ledger_accounts_code;
DROP INDEX ledger_lines_account;
CREATE INDEX idx_ledger_line_account_3bac99 ON ledger_lines (account_id);
