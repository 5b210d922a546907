-- Products and SKUs are found by the beginning of their names, coupons by what they are and whose.

CREATE INDEX products_by_slug ON products (slug text_pattern_ops);
CREATE INDEX skus_by_code ON skus (code text_pattern_ops);
CREATE INDEX coupons_by_template ON coupons (template_id, created_at, id);
CREATE INDEX coupons_by_state ON coupons (state, created_at, id);
CREATE INDEX coupons_by_day ON coupons (created_at, id);

-- Only pictures that operators uploaded are ever deleted: what an order line shows stays.
CREATE INDEX order_lines_picture ON order_lines (image) WHERE image LIKE '/media/goods-%';
