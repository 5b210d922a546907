DROP FUNCTION points_take(bigint, jsonb);
DROP INDEX orders_of_points_goods;
DROP INDEX points_goods_sku;
ALTER TABLE points_goods
  DROP CONSTRAINT points_goods_per_member,
  DROP CONSTRAINT points_goods_taken,
  DROP CONSTRAINT points_goods_price,
  DROP CONSTRAINT points_goods_points;
