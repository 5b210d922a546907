-- What operators look up in the books: an account's lines in their order, accounts of one code, entries by time, by kind
-- and by what they are about. And withdrawals by state.

DROP INDEX idx_ledger_line_account_3bac99;
CREATE INDEX ledger_lines_account ON ledger_lines (account_id, id);
CREATE INDEX ledger_accounts_code ON ledger_accounts (code, id);
CREATE INDEX ledger_entries_time ON ledger_entries (at, id);
CREATE INDEX ledger_entries_kind ON ledger_entries (kind, at, id);
CREATE INDEX ledger_entries_link ON ledger_entries (link, id);
CREATE INDEX withdrawals_by_state ON withdrawals (state, id);
