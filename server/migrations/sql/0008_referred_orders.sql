-- Ladders of commission by the month sum up what a referrer's friends paid since its first day.

CREATE INDEX orders_referred ON orders (referrer_id, paid_at) WHERE referrer_id IS NOT NULL;
