-- A foreign key has no index of its own: these serve the lookups from a row to its parts.

CREATE INDEX skus_product ON skus (product_id, position, id);
CREATE INDEX order_lines_order ON order_lines (order_id);
CREATE INDEX refund_lines_refund ON refund_lines (refund_id);
CREATE INDEX rebate_stages_rebate ON rebate_stages (rebate_id);
