-- How many pieces of a line of virtual goods left the shop: card keys or coupons. They never come back to stock.
CREATE OR REPLACE FUNCTION handed_out(p_line bigint) RETURNS integer LANGUAGE sql STABLE AS $$
  SELECT (SELECT count(*) FROM card_keys WHERE order_line_id = p_line)::int
    + (SELECT count(*) FROM coupons WHERE order_line_id = p_line)::int
$$;
