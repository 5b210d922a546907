DROP INDEX qualifications_on_hold;
DROP INDEX refunds_by_state;
DROP INDEX orders_by_payment;
DROP INDEX orders_by_status;
DROP INDEX audit_log_by_subject;
DROP INDEX audit_log_by_action;
DROP INDEX audit_log_by_actor;

DROP TRIGGER audit_log_immutable ON audit_log;
DROP FUNCTION audit_log_refuse_edit();
