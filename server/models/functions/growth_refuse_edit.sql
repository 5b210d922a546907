-- Growth entries are append-only: growth that is taken back is another row.
CREATE OR REPLACE FUNCTION growth_refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'growth is append-only: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'TML01';
END $$;

CREATE OR REPLACE TRIGGER growth_entries_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON growth_entries
  FOR EACH STATEMENT EXECUTE FUNCTION growth_refuse_edit();
