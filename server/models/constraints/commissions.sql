ALTER TABLE commissions
  ADD CONSTRAINT commissions_state CHECK (state IN ('frozen', 'settled', 'reversed')),
  ADD CONSTRAINT commissions_level CHECK (level IN (1, 2)),
  ADD CONSTRAINT commissions_amounts CHECK (whole_fen > 0 AND granted_fen BETWEEN 0 AND whole_fen
    AND (state = 'reversed') = (granted_fen = 0));
CREATE INDEX commissions_due ON commissions (release_at) WHERE state = 'frozen' AND release_at IS NOT NULL;
CREATE INDEX commissions_live ON commissions (member_id) WHERE state <> 'reversed';
