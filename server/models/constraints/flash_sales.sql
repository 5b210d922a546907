ALTER TABLE flash_sales
  ADD CONSTRAINT flash_sales_window CHECK (ends_at > starts_at),
  ADD CONSTRAINT flash_sales_settled CHECK (settled_at IS NULL OR settled_at >= LEAST(ends_at, stopped_at));
CREATE INDEX flash_sales_unsettled ON flash_sales (ends_at) WHERE settled_at IS NULL;

ALTER TABLE flash_items
  ADD CONSTRAINT flash_items_price CHECK (price_fen > 0),
  ADD CONSTRAINT flash_items_stock CHECK (returned BETWEEN 0 AND stock),
  ADD CONSTRAINT flash_items_per_member CHECK (per_member > 0);

-- Each piece of an item is a row, so that buyers claim different rows and never wait for each other.
ALTER TABLE flash_units ADD CONSTRAINT flash_units_sold CHECK (NOT sold OR order_id IS NOT NULL);
-- This order of columns finds a free piece fast even if other items have many pieces, see flash_sale_take.
CREATE INDEX flash_units_open ON flash_units (item_id, order_id, id) WHERE NOT sold;
CREATE INDEX flash_units_orders ON flash_units (order_id) WHERE order_id IS NOT NULL;

ALTER TABLE flash_tallies ADD CONSTRAINT flash_tallies_taken CHECK (taken >= 0);
