-- The rows that taking a seat in a team writes, in one transaction and nothing else. Each client has its own teams.
-- Values: base (first free number of this round), members, skus, first_team, each (teams of a client), seats, activity.
\set k :k + 1
\set n :base + :client_id * 1000000 + :k
\set member 1 + (:client_id * 311 + :k) % :members
\set team :first_team + :client_id * :each + :k / :seats
\set sku 1 + (2 * (:team - :first_team)) % :skus
BEGIN;
INSERT INTO idempotency_keys (member_id, path, key, body_hash, status, answer, created_at)
  VALUES (:member, '/api/orders', 'group-' || :n, repeat('0', 64), 200, repeat('{"order_no": ""}', 35), now());
WITH placed AS (
  INSERT INTO orders (order_no, member_id, kind, promotion_id, team_id, status, virtual, items_fen, discounts,
      freight_fen, freight_cash_fen, balance_fen, withdrawable_fen, cash_due_fen, address_sealed, region, remark,
      created_at, expires_at, checks, refunded_cash_fen, refunded_balance_fen, refunded_freight_fen)
    VALUES ('G' || :n, :member, 'group_buy', 1, :team, 'pending', false, 10000 + :sku, '[]', 0, 0, 0, 0, 10000 + :sku,
      repeat('0', 180), '浙江省 杭州市 西湖区', '', now(), now() + interval '1 day', 0, 0, 0, 0) RETURNING id)
INSERT INTO order_lines (order_id, position, sku_id, product_id, category_id, title, image, spec, virtual, quantity,
    unit_price_fen, amount_fen, discount_fen, coupon_fen, points_fen, balance_fen, withdrawable_fen, cash_fen,
    refunded_quantity, refunded_cash_fen, refunded_balance_fen, refunded_withdrawable_fen)
  SELECT id, 1, :sku, (:sku + 1) / 2, 1, '商品', '/media/bench.webp', '{}', false, 1, 10000 + :sku, 10000 + :sku,
    0, 0, 0, 0, 0, 10000 + :sku, 0, 0, 0, 0 FROM placed;
UPDATE teams SET taken = taken + 1 WHERE id = :team AND state = 'open';
UPDATE group_buys SET taken = taken + 1 WHERE id = (SELECT group_buy_id FROM teams WHERE id = :team);
UPDATE skus SET available = available - 1, reserved = reserved + 1 WHERE id = :sku AND available >= 1;
COMMIT;
