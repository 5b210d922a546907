DROP INDEX members_by_letters, members_by_letter, commissions_live, ledger_accounts_member, orders_to_ship;
DROP INDEX orders_by_status;
CREATE INDEX orders_by_status ON orders (status, id);
