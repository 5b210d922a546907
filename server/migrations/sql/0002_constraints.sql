-- What the models promise and the ORM cannot create: CHECKs, partial unique and partial plain indexes.

ALTER TABLE members
  ADD CONSTRAINT members_state CHECK (state IN ('active', 'blocked', 'closed')),
  ADD CONSTRAINT members_not_own_referrer CHECK (referrer_id <> id);
CREATE UNIQUE INDEX bindings_one_open ON bindings (member_id) WHERE valid_to IS NULL;

ALTER TABLE skus
  ADD CONSTRAINT skus_price CHECK (price_fen > 0),
  ADD CONSTRAINT skus_stock CHECK (available >= 0 AND reserved >= 0 AND sold >= 0
                                   AND stocked_in = available + reserved + sold);
ALTER TABLE products ADD CONSTRAINT products_kind CHECK (kind IN ('physical', 'virtual'));
CREATE INDEX products_words ON products USING gin (to_tsvector('simple', words));
CREATE INDEX products_newest ON products (id DESC) WHERE on_sale;
CREATE INDEX products_by_category ON products (category_id, id DESC) WHERE on_sale;
CREATE INDEX products_by_price ON products (min_price_fen, id) WHERE on_sale;
CREATE INDEX products_by_sales ON products (sold_count DESC, id DESC) WHERE on_sale;
CREATE INDEX card_keys_free ON card_keys (sku_id, id) WHERE order_line_id IS NULL;

ALTER TABLE cart_items ADD CONSTRAINT cart_items_quantity CHECK (quantity BETWEEN 1 AND 999);

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
  ADD CONSTRAINT orders_paid_has_time CHECK (status IN ('pending', 'closed') OR paid_at IS NOT NULL);
CREATE UNIQUE INDEX orders_transaction ON orders (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX orders_expiring ON orders (expires_at) WHERE status = 'pending';
CREATE INDEX orders_silent ON orders (check_at) WHERE status = 'pending' AND check_at IS NOT NULL;
CREATE INDEX orders_on_the_way ON orders (shipped_at) WHERE status = 'shipped';
CREATE INDEX orders_received ON orders (received_at) WHERE status = 'received';

ALTER TABLE order_lines
  ADD CONSTRAINT order_lines_sum CHECK (quantity > 0 AND amount_fen = unit_price_fen * quantity
    AND amount_fen = discount_fen + coupon_fen + points_fen + balance_fen + cash_fen
    AND LEAST(discount_fen, coupon_fen, points_fen, cash_fen) >= 0
    AND withdrawable_fen BETWEEN 0 AND balance_fen),
  ADD CONSTRAINT order_lines_never_refund_more CHECK (refunded_quantity BETWEEN 0 AND quantity
    AND refunded_cash_fen BETWEEN 0 AND cash_fen
    AND refunded_balance_fen BETWEEN 0 AND balance_fen
    AND refunded_withdrawable_fen BETWEEN 0 AND withdrawable_fen);

ALTER TABLE payments
  ADD CONSTRAINT payments_outcome CHECK (outcome IN ('settled', 'after_close', 'twice')),
  ADD CONSTRAINT payments_amount CHECK (amount_fen > 0);
CREATE UNIQUE INDEX payments_settle_once ON payments (order_id) WHERE outcome = 'settled';

ALTER TABLE refunds
  ADD CONSTRAINT refunds_kind CHECK (kind IN ('order', 'stray')),
  ADD CONSTRAINT refunds_state CHECK (state IN
    ('requested', 'rejected', 'approved', 'processing', 'abnormal', 'succeeded')),
  ADD CONSTRAINT refunds_amounts CHECK (cash_fen >= 0 AND withheld_fen >= 0 AND withdrawable_fen >= 0
    AND balance_fen >= withdrawable_fen);
CREATE UNIQUE INDEX refunds_one_open ON refunds (order_id) WHERE kind = 'order' AND state = 'requested';
CREATE UNIQUE INDEX refunds_stray_once ON refunds (payment_id) WHERE kind = 'stray';
CREATE INDEX refunds_to_check ON refunds (check_at) WHERE state IN ('approved', 'processing');
CREATE INDEX refund_lines_line ON refund_lines (order_line_id);

ALTER TABLE rule_versions ADD CONSTRAINT rule_versions_budget CHECK (budget_used_fen >= 0);
ALTER TABLE qualifications
  ADD CONSTRAINT qualifications_state CHECK (state IN ('pending', 'held', 'counted', 'consumed', 'void')),
  ADD CONSTRAINT qualifications_consumed CHECK ((state = 'consumed') = (rebate_id IS NOT NULL));
CREATE UNIQUE INDEX qualifications_one_live ON qualifications (referee_id) WHERE state <> 'void';
CREATE INDEX qualifications_rebate ON qualifications (rebate_id) WHERE rebate_id IS NOT NULL;
ALTER TABLE rebates
  ADD CONSTRAINT rebates_state CHECK (state IN ('frozen', 'settled', 'reversed')),
  ADD CONSTRAINT rebates_pay_as CHECK (pay_as IN ('balance', 'coupon')),
  ADD CONSTRAINT rebates_amount CHECK (whole_fen > 0 AND granted_fen BETWEEN 0 AND whole_fen);
CREATE UNIQUE INDEX rebates_order_once ON rebates (order_id) WHERE state <> 'reversed';
ALTER TABLE rebate_stages
  ADD CONSTRAINT rebate_stages_state CHECK (state IN ('frozen', 'settled', 'reversed')),
  ADD CONSTRAINT rebate_stages_amount CHECK (amount_fen >= 0 AND position > 0);
CREATE UNIQUE INDEX rebate_stages_once ON rebate_stages (rebate_id, position) WHERE state <> 'reversed';
CREATE INDEX rebate_stages_due ON rebate_stages (release_at) WHERE state = 'frozen' AND release_at IS NOT NULL;

ALTER TABLE coupon_templates ADD CONSTRAINT coupon_templates_total
  CHECK (amount_fen > 0 AND threshold_fen >= 0 AND (total IS NULL OR claimed <= total));
ALTER TABLE coupons
  ADD CONSTRAINT coupons_state CHECK (state IN ('unused', 'locked', 'used', 'void')),
  ADD CONSTRAINT coupons_order CHECK ((state IN ('locked', 'used')) = (order_id IS NOT NULL));
CREATE UNIQUE INDEX coupons_one_per_order ON coupons (order_id) WHERE order_id IS NOT NULL;

CREATE INDEX outbox_due ON outbox (due_at, id) WHERE done_at IS NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;
ALTER TABLE notice_credits ADD CONSTRAINT notice_credits_left CHECK (credits >= 0);
CREATE INDEX alarms_unseen ON alarms (id) WHERE seen_at IS NULL;
