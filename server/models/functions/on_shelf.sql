-- Whether a product can be bought at a given time. A plain SQL function: PostgreSQL puts it inline into the statement
-- and can still use the indexes WHERE on_sale.
CREATE OR REPLACE FUNCTION on_shelf(p products, p_at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p.on_sale AND (p.on_from IS NULL OR p.on_from <= p_at) AND (p.off_from IS NULL OR p_at < p.off_from)
$$;
