-- Group buys: seats are reserved by placing, under the team's lock. What makes a state hold is checked here.

ALTER TABLE group_buys
  ADD CONSTRAINT group_buys_terms CHECK (size BETWEEN 2 AND 50 AND window_hours BETWEEN 1 AND 168 AND per_member > 0
    AND ends_at > starts_at),
  ADD CONSTRAINT group_buys_taken CHECK (taken >= 0 AND stock_limit > 0);
ALTER TABLE group_buy_skus ADD CONSTRAINT group_buy_skus_price CHECK (price_fen > 0 AND leader_fen > 0);
ALTER TABLE teams
  ADD CONSTRAINT teams_state CHECK (state IN ('open', 'full', 'succeeded', 'failed')
    AND (ended_at IS NULL) = (state IN ('open', 'full'))),
  ADD CONSTRAINT teams_seats CHECK (0 <= paid AND paid <= taken AND taken + filled <= size AND filled >= 0
    AND (state = 'full') <= (taken = size) AND (state = 'succeeded') <= (paid + filled = size)
    AND (filled = 0 OR state = 'succeeded'));
CREATE INDEX teams_closing ON teams (due_at) WHERE state IN ('open', 'full');
CREATE INDEX teams_to_join ON teams (group_buy_id, closes_at) WHERE state = 'open' AND paid > 0;
CREATE INDEX group_buys_running ON group_buys (ends_at) WHERE active;
CREATE UNIQUE INDEX orders_one_seat ON orders (team_id, member_id) WHERE team_id IS NOT NULL AND status <> 'closed';

-- Refuse the order with a reason, and what helps.
CREATE FUNCTION group_buy_refuse(p_reason text, p_more jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'promotion_refused' USING ERRCODE = 'TM422', DETAIL = jsonb_build_object('reason', p_reason) || p_more;
END $$;

-- Take a seat of a team, or open one, for an order that was just written; its pieces are counted for the activity.
-- p_take: {group_buy_id, team_id, can_open} to join, or {group_buy_id, team_no, closes_at} to open. Locks: the member where the
-- activity limits what one may buy, the team, the activity.
CREATE FUNCTION group_buy_take(p_order bigint, p_take jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_team bigint := (p_take ->> 'team_id')::bigint;
  v_order record;
  v_activity record;
  v_seat record;
  v_mine bigint;
  v_else jsonb := jsonb_build_object('can_open', p_take -> 'can_open');
BEGIN
  SELECT o.member_id, o.created_at AS at, (SELECT sum(quantity) FROM order_lines WHERE order_id = o.id) AS pieces
    INTO v_order FROM orders o WHERE o.id = p_order;
  SELECT size, per_member INTO v_activity FROM group_buys WHERE id = (p_take ->> 'group_buy_id')::bigint;
  IF v_activity.per_member IS NOT NULL THEN
    PERFORM FROM members WHERE id = v_order.member_id FOR NO KEY UPDATE;
    SELECT COALESCE(sum(l.quantity), 0) INTO v_mine FROM orders o JOIN order_lines l ON l.order_id = o.id
      WHERE o.member_id = v_order.member_id AND o.kind = 'group_buy' AND o.id <> p_order
        AND o.promotion_id = (p_take ->> 'group_buy_id')::bigint AND o.status NOT IN ('closed', 'refunded');
    IF v_mine + v_order.pieces > v_activity.per_member THEN
      PERFORM group_buy_refuse('limit', jsonb_build_object('left', GREATEST(0, v_activity.per_member - v_mine)));
    END IF;
  END IF;
  IF v_team IS NULL THEN
    INSERT INTO teams (team_no, group_buy_id, leader_id, size, state, taken, paid, filled, opened_at, closes_at, due_at)
      VALUES (p_take ->> 'team_no', (p_take ->> 'group_buy_id')::bigint, v_order.member_id, v_activity.size, 'open', 1, 0,
        0, v_order.at, (p_take ->> 'closes_at')::timestamptz, (p_take ->> 'closes_at')::timestamptz)
      RETURNING id INTO v_team;
  ELSE
    SELECT state, taken, size, closes_at INTO v_seat FROM teams WHERE id = v_team FOR NO KEY UPDATE;
    IF v_seat.state IN ('succeeded', 'failed') OR v_seat.closes_at <= v_order.at THEN
      PERFORM group_buy_refuse('team_over', v_else);
    ELSIF EXISTS (SELECT FROM orders WHERE team_id = v_team AND member_id = v_order.member_id AND status <> 'closed') THEN
      PERFORM group_buy_refuse('joined', '{}');
    ELSIF v_seat.state = 'full' THEN
      PERFORM group_buy_refuse('team_full', v_else);
    END IF;
    UPDATE teams SET taken = taken + 1, state = CASE WHEN taken + 1 = size THEN 'full' ELSE 'open' END WHERE id = v_team;
  END IF;
  UPDATE orders SET team_id = v_team WHERE id = p_order;
  UPDATE group_buys SET taken = taken + v_order.pieces WHERE id = (p_take ->> 'group_buy_id')::bigint
    AND (stock_limit IS NULL OR taken + v_order.pieces <= stock_limit);
  IF NOT FOUND THEN
    PERFORM group_buy_refuse('sold_out', '{}');
  END IF;
END $$;
