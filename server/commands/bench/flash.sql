-- The rows that placing a flash-sale order of one piece writes, in one transaction and nothing else.
-- Values: base (first free number of this round), members, item and sku.
\set k :k + 1
\set n :base + :client_id * 1000000 + :k
\set member random(1, :members)
BEGIN;
INSERT INTO idempotency_keys (member_id, path, key, body_hash, status, answer, created_at)
  VALUES (:member, '/api/orders', 'flash-' || :n, repeat('0', 64), 200, repeat('{"order_no": ""}', 35), now());
INSERT INTO flash_tallies (item_id, member_id, taken) VALUES (:item, :member, 1)
  ON CONFLICT (item_id, member_id) DO UPDATE SET taken = flash_tallies.taken + 1 WHERE flash_tallies.taken < 1000;
WITH placed AS (
  INSERT INTO orders (order_no, member_id, kind, status, virtual, items_fen, discounts, freight_fen, freight_cash_fen,
      balance_fen, withdrawable_fen, cash_due_fen, address_sealed, region, remark, created_at, expires_at, checks,
      refunded_cash_fen, refunded_balance_fen, refunded_freight_fen, promotion_id, points, refunded_points,
      stacking_version, for_commission, for_qualification, for_return)
    VALUES ('F' || :n, :member, 'flash_sale', 'pending', false, 10001, '[]', 0, 0, 0, 0, 990,
      repeat('0', 180), '浙江省 杭州市 西湖区', '', now(), now() + interval '1 day', 0, 0, 0, 0, :item, 0, 0,
      1, true, true, true) RETURNING id),
lines AS (
  INSERT INTO order_lines (order_id, position, sku_id, product_id, category_id, title, image, spec, virtual, quantity,
      unit_price_fen, amount_fen, discount_fen, coupon_fen, points_fen, balance_fen, withdrawable_fen, cash_fen,
      refunded_quantity, refunded_cash_fen, refunded_balance_fen, refunded_withdrawable_fen, points, refunded_points)
    SELECT id, 1, :sku, 1, 1, '商品', '/media/bench.webp', '{}', false, 1, 10001, 10001,
      9011, 0, 0, 0, 0, 990, 0, 0, 0, 0, 0, 0 FROM placed)
UPDATE flash_units SET order_id = placed.id FROM placed WHERE flash_units.id = (SELECT id FROM flash_units
  WHERE item_id = :item AND order_id IS NULL AND NOT sold ORDER BY order_id, id LIMIT 1 FOR UPDATE SKIP LOCKED);
COMMIT;
