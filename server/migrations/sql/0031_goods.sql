-- Goods that are had for points only, that are coupons, or that are for members from a level on.

-- Whether a product is among what the shop sells at a time; what is had for points only can be bought, but not here.
CREATE FUNCTION listed(p products, p_at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT on_shelf(p, p_at) AND NOT p.exchange_only
$$;

-- The pieces of a line of virtual goods that left the shop: card keys or coupons. They never come back to stock.
CREATE FUNCTION handed_out(p_line bigint) RETURNS integer LANGUAGE sql STABLE AS $$
  SELECT (SELECT count(*) FROM card_keys WHERE order_line_id = p_line)::int
    + (SELECT count(*) FROM coupons WHERE order_line_id = p_line)::int
$$;

ALTER TABLE products
  ADD CONSTRAINT products_level CHECK (min_level > 0),
  ADD CONSTRAINT products_coupon CHECK (coupon_template_id IS NULL OR kind = 'virtual');
ALTER TABLE coupons ADD CONSTRAINT coupons_taken
  CHECK (owed_fen >= 0 AND (taken_by IS NOT NULL OR owed_fen = 0) AND (taken_by IS NULL OR order_line_id IS NOT NULL));
CREATE INDEX coupons_of_line ON coupons (order_line_id) WHERE order_line_id IS NOT NULL;
