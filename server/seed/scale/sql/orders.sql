WITH lines AS MATERIALIZED (
  SELECT v.id AS order_id, n3.p AS position, v.turn, g.*, n.quantity, g.price_fen * n.quantity AS amount_fen,
    CASE WHEN v.lines = 1 AND g.price_fen * n.quantity >= 5000 AND pg_temp.dice(v.id, 31, 100) < 15
      AND v.turn NOT IN ('closed', 'refused', 'returned') THEN 500 ELSE 0 END AS coupon_fen,
    v.turn IN ('refused', 'returned') OR (v.turn = 'part' AND n3.p = 1) AS back
  FROM scale_lives v
  JOIN (VALUES (1), (2), (3)) AS n3 (p) ON n3.p <= v.lines
  CROSS JOIN LATERAL (SELECT CASE pg_temp.dice(v.id * 3 + n3.p, 32, 20) WHEN 0 THEN 3 WHEN 1 THEN 2 WHEN 2 THEN 2 ELSE 1 END
    AS quantity) n
  JOIN scale_goods g ON g.n = (pg_temp.dice(v.id, 33, ${skus}) * 1000::bigint / (1000 + pg_temp.dice(v.id, 34, 9000))
    + (n3.p - 1) * 7919) % ${skus}
  WHERE v.id BETWEEN ${first} AND ${last}
), sums AS MATERIALIZED (
  SELECT order_id, sum(amount_fen)::bigint AS items_fen, sum(coupon_fen)::bigint AS coupon_fen,
    COALESCE(sum(amount_fen - coupon_fen) FILTER (WHERE back), 0)::bigint AS back_fen,
    CASE WHEN sum(amount_fen - coupon_fen) < 9900 THEN 800 ELSE 0 END AS freight_fen
  FROM lines GROUP BY order_id
), placed AS (
  INSERT INTO orders (id, order_no, member_id, kind, status, virtual, items_fen, discounts, coupon_id, freight_fen,
      freight_cash_fen, balance_fen, withdrawable_fen, cash_due_fen, address_sealed, region, remark, created_at,
      expires_at, checks, paid_at, transaction_id, rule_version, referrer_id, ancestor2_id, ancestor3_id, shipped_at,
      shipped_by, company, tracking_no, received_at, completed_at, closed_at, close_reason, refunded_at, refunded_cash_fen,
      refunded_balance_fen, refunded_freight_fen)
    SELECT v.id, pg_temp.number('T', v.created_at, v.id), v.member_id, 'normal',
      CASE WHEN v.turn IN ('pending', 'closed') THEN v.turn WHEN v.turn IN ('refused', 'returned') THEN 'refunded'
        WHEN v.completed_at IS NOT NULL THEN 'completed' WHEN v.received_at IS NOT NULL THEN 'received'
        WHEN v.shipped_at IS NOT NULL THEN 'shipped' ELSE 'paid' END,
      false, s.items_fen,
      CASE WHEN s.coupon_fen = 0 THEN '[]'::jsonb
        ELSE jsonb_build_array(jsonb_build_object('kind', 'coupon', 'label', '满 50 减 5', 'amount_fen', s.coupon_fen)) END,
      CASE WHEN s.coupon_fen > 0 THEN v.id END, s.freight_fen, s.freight_fen, 0, 0,
      s.items_fen - s.coupon_fen + s.freight_fen, a.sealed, concat_ws(' ', a.province, a.city, a.district), '',
      v.created_at, v.created_at + interval '15 minutes', 0, v.paid_at,
      CASE WHEN v.paid_at IS NOT NULL THEN '4200' || lpad(v.id::text, 24, '0') END,
      CASE WHEN v.paid_at IS NOT NULL THEN ${rule} END,
      CASE WHEN v.paid_at IS NOT NULL THEN m.p1 END, CASE WHEN v.paid_at IS NOT NULL THEN m.p2 END,
      CASE WHEN v.paid_at IS NOT NULL THEN m.p3 END, v.shipped_at,
      CASE WHEN v.shipped_at IS NOT NULL THEN 'express' END,
      CASE WHEN v.shipped_at IS NOT NULL THEN (ARRAY['SF', 'ZTO', 'YTO', 'JD'])[1 + v.id % 4] END,
      CASE WHEN v.shipped_at IS NOT NULL THEN 'SF' || lpad(v.id::text, 13, '0') END, v.received_at, v.completed_at,
      CASE WHEN v.turn = 'closed' THEN v.created_at + interval '15 minutes' END,
      CASE WHEN v.turn = 'closed' THEN 'expired' END,
      CASE WHEN v.turn IN ('refused', 'returned') THEN v.decided_at END,
      s.back_fen + CASE WHEN v.turn = 'refused' THEN s.freight_fen ELSE 0 END, 0,
      CASE WHEN v.turn = 'refused' THEN s.freight_fen ELSE 0 END
    FROM sums s
    JOIN scale_lives v ON v.id = s.order_id AND v.id BETWEEN ${first} AND ${last}
    JOIN scale_people m ON m.id = v.member_id
    JOIN scale_secrets a ON a.id = v.member_id
)
INSERT INTO order_lines (id, order_id, position, sku_id, product_id, category_id, title, image, spec, virtual, quantity,
    unit_price_fen, amount_fen, discount_fen, coupon_fen, points_fen, balance_fen, withdrawable_fen, cash_fen,
    refunded_quantity, refunded_cash_fen, refunded_balance_fen, refunded_withdrawable_fen)
  SELECT (order_id - 1) * 3 + position, order_id, position, sku_id, product_id, category_id, title, image, spec, false,
    quantity, price_fen, amount_fen, 0, coupon_fen, 0, 0, 0, amount_fen - coupon_fen,
    CASE WHEN back THEN quantity ELSE 0 END, CASE WHEN back THEN amount_fen - coupon_fen ELSE 0 END, 0, 0
  FROM lines;
