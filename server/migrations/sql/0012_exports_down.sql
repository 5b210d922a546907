DROP INDEX orders_by_number;
DROP INDEX orders_by_time;
DROP INDEX exports_open;
ALTER TABLE exports
  DROP CONSTRAINT exports_body,
  DROP CONSTRAINT exports_state;
