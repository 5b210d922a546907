-- This runs last, because only now the first payment and the last visit of each member are known.
INSERT INTO members (id, openid, nickname, avatar_url, phone_sealed, phone_blind, share_code, referrer_id, ancestor2_id,
    ancestor3_id, bound_at, state, first_paid_at, created_at, seen_at)
  SELECT p.id, 'scale-' || md5(p.id || '-${seed}'),
    (ARRAY['爱笑的', '安静的', '奔跑的', '晒太阳的', '早起的', '爱喝茶的', '迷路的', '会做饭的', '慢悠悠的', '认真的'])
      [1 + pg_temp.dice(p.id, 61, 10)]
    || (ARRAY['小鹿', '橘猫', '豆豆', '青柠', '阿木', '团子', '海豚', '栗子', '北北', '小满'])[1 + pg_temp.dice(p.id, 62, 10)]
    || pg_temp.dice(p.id, 63, 10000),
    '', s.phone_sealed, s.phone_blind, pg_temp.code(p.id), p.p1, p.p2, p.p3,
    CASE WHEN p.p1 IS NOT NULL THEN p.created_at END, CASE WHEN p.blocked THEN 'blocked' ELSE 'active' END, o.first_paid_at,
    p.created_at, COALESCE(o.seen_at, p.created_at)
  FROM scale_people p JOIN scale_secrets s ON s.id = p.id
  LEFT JOIN scale_buyers o ON o.member_id = p.id
  WHERE p.id BETWEEN ${first} AND ${last};
INSERT INTO bindings (id, member_id, referrer_id, share_code, how, valid_from)
  SELECT id, id, p1, pg_temp.code(p1), 'login', created_at FROM scale_people
  WHERE id BETWEEN ${first} AND ${last} AND p1 IS NOT NULL;
INSERT INTO shares (id, code, member_id, kind, target, channel, disabled, created_at)
  SELECT id, pg_temp.code(id), id, 'home', '', 'friend', false, created_at FROM scale_people
  WHERE id BETWEEN ${first} AND ${last};
INSERT INTO shares (id, code, member_id, kind, target, channel, disabled, created_at)
  SELECT ${members} + p.id, pg_temp.code(${members} + p.id), p.id, 'product', g.product_id::text,
    (ARRAY['friend', 'group', 'poster', 'timeline'])[1 + p.id % 4], false, p.created_at + interval '5 minutes'
  FROM scale_people p JOIN scale_goods g ON g.n = pg_temp.dice(p.id, 64, ${skus})
  WHERE p.id BETWEEN ${first} AND ${last} AND pg_temp.dice(p.id, 65, 5) = 0;
INSERT INTO touches (share_id, visitor_id, member_id, at)
  SELECT p1, md5('visitor-' || id), id, created_at - interval '20 seconds' FROM scale_people
  WHERE id BETWEEN ${first} AND ${last} AND p1 IS NOT NULL;
INSERT INTO addresses (id, member_id, sealed, phone_blind, place_blind, province, city, district, is_default, created_at)
  SELECT s.id, s.id, s.sealed, s.sealed_phone_blind, s.place_blind, s.province, s.city, s.district, true, p.created_at
  FROM scale_secrets s JOIN scale_people p ON p.id = s.id WHERE s.id BETWEEN ${first} AND ${last};
INSERT INTO coupons (id, member_id, template_id, source, name, amount_fen, threshold_fen, state, starts_at, expires_at,
    discount_fen, created_at)
  SELECT ${orders} + p.id, p.id, t.id, 'template:' || t.id || ':member:' || p.id || ':1', t.name, t.amount_fen,
    t.threshold_fen, 'unused', p.created_at, p.created_at + interval '30 days', 0, p.created_at
  FROM scale_people p JOIN coupon_templates t ON t.slug = 'scale-50-5'
  WHERE p.id BETWEEN ${first} AND ${last} AND pg_temp.dice(p.id, 66, 4) = 0;
