DROP INDEX skus_product, order_lines_order, refund_lines_refund, rebate_stages_rebate;
