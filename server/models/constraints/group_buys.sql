ALTER TABLE group_buys
  ADD CONSTRAINT group_buys_terms CHECK (size BETWEEN 2 AND 50 AND window_hours BETWEEN 1 AND 168 AND per_member > 0
    AND ends_at > starts_at),
  ADD CONSTRAINT group_buys_taken CHECK (taken >= 0 AND stock_limit > 0);
CREATE INDEX group_buys_running ON group_buys (ends_at) WHERE active;

ALTER TABLE group_buy_skus ADD CONSTRAINT group_buy_skus_price CHECK (price_fen > 0 AND leader_fen > 0);

-- These checks say what each state of a team means. group_buy_take reserves the seats.
ALTER TABLE teams
  ADD CONSTRAINT teams_state CHECK (state IN ('open', 'full', 'succeeded', 'failed')
    AND (ended_at IS NULL) = (state IN ('open', 'full'))),
  ADD CONSTRAINT teams_seats CHECK (0 <= paid AND paid <= taken AND taken + filled <= size AND filled >= 0
    AND (state = 'full') <= (taken = size) AND (state = 'succeeded') <= (paid + filled = size)
    AND (filled = 0 OR state = 'succeeded'));
CREATE INDEX teams_closing ON teams (due_at) WHERE state IN ('open', 'full');
CREATE INDEX teams_to_join ON teams (group_buy_id, closes_at) WHERE state = 'open' AND paid > 0;
