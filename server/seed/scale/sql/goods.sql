-- Copies of the demo shop's physical products under other names, enough for a large shop.
WITH original AS (
  SELECT row_number() OVER (ORDER BY id) - 1 AS n, * FROM products WHERE kind = 'physical'), copied AS (
  INSERT INTO products (slug, category_id, kind, title, subtitle, images, detail, on_sale, min_price_fen, max_price_fen,
      sold_count, words, created_at, updated_at)
    SELECT 'scale-' || i, o.category_id, 'physical', o.title || ' 第 ' || i || ' 款', o.subtitle, o.images, o.detail,
      i % 50 <> 0, o.min_price_fen, o.max_price_fen, 0, o.words || ' ' || i || ' 款', ${start}, ${start}
    FROM generate_series(1, ${products}) i
    JOIN original o ON o.n = i % (SELECT count(*) FROM original)
    RETURNING id, slug)
INSERT INTO skus (product_id, code, spec, price_fen, market_price_fen, stocked_in, available, reserved, sold, alert_at,
    alerted, on_sale, position)
  SELECT c.id, 'SC' || substr(c.slug, 7) || '-' || s.position, s.spec, s.price_fen, s.market_price_fen, 0, 0, 0, 0, 20,
    false, true, s.position
  FROM copied c
  JOIN original o ON o.n = substr(c.slug, 7)::int % (SELECT count(*) FROM original)
  JOIN skus s ON s.product_id = o.id;

INSERT INTO scale_goods SELECT row_number() OVER (ORDER BY s.id) - 1, s.id, p.id, p.category_id, p.title,
    COALESCE(p.images ->> 0, ''), s.spec, s.price_fen
  FROM skus s JOIN products p ON p.id = s.product_id AND p.kind = 'physical';
ANALYZE scale_goods;

INSERT INTO coupon_templates (slug, name, amount_fen, threshold_fen, valid_days, total, claimed, per_member, active,
    created_at)
  VALUES ('scale-50-5', '满 50 减 5', 500, 5000, 30, NULL, 0, 1000, true, ${start});
