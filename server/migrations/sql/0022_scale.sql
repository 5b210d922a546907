-- A list by state is read in the list's own order; what is to be shipped has an index that holds nothing else.
DROP INDEX orders_by_status;
CREATE INDEX orders_by_status ON orders (status, created_at, id);
CREATE INDEX orders_to_ship ON orders (id) WHERE status = 'paid' AND NOT virtual;

-- A member whose friends buy much has an account for each thing that was frozen.
CREATE INDEX ledger_accounts_member ON ledger_accounts (member_id, id);
CREATE INDEX commissions_live ON commissions (member_id) WHERE state <> 'reversed';

-- By the first letters of a name, newest first: one letter may fit a tenth of all members.
CREATE INDEX members_by_letter ON members (left(nickname, 1), created_at, id);
CREATE INDEX members_by_letters ON members (left(nickname, 2), created_at, id, nickname text_pattern_ops);
