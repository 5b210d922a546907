ALTER TABLE products
  ADD CONSTRAINT products_kind CHECK (kind IN ('physical', 'virtual')),
  ADD CONSTRAINT products_shelf CHECK (on_from < off_from),
  ADD CONSTRAINT products_limit CHECK (limit_each > 0),
  ADD CONSTRAINT products_level CHECK (min_level > 0),
  ADD CONSTRAINT products_coupon CHECK (coupon_template_id IS NULL OR kind = 'virtual');
CREATE INDEX products_words ON products USING gin (to_tsvector('simple', words));
-- The shop's lists show only what is on sale.
CREATE INDEX products_newest ON products (id DESC) WHERE on_sale;
CREATE INDEX products_by_category ON products (category_id, id DESC) WHERE on_sale;
CREATE INDEX products_by_price ON products (min_price_fen, id) WHERE on_sale;
CREATE INDEX products_by_sales ON products (sold_count DESC, id DESC) WHERE on_sale;
-- The panel finds products and SKUs by the beginning of their names.
CREATE INDEX products_by_slug ON products (slug text_pattern_ops);
CREATE INDEX skus_by_code ON skus (code text_pattern_ops);

ALTER TABLE skus
  ADD CONSTRAINT skus_price CHECK (price_fen > 0),
  ADD CONSTRAINT skus_stock CHECK (available >= 0 AND reserved >= 0 AND sold >= 0
                                   AND stocked_in = available + reserved + sold),
  ADD CONSTRAINT skus_weight CHECK (weight_g >= 0),
  ADD CONSTRAINT skus_spec CHECK (spec IS JSON OBJECT);

CREATE INDEX card_keys_free ON card_keys (sku_id, id) WHERE order_line_id IS NULL;
