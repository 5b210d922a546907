-- How many pieces (card keys or coupons) of a line of virtual goods were delivered. They never go back to stock.
CREATE OR REPLACE FUNCTION handed_out(p_line bigint) RETURNS integer LANGUAGE sql STABLE AS $$
  SELECT (SELECT count(*) FROM card_keys WHERE order_line_id = p_line)::int
    + (SELECT count(*) FROM coupons WHERE order_line_id = p_line)::int
$$;
