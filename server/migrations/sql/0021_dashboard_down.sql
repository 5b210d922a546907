DROP INDEX bindings_by_time;
DROP INDEX orders_by_payment;
CREATE INDEX orders_by_payment ON orders (paid_at) WHERE paid_at IS NOT NULL;
