DROP INDEX alarms_unseen,
  outbox_done,
  outbox_due,
  coupons_one_per_order,
  rebate_stages_due,
  rebate_stages_once,
  rebates_order_once,
  qualifications_rebate,
  qualifications_one_live,
  refund_lines_line,
  refunds_to_check,
  refunds_stray_once,
  refunds_one_open,
  payments_settle_once,
  orders_received,
  orders_on_the_way,
  orders_silent,
  orders_expiring,
  orders_transaction,
  card_keys_free,
  products_by_sales,
  products_by_price,
  products_by_category,
  products_newest,
  products_words,
  bindings_one_open;
ALTER TABLE notice_credits DROP CONSTRAINT notice_credits_left;
ALTER TABLE coupons DROP CONSTRAINT coupons_state, DROP CONSTRAINT coupons_order;
ALTER TABLE coupon_templates DROP CONSTRAINT coupon_templates_total;
ALTER TABLE rebate_stages DROP CONSTRAINT rebate_stages_state, DROP CONSTRAINT rebate_stages_amount;
ALTER TABLE rebates DROP CONSTRAINT rebates_state, DROP CONSTRAINT rebates_pay_as, DROP CONSTRAINT rebates_amount;
ALTER TABLE qualifications DROP CONSTRAINT qualifications_state, DROP CONSTRAINT qualifications_consumed;
ALTER TABLE rule_versions DROP CONSTRAINT rule_versions_budget;
ALTER TABLE refunds DROP CONSTRAINT refunds_kind, DROP CONSTRAINT refunds_state, DROP CONSTRAINT refunds_amounts;
ALTER TABLE payments DROP CONSTRAINT payments_outcome, DROP CONSTRAINT payments_amount;
ALTER TABLE order_lines DROP CONSTRAINT order_lines_sum, DROP CONSTRAINT order_lines_never_refund_more;
ALTER TABLE orders DROP CONSTRAINT orders_status, DROP CONSTRAINT orders_kind, DROP CONSTRAINT orders_amounts, DROP CONSTRAINT orders_never_refund_more, DROP CONSTRAINT orders_paid_has_time;
ALTER TABLE cart_items DROP CONSTRAINT cart_items_quantity;
ALTER TABLE products DROP CONSTRAINT products_kind;
ALTER TABLE skus DROP CONSTRAINT skus_price, DROP CONSTRAINT skus_stock;
ALTER TABLE members DROP CONSTRAINT members_state, DROP CONSTRAINT members_not_own_referrer;
