DROP INDEX order_lines_picture, coupons_by_day, coupons_by_state, coupons_by_template, skus_by_code, products_by_slug;
