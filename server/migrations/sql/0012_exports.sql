-- Exports are few; orders are listed by time and searched by the beginning of their number.

ALTER TABLE exports
  ADD CONSTRAINT exports_state CHECK (state IN ('waiting', 'running', 'done', 'failed')),
  ADD CONSTRAINT exports_body CHECK ((state = 'done') = (body IS NOT NULL));
CREATE INDEX exports_open ON exports (id) WHERE state IN ('waiting', 'running');

CREATE INDEX orders_by_time ON orders (created_at, id);
CREATE INDEX orders_by_number ON orders (order_no text_pattern_ops);
