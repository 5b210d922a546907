-- 推三返一 as rules/rebates decides it: a friend's earliest order that is not refunded qualifies. Three friends and the
-- referrer's oldest order that was not returned yet close a cycle.
ANALYZE orders (id, member_id, referrer_id, status, paid_at);
ANALYZE order_lines (order_id);
ANALYZE commissions (id, order_id);

CREATE TEMP TABLE scale_friends ON COMMIT DROP AS
SELECT DISTINCT ON (o.member_id) o.id AS order_id, o.member_id AS referee_id, o.referrer_id, o.paid_at, o.received_at,
    o.cash_due_fen - o.freight_cash_fen - o.refunded_cash_fen + o.refunded_freight_fen AS net_fen,
    m.blocked
  FROM orders o JOIN scale_people m ON m.id = o.referrer_id
  WHERE o.status IN ('paid', 'shipped', 'received', 'completed')
  ORDER BY o.member_id, o.paid_at, o.id;

CREATE TEMP TABLE scale_cycles ON COMMIT DROP AS
WITH joined AS (
  SELECT f.*, COALESCE(c.granted_fen, 0) AS commission_fen,
    (row_number() OVER (PARTITION BY f.referrer_id ORDER BY f.paid_at, f.order_id) - 1) / 3 AS turn
  FROM scale_friends f LEFT JOIN commissions c ON c.order_id = f.order_id WHERE NOT f.blocked
), full_cycles AS (
  SELECT referrer_id AS member_id, turn, array_agg(order_id ORDER BY paid_at, order_id) AS friends,
    jsonb_agg(jsonb_build_object('id', order_id, 'order_id', order_id, 'order_net_fen', net_fen, 'counted_at', paid_at,
      'gives', jsonb_build_object('commission_fen', commission_fen)) ORDER BY paid_at, order_id) AS counted,
    max(paid_at) AS full_at, sum(net_fen) AS net_fen, sum(commission_fen) AS commission_fen,
    CASE WHEN bool_and(received_at IS NOT NULL) THEN max(received_at) END AS received_at
  FROM joined GROUP BY referrer_id, turn HAVING count(*) = 3
), own AS (
  SELECT id, order_no, member_id, paid_at, received_at,
    cash_due_fen - freight_cash_fen - refunded_cash_fen + refunded_freight_fen AS net_fen,
    row_number() OVER (PARTITION BY member_id ORDER BY paid_at, id) - 1 AS turn
  FROM orders WHERE status IN ('paid', 'shipped', 'received', 'completed')
    AND member_id IN (SELECT member_id FROM full_cycles)
), closed AS (
  SELECT c.member_id, c.turn, c.friends, c.counted, o.id AS order_id, o.order_no, o.paid_at, o.net_fen, c.commission_fen,
    LEAST(o.net_fen, (c.net_fen * 5000 / 10000)::bigint - c.commission_fen::bigint) AS whole_fen,
    GREATEST(c.full_at, o.paid_at) AS closed_at,
    CASE WHEN c.received_at IS NOT NULL AND o.received_at IS NOT NULL
      THEN GREATEST(c.received_at, o.received_at) + interval '7 days' END AS release_at
  FROM full_cycles c JOIN own o ON o.member_id = c.member_id AND o.turn = c.turn)
SELECT row_number() OVER (ORDER BY closed_at, order_id) AS id, *,
  CASE WHEN release_at <= ${now} THEN GREATEST(release_at, closed_at) END AS settled_at
FROM closed WHERE whole_fen > 0;
CREATE INDEX ON scale_cycles (member_id);
ANALYZE scale_cycles;

-- The facts of each closing: the order that it returned stands for all candidates, because it was the oldest.
INSERT INTO rebates (id, member_id, order_id, rule_version, state, pay_as, withdrawable, required, whole_fen, granted_fen,
    release_at, explanation, closed_at, settled_at, history)
  SELECT id, member_id, order_id, ${rule}, CASE WHEN settled_at IS NULL THEN 'frozen' ELSE 'settled' END, 'balance', false,
    3, whole_fen, whole_fen, release_at,
    jsonb_build_object('steps', jsonb_build_array(
        jsonb_build_object('label', '订单 ' || order_no || ' 现金实付', 'amount_fen', net_fen))
      || CASE WHEN whole_fen = net_fen THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_object(
        'label', '不超过好友订单实付的 50.00%' || CASE WHEN commission_fen = 0 THEN ''
          ELSE '，减去这些订单带来的佣金 ' || pg_temp.yuan(commission_fen::bigint) || ' 元' END,
        'amount_fen', whole_fen - net_fen)) END),
    closed_at, settled_at,
    jsonb_build_array(jsonb_build_object('event', 'closed', 'facts', jsonb_build_object(
      'now', closed_at, 'counted', counted, 'open_rebate', NULL, 'chosen_order_id', NULL,
      'candidates', jsonb_build_array(jsonb_build_object('order_id', order_id, 'order_no', order_no, 'kind', 'normal',
        'paid_at', paid_at, 'lines', l.lines)),
      'live_cycles', row_number() OVER (PARTITION BY member_id ORDER BY id) - 1,
      'month_granted_fen', COALESCE(sum(whole_fen) OVER (PARTITION BY member_id,
        date_trunc('month', closed_at AT TIME ZONE 'Asia/Shanghai') ORDER BY id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0),
      'budget_used_fen', COALESCE(sum(whole_fen) OVER (ORDER BY id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))))
  FROM scale_cycles c
  JOIN (
    SELECT order_id, jsonb_agg(jsonb_build_object('product_id', product_id, 'category_id', category_id,
      'net_cash_fen', cash_fen - refunded_cash_fen)) AS lines
    FROM order_lines WHERE order_id IN (SELECT order_id FROM scale_cycles) GROUP BY order_id
  ) l USING (order_id)
  ORDER BY id;

INSERT INTO rebate_stages (id, rebate_id, position, amount_fen, state, release_at, created_at)
  SELECT (c.id - 1) * 3 + p, c.id, p, CASE WHEN p = 3 THEN c.whole_fen ELSE 0 END,
    CASE WHEN c.settled_at IS NULL THEN 'frozen' ELSE 'settled' END, c.release_at, c.closed_at
  FROM scale_cycles c CROSS JOIN generate_series(1, 3) p ORDER BY 1;

UPDATE rule_versions SET budget_used_fen = budget_used_fen + (SELECT COALESCE(sum(whole_fen), 0) FROM scale_cycles)
  WHERE version = ${rule};

INSERT INTO qualifications (id, referee_id, referrer_id, order_id, rule_version, state, held_for, paid_at, counted_at,
    rebate_id, created_at)
  SELECT f.order_id, f.referee_id, f.referrer_id, f.order_id, ${rule},
    CASE WHEN c.id IS NOT NULL THEN 'consumed' WHEN f.blocked THEN 'held' ELSE 'counted' END,
    CASE WHEN f.blocked THEN 'referrer_blocked' END, f.paid_at, CASE WHEN NOT f.blocked THEN f.paid_at END, c.id,
    f.paid_at
  FROM scale_friends f
  LEFT JOIN (SELECT id, unnest(friends) AS order_id FROM scale_cycles) c ON c.order_id = f.order_id
  ORDER BY f.order_id;

-- An order that was refunded later had qualified before. The friend's next order then took its place.
INSERT INTO qualifications (id, referee_id, referrer_id, order_id, rule_version, state, void_for, paid_at, counted_at,
    created_at)
  SELECT DISTINCT ON (o.member_id) o.id, o.member_id, o.referrer_id, o.id, ${rule}, 'void', 'refund', o.paid_at, o.paid_at,
    o.paid_at
  FROM orders o LEFT JOIN scale_friends f ON f.referee_id = o.member_id
  WHERE o.status = 'refunded' AND o.referrer_id IS NOT NULL AND (f.paid_at IS NULL OR o.paid_at < f.paid_at)
  ORDER BY o.member_id, o.paid_at, o.id;

-- Members spend what was returned: it pays the next order of members without a referrer (so nobody earned from it).
CREATE TEMP TABLE scale_spendings ON COMMIT DROP AS
SELECT DISTINCT ON (o.member_id) o.id AS order_id, o.member_id, LEAST(l.cash_fen - 100, (
    SELECT sum(whole_fen) FROM scale_cycles w WHERE w.member_id = o.member_id AND w.settled_at < o.created_at))::bigint
    AS balance_fen
  FROM orders o
  JOIN order_lines l ON l.order_id = o.id AND l.cash_fen > 200 AND l.cash_fen = o.items_fen
  JOIN (SELECT member_id, min(settled_at) AS settled_at FROM scale_cycles GROUP BY member_id) c
    ON c.member_id = o.member_id AND c.settled_at < o.created_at
  WHERE o.referrer_id IS NULL AND o.status IN ('paid', 'shipped', 'received', 'completed')
    AND o.id NOT IN (SELECT order_id FROM scale_cycles)
  ORDER BY o.member_id, o.id;

UPDATE orders o SET balance_fen = s.balance_fen, cash_due_fen = o.cash_due_fen - s.balance_fen
  FROM scale_spendings s WHERE o.id = s.order_id;
UPDATE order_lines l SET balance_fen = s.balance_fen, cash_fen = l.cash_fen - s.balance_fen
  FROM scale_spendings s WHERE l.order_id = s.order_id;
