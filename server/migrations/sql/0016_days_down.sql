DROP INDEX withdrawals_at_wechat;
DROP INDEX withdrawals_by_end;
DROP INDEX refunds_at_wechat;
DROP INDEX refunds_by_decision;
DROP INDEX payments_by_time;
