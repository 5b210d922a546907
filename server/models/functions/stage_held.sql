-- Whether an open refund holds a stage of a rebate: of the returned order, or of one of the orders it depends on.
CREATE OR REPLACE FUNCTION stage_held(p rebate_stages) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM rebates r WHERE r.id = p.rebate_id AND refund_holds(r.order_id))
    OR EXISTS (SELECT FROM (SELECT order_id FROM qualifications WHERE rebate_id = p.rebate_id
        ORDER BY paid_at, order_id LIMIT p.position) q WHERE refund_holds(q.order_id))
$$;
