DROP INDEX operator_sessions_operator;
ALTER TABLE operators DROP CONSTRAINT operators_state, DROP CONSTRAINT operators_role;

DROP INDEX differences_run;
ALTER TABLE reconciliation_differences DROP CONSTRAINT differences_kind, DROP CONSTRAINT differences_bill;
ALTER TABLE reconciliations DROP CONSTRAINT reconciliations_state;

DROP INDEX withdrawals_to_ask;
DROP INDEX withdrawals_to_review;
ALTER TABLE withdrawals DROP CONSTRAINT withdrawals_two_pairs_of_eyes, DROP CONSTRAINT withdrawals_amounts,
  DROP CONSTRAINT withdrawals_state;

DROP INDEX commissions_due;
DROP INDEX commissions_order;
ALTER TABLE commissions DROP CONSTRAINT commissions_amounts, DROP CONSTRAINT commissions_level,
  DROP CONSTRAINT commissions_state;
