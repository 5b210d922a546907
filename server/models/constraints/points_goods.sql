ALTER TABLE points_goods
  ADD CONSTRAINT points_goods_points CHECK (points > 0),
  ADD CONSTRAINT points_goods_price CHECK (price_fen >= 0),
  ADD CONSTRAINT points_goods_taken CHECK (taken BETWEEN 0 AND stock),
  ADD CONSTRAINT points_goods_per_member CHECK (per_member > 0);
