ALTER TABLE members
  ADD CONSTRAINT members_state CHECK (state IN ('active', 'blocked', 'closed')),
  ADD CONSTRAINT members_not_own_referrer CHECK (referrer_id <> id);

-- For the panel's list, newest first: members who are not active, members with a referrer, members without.
CREATE INDEX members_not_active ON members (created_at, id) WHERE state <> 'active';
CREATE INDEX members_bound ON members (created_at, id) WHERE referrer_id IS NOT NULL;
CREATE INDEX members_unbound ON members (created_at, id) WHERE referrer_id IS NULL;

-- The panel finds members by the beginning of their name. The indexes by first letters are in the order of the list,
-- because one letter may fit a tenth of all members.
CREATE INDEX members_by_name ON members (nickname text_pattern_ops) WHERE nickname <> '';
CREATE INDEX members_by_letter ON members (left(nickname, 1), created_at, id);
CREATE INDEX members_by_letters ON members (left(nickname, 2), created_at, id, nickname text_pattern_ops);

CREATE UNIQUE INDEX bindings_one_open ON bindings (member_id) WHERE valid_to IS NULL;
-- The overview reads two weeks of bindings from the index alone.
CREATE INDEX bindings_by_time ON bindings (valid_from) WHERE how <> 'correction';

ALTER TABLE cart_items ADD CONSTRAINT cart_items_quantity CHECK (quantity BETWEEN 1 AND 999);
