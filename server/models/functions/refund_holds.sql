-- Whether a refund of the order is open that was asked for within its refund window. It holds what the order brings:
-- rebate, commission, points, and the order's completion.
CREATE OR REPLACE FUNCTION refund_holds(p_order bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM refunds WHERE order_id = p_order AND kind = 'order'
    AND state IN ('requested', 'returning', 'granting') AND holds)
$$;
