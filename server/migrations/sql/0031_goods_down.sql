DROP INDEX coupons_of_line;
ALTER TABLE coupons DROP CONSTRAINT coupons_taken;
ALTER TABLE products DROP CONSTRAINT products_coupon;
ALTER TABLE products DROP CONSTRAINT products_level;
DROP FUNCTION handed_out(bigint);
DROP FUNCTION listed(products, timestamptz);
