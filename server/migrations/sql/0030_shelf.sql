-- Goods come and go by the clock, are sent by a template, and may be limited per member.

-- Whether a product can be bought at a time. Plain SQL, so that PostgreSQL writes it into the statement and still finds
-- the indexes of what is on sale.
CREATE FUNCTION on_shelf(p products, p_at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p.on_sale AND (p.on_from IS NULL OR p.on_from <= p_at) AND (p.off_from IS NULL OR p_at < p.off_from)
$$;

ALTER TABLE skus ALTER weight_g SET DEFAULT 0;
ALTER TABLE products ADD CONSTRAINT products_shelf CHECK (on_from < off_from);
ALTER TABLE products ADD CONSTRAINT products_limit CHECK (limit_each > 0);
ALTER TABLE skus ADD CONSTRAINT skus_weight CHECK (weight_g >= 0);
