ALTER TABLE exports
  ADD CONSTRAINT exports_state CHECK (state IN ('waiting', 'running', 'done', 'failed')),
  ADD CONSTRAINT exports_body CHECK ((state = 'done') = (body IS NOT NULL));
CREATE INDEX exports_open ON exports (id) WHERE state IN ('waiting', 'running');
