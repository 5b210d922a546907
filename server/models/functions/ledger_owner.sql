-- The member who owns what an entry is about: an order, a rebate, a commission, a withdrawal, or the member itself.
-- NULL if there is no such thing. p_subject: `order:T26…`, `rebate:12`, `commission:3`, `withdrawal:W26…`, `member:8`.
CREATE OR REPLACE FUNCTION ledger_owner(p_subject text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_name CONSTANT text := split_part(p_subject, ':', 2);
BEGIN
  RETURN CASE split_part(p_subject, ':', 1)
    WHEN 'order' THEN (SELECT member_id FROM orders WHERE order_no = v_name)
    WHEN 'rebate' THEN (SELECT member_id FROM rebates WHERE id = v_name::bigint)
    WHEN 'commission' THEN (SELECT member_id FROM commissions WHERE id = v_name::bigint)
    WHEN 'withdrawal' THEN (SELECT member_id FROM withdrawals WHERE withdrawal_no = v_name)
    WHEN 'member' THEN (SELECT id FROM members WHERE id = v_name::bigint)
  END;
END $$;
