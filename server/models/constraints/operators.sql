ALTER TABLE operators
  ADD CONSTRAINT operators_role CHECK (role IN ('owner', 'operations', 'finance', 'service', 'auditor')),
  ADD CONSTRAINT operators_state CHECK (state IN ('active', 'disabled'));
