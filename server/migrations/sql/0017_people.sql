-- Members are listed by the time they joined, and found by the beginning of their name.

CREATE INDEX members_by_time ON members (created_at, id);
CREATE INDEX members_not_active ON members (created_at, id) WHERE state <> 'active';
CREATE INDEX members_bound ON members (created_at, id) WHERE referrer_id IS NOT NULL;
CREATE INDEX members_unbound ON members (created_at, id) WHERE referrer_id IS NULL;
CREATE INDEX members_by_name ON members (nickname text_pattern_ops) WHERE nickname <> '';

-- Of what they earn, the newest, all or of one state.
CREATE INDEX qualifications_by_time ON qualifications (created_at, id);
CREATE INDEX qualifications_by_state ON qualifications (state, created_at, id);
CREATE INDEX rebates_by_time ON rebates (closed_at, id);
CREATE INDEX rebates_by_state ON rebates (state, closed_at, id);
CREATE INDEX commissions_by_time ON commissions (created_at, id);
CREATE INDEX commissions_by_state ON commissions (state, created_at, id);
