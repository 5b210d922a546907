-- Sold and reserved pieces. Pieces refunded before shipping count as never sold.
UPDATE skus s SET sold = s.sold + w.sold, reserved = s.reserved + w.reserved,
    available = s.available + w.more, stocked_in = s.stocked_in + w.sold + w.reserved + w.more
  FROM (
    SELECT g.sku_id, COALESCE(sum(l.quantity) FILTER (WHERE o.status = 'pending'), 0) AS reserved,
      COALESCE(sum(l.quantity) FILTER (WHERE o.paid_at IS NOT NULL AND NOT (o.status = 'refunded' AND o.shipped_at IS NULL)),
        0) AS sold,
      CASE WHEN g.n % 40 = 0 THEN 5 ELSE 200 + g.n % 100 END AS more
    FROM scale_goods g LEFT JOIN order_lines l ON l.sku_id = g.sku_id LEFT JOIN orders o ON o.id = l.order_id
    GROUP BY g.sku_id, g.n) w
  WHERE s.id = w.sku_id;
UPDATE products p SET sold_count = p.sold_count + w.sold FROM (
  SELECT product_id, sum(sold) AS sold FROM skus GROUP BY product_id) w WHERE p.id = w.product_id;
