-- The operators' log is written once: rows are added, nothing else. And what the panel counts and lists has its index.

CREATE FUNCTION audit_log_refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only: %', TG_OP USING ERRCODE = 'TML04';
END $$;
CREATE TRIGGER audit_log_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse_edit();

CREATE INDEX audit_log_by_actor ON audit_log (actor, id);
CREATE INDEX audit_log_by_action ON audit_log (action, id);
CREATE INDEX audit_log_by_subject ON audit_log (subject, id);
CREATE INDEX orders_by_status ON orders (status, id);
CREATE INDEX orders_by_payment ON orders (paid_at) WHERE paid_at IS NOT NULL;
CREATE INDEX refunds_by_state ON refunds (state, id);
CREATE INDEX qualifications_on_hold ON qualifications (id) WHERE state = 'held';
