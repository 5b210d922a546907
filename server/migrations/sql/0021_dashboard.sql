-- The overview reads two weeks of orders and bindings from an index alone.

DROP INDEX orders_by_payment;
CREATE INDEX orders_by_payment ON orders (paid_at) INCLUDE (cash_due_fen, balance_fen) WHERE paid_at IS NOT NULL;
CREATE INDEX bindings_by_time ON bindings (valid_from) WHERE how <> 'correction';
