-- Whether the shop shows a product among what it sells at a time. What is had for points only can be bought, but is not
-- listed. Plain SQL, like on_shelf.
CREATE OR REPLACE FUNCTION listed(p products, p_at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT on_shelf(p, p_at) AND NOT p.exchange_only
$$;
