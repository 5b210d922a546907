-- Whether a coupon stands for money: a rebate paid it, or a member bought it.
CREATE OR REPLACE FUNCTION of_value(c coupons) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT c.source LIKE 'rebate:%' OR c.order_line_id IS NOT NULL
$$;
