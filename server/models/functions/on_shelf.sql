-- Whether a product can be bought at a time. Plain SQL, so that PostgreSQL writes it into the statement and still finds
-- the indexes of what is on sale.
CREATE OR REPLACE FUNCTION on_shelf(p products, p_at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p.on_sale AND (p.on_from IS NULL OR p.on_from <= p_at) AND (p.off_from IS NULL OR p_at < p.off_from)
$$;
