ALTER TABLE orders
  ADD CONSTRAINT orders_status CHECK (status IN
    ('pending', 'paid', 'teaming', 'shipped', 'received', 'completed', 'closed', 'refunded')),
  ADD CONSTRAINT orders_kind CHECK (kind IN ('normal', 'group_buy', 'flash_sale', 'points')),
  ADD CONSTRAINT orders_amounts CHECK (items_fen >= 0 AND freight_fen >= 0 AND cash_due_fen >= 0
    AND balance_fen >= withdrawable_fen AND withdrawable_fen >= 0
    AND freight_cash_fen BETWEEN 0 AND LEAST(freight_fen, cash_due_fen)),
  ADD CONSTRAINT orders_never_refund_more CHECK (refunded_cash_fen BETWEEN 0 AND cash_due_fen
    AND refunded_balance_fen BETWEEN 0 AND balance_fen
    AND refunded_freight_fen BETWEEN 0 AND freight_cash_fen),
  ADD CONSTRAINT orders_shipped_by CHECK ((shipped_by IS NULL) = (shipped_at IS NULL)
    AND shipped_by IN ('express', 'own', 'pick_up')),
  ADD CONSTRAINT orders_express CHECK (CASE WHEN shipped_by = 'express'
    THEN company <> '' AND tracking_no <> '' AND company IS NOT NULL AND tracking_no IS NOT NULL
    ELSE company IS NULL AND tracking_no IS NULL END),
  ADD CONSTRAINT orders_points CHECK (points >= 0 AND refunded_points BETWEEN 0 AND points),
  ADD CONSTRAINT orders_paid_has_time CHECK (status IN ('pending', 'closed') OR paid_at IS NOT NULL);
CREATE UNIQUE INDEX orders_transaction ON orders (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE UNIQUE INDEX orders_one_seat ON orders (team_id, member_id) WHERE team_id IS NOT NULL AND status <> 'closed';

-- For the jobs that run at intervals.
CREATE INDEX orders_expiring ON orders (expires_at) WHERE status = 'pending';
-- Placing counts what its member holds unpaid.
CREATE INDEX orders_unpaid ON orders (member_id) WHERE status = 'pending';
CREATE INDEX orders_silent ON orders (check_at) WHERE status = 'pending' AND check_at IS NOT NULL;
CREATE INDEX orders_on_the_way ON orders (shipped_at) WHERE status = 'shipped';
CREATE INDEX orders_received ON orders (received_at) WHERE status = 'received';

-- The panel searches orders by the beginning of their number. Orders to ship have an index of their own.
CREATE INDEX orders_by_number ON orders (order_no text_pattern_ops);
CREATE INDEX orders_to_ship ON orders (id) WHERE status = 'paid' AND NOT virtual;
-- The overview reads two weeks of orders from the index alone.
CREATE INDEX orders_by_payment ON orders (paid_at) INCLUDE (cash_due_fen, balance_fen) WHERE paid_at IS NOT NULL;
-- A commission policy with steps by month adds up what a referrer's friends have paid since the first of the month.
CREATE INDEX orders_referred ON orders (referrer_id, paid_at) WHERE referrer_id IS NOT NULL;
CREATE INDEX orders_of_flash_items ON orders (promotion_id) WHERE kind = 'flash_sale';
CREATE INDEX orders_of_points_goods ON orders (promotion_id) WHERE kind = 'points';

ALTER TABLE order_lines
  ADD CONSTRAINT order_lines_sum CHECK (quantity > 0 AND amount_fen = unit_price_fen * quantity
    AND amount_fen = discount_fen + coupon_fen + points_fen + balance_fen + cash_fen
    AND LEAST(discount_fen, coupon_fen, points_fen, cash_fen) >= 0
    AND withdrawable_fen BETWEEN 0 AND balance_fen),
  ADD CONSTRAINT order_lines_spec CHECK (spec IS JSON OBJECT),
  ADD CONSTRAINT order_lines_promotion CHECK (promotion_fen BETWEEN 0 AND unit_price_fen),
  ADD CONSTRAINT order_lines_points CHECK (points >= 0 AND points_fen >= 0 AND refunded_points BETWEEN 0 AND points),
  ADD CONSTRAINT order_lines_never_refund_more CHECK (refunded_quantity BETWEEN 0 AND quantity
    AND refunded_cash_fen BETWEEN 0 AND cash_fen
    AND refunded_balance_fen BETWEEN 0 AND balance_fen
    AND refunded_withdrawable_fen BETWEEN 0 AND withdrawable_fen);
-- Only pictures that operators uploaded are ever deleted, and not while an order line shows them.
CREATE INDEX order_lines_picture ON order_lines (image) WHERE image LIKE '/media/goods-%';
