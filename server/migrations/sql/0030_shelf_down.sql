ALTER TABLE skus ALTER weight_g DROP DEFAULT;
ALTER TABLE skus DROP CONSTRAINT skus_weight;
ALTER TABLE products DROP CONSTRAINT products_limit;
ALTER TABLE products DROP CONSTRAINT products_shelf;
DROP FUNCTION on_shelf(products, timestamptz);
