-- The audit log is append-only: rows are added, but never changed or deleted.
CREATE OR REPLACE FUNCTION audit_log_refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only: %', TG_OP USING ERRCODE = 'TML04';
END $$;

CREATE OR REPLACE TRIGGER audit_log_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse_edit();
