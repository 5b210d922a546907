-- Whether the shop's lists show a product at a given time. A product for points only can be bought, but is not
-- listed. A plain SQL function, like on_shelf.
CREATE OR REPLACE FUNCTION listed(p products, p_at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT on_shelf(p, p_at) AND NOT p.exchange_only
$$;
