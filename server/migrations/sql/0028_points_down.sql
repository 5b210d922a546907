DROP INDEX ledger_lines_points, point_credits_to_tell, point_credits_due, point_earnings_due;
ALTER TABLE check_ins DROP CONSTRAINT check_ins_days;
ALTER TABLE point_credits DROP CONSTRAINT point_credits_points;
ALTER TABLE point_earnings DROP CONSTRAINT point_earnings_points, DROP CONSTRAINT point_earnings_state;
