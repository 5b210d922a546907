DROP FUNCTION flash_sale_settle(timestamptz);
DROP FUNCTION flash_sale_release(bigint, timestamptz);
DROP FUNCTION flash_sale_take(bigint, jsonb);
ALTER TABLE flash_tallies DROP CONSTRAINT flash_tallies_taken;
DROP INDEX flash_units_orders;
DROP INDEX flash_units_open;
ALTER TABLE flash_units DROP CONSTRAINT flash_units_sold;
DROP INDEX orders_of_flash_items;
DROP INDEX flash_items_sku;
ALTER TABLE flash_items
  DROP CONSTRAINT flash_items_per_member,
  DROP CONSTRAINT flash_items_stock,
  DROP CONSTRAINT flash_items_price;
DROP INDEX flash_sales_unsettled;
DROP INDEX flash_sales_window;
ALTER TABLE flash_sales
  DROP CONSTRAINT flash_sales_settled,
  DROP CONSTRAINT flash_sales_window;
