-- Take a seat in a team, or open a team, for an order that is being placed. Adds its pieces to the activity's count.
-- p_take: {group_buy_id, team_id, can_open} to join, {group_buy_id, team_no, closes_at} to open.
-- Refuses with promotion_refused (limit, team_over, joined, team_full, sold_out).
-- Locks: the member (if the activity limits what one member may buy), the team, the activity.
CREATE OR REPLACE FUNCTION group_buy_take(p_order bigint, p_take jsonb) RETURNS void LANGUAGE plpgsql AS $$
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
