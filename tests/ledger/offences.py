"""Wrong data planted by SQL in the books or business tables, and the name of the proof that must find it."""

LINE = "INSERT INTO ledger_lines (entry_id, account_id, member_id, code, currency, amount) "
_ENTRY = "SELECT max(id) FROM ledger_entries WHERE kind"
_ENTRIES = "SELECT id FROM ledger_entries WHERE kind"
_REFUND = "SELECT max(id) FROM refunds WHERE kind = 'order'"
_TO_ANOTHER = "UPDATE ledger_lines SET member_id = member_id + 1"
_READY = """
UPDATE qualifications SET state = 'counted', rebate_id = NULL, counted_at = created_at - interval '1 day'
  WHERE state = 'consumed';
UPDATE rebates SET state = 'reversed'; UPDATE orders SET paid_at = paid_at - interval '1 day' WHERE paid_at IS NOT NULL
"""
_EARLIER = """
UPDATE commission_versions SET published_at = published_at - interval '3 days';
UPDATE orders SET paid_at = paid_at - interval '2 days' WHERE paid_at IS NOT NULL
"""
_APPROVAL = """
INSERT INTO approvals (kind, subject, act, detail, basis, weight, allowed, asked_by, role, asked_at, key, expires_at,
    state)
  SELECT '', '', '{}', '{}', '{}', 1, 0, 'anna', 'owner', now(),
"""
_SAID = "UPDATE commissions SET explanation = jsonb_set(explanation, '{earner,month_fen}',"
_BY_MONTH = "explanation -> 'earner' ->> 'month_fen' = '10000'"
_FIRST_OF_MONTH = f"""
SELECT min(o.id) FROM orders o JOIN commissions c ON c.order_id = o.id
  WHERE c.version = (SELECT version FROM commissions WHERE {_BY_MONTH})
"""
_SECOND = "second_by IS NOT NULL"
_WORTHLESS = """
UPDATE rule_versions SET terms = jsonb_set(terms, '{payout_cap_bp}', '5000');
UPDATE rebates SET history = replace(history::text, '"points_per_fen": 1', '"points_per_fen": 0')::jsonb
"""
_NO_TOTAL = "ALTER TABLE coupon_templates DROP CONSTRAINT coupon_templates_total"
OFFENCES = [
    ("entries_balance", "UPDATE ledger_lines SET amount = amount + 1 WHERE id = (SELECT min(id) FROM ledger_lines)"),
    ("entries_balance", "DELETE FROM ledger_lines WHERE entry_id = (SELECT min(id) FROM ledger_entries)"),
    ("entries_balance", LINE + "SELECT 999999, id, member_id, code, currency, 0 FROM ledger_accounts LIMIT 1"),
    ("accounts_equal_lines", "UPDATE ledger_accounts SET balance = balance + 1 WHERE code = 'debt'"),
    ("accounts_equal_lines", "UPDATE ledger_accounts SET balance = balance - 1 WHERE code = 'sales'"),
    (
        "accounts_equal_lines",
        "DELETE FROM ledger_accounts WHERE code = 'spend_only' OR code = 'withdrawable' AND member_id > 0",
    ),
    ("accounts_equal_lines", "INSERT INTO ledger_deltas (account_id, amount) VALUES (999999, 0)"),
    (
        "accounts_equal_lines",
        "INSERT INTO ledger_deltas (account_id, amount) SELECT id, 0 FROM ledger_accounts WHERE member_id > 0 LIMIT 1",
    ),
    ("lines_fit_accounts", "UPDATE ledger_lines SET member_id = member_id + 1 WHERE code = 'debt'"),
    (
        "members_not_negative",
        (
            "ALTER TABLE ledger_accounts DROP CONSTRAINT ledger_member_not_negative;"
            " UPDATE ledger_accounts SET balance = -1 WHERE code = 'debt'"
        ),
    ),
    ("available_after", "UPDATE ledger_lines SET available_after = available_after + 1"),
    ("frozen", "UPDATE rebate_stages SET amount_fen = amount_fen + 1 WHERE state = 'frozen' AND amount_fen > 0"),
    ("frozen", "UPDATE rebates SET state = 'reversed' WHERE state = 'frozen'"),
    ("points_frozen", "UPDATE point_earnings SET state = 'frozen' WHERE state = 'settled'"),
    ("points_frozen", "UPDATE ledger_accounts SET balance = balance + 1 WHERE code = 'frozen' AND currency = 'POINT'"),
    ("points_end", "UPDATE point_credits SET settled = true"),
    ("points_end", "DELETE FROM point_credits"),
    ("order_hold", "UPDATE orders SET balance_fen = balance_fen + 1 WHERE status = 'pending'"),
    ("points_hold", "UPDATE orders SET points = points + 1 WHERE status = 'pending'"),
    ("points_spent", "UPDATE orders SET points = points + 1 WHERE paid_at IS NOT NULL"),
    ("flash_pieces", "UPDATE flash_items SET stock = stock + 1"),
    ("flash_pieces", "UPDATE flash_units SET sold = true WHERE order_id IS NOT NULL"),
    ("flash_pieces", "UPDATE flash_sales SET settled_at = ends_at"),
    ("flash_orders", "DELETE FROM flash_units WHERE order_id IS NOT NULL"),
    ("flash_limits", "UPDATE flash_tallies SET taken = taken + 1"),
    ("points_goods_taken", "UPDATE points_goods SET taken = taken + 1"),
    ("points_goods_paid", "DELETE FROM points_goods"),
    ("stock", "DELETE FROM flash_units WHERE order_id IS NULL"),
    ("wechat_cash", "UPDATE payments SET amount_fen = amount_fen + 1"),
    ("refunds_due", "UPDATE refunds SET state = 'rejected' WHERE kind = 'stray'"),
    ("paid_by_hand", "UPDATE refunds SET by_hand = true WHERE state = 'succeeded' AND cash_fen > 0"),
    ("sales", "UPDATE orders SET cash_due_fen = cash_due_fen + 1 WHERE paid_at IS NOT NULL"),
    ("order_entries", "UPDATE ledger_entries SET key = key || '?' WHERE kind = 'order_paid'"),
    ("order_entries", "UPDATE ledger_entries SET key = key || '?' WHERE kind = 'order_release'"),
    ("order_entries", "UPDATE orders SET points = points + 1 WHERE paid_at IS NOT NULL"),
    ("refund_entries", "UPDATE refunds SET points = points + 1 WHERE kind = 'order'"),
    ("order_entries", "UPDATE ledger_lines SET amount = amount * 2 WHERE code = 'order_hold'"),
    ("refund_entries", "UPDATE ledger_entries SET key = key || '?' WHERE kind = 'stray_payment'"),
    ("refund_entries", "UPDATE ledger_entries SET key = key || '?' WHERE kind = 'refund_sent'"),
    ("refund_entries", "UPDATE refunds SET withheld_fen = withheld_fen + 1 WHERE kind = 'order'"),
    ("in_flight", "UPDATE withdrawals SET state = 'cancelled' WHERE state = 'requested'"),
    ("withdrawal_entries", "UPDATE withdrawals SET state = 'failed' WHERE state = 'paid'"),
    ("withdrawal_entries", "UPDATE withdrawals SET fee_fen = 0, payout_fen = amount_fen WHERE state = 'paid'"),
    ("withdrawal_entries", "UPDATE withdrawals SET member_id = member_id + 1 WHERE state = 'rejected'"),
    ("withdrawal_entries", "UPDATE ledger_entries SET key = key || '?' WHERE kind = 'withdrawal_back'"),
    ("wechat_cash", "UPDATE withdrawals SET state = 'failed' WHERE state = 'paid'"),
    ("frozen", "UPDATE commissions SET state = 'settled' WHERE state = 'frozen'"),
    ("rebate_entries", "UPDATE ledger_lines SET amount = amount - 1 WHERE code = 'rebate_cost'"),
    ("rebate_entries", "UPDATE rebates SET granted_fen = granted_fen - 1 WHERE state = 'frozen'"),
    ("rebate_entries", "UPDATE ledger_entries SET link = 'rebate:999999' WHERE kind = 'rebate_stage'"),
    ("commissions", "UPDATE commissions SET granted_fen = granted_fen - 1"),
    ("commissions", "UPDATE commissions SET whole_fen = whole_fen + 1"),
    ("commissions", "DELETE FROM commissions WHERE state = 'frozen'"),
    ("commissions", "UPDATE commissions SET order_id = order_id + 100000"),
    ("commissions", "UPDATE orders SET referrer_id = referrer_id + 1 WHERE referrer_id IS NOT NULL"),
    ("commission_cap", "UPDATE commission_versions SET terms = jsonb_set(terms, '{commission_cap_bp}', '1999')"),
    ("commission_cap", "UPDATE commission_versions SET terms = jsonb_set(terms, '{depth}', '1')"),
    ("commission_cap", "UPDATE commissions SET version = 99"),
    ("order_amounts", "UPDATE orders SET items_fen = items_fen + 1"),
    ("order_amounts", "UPDATE orders SET discounts = '[]'"),
    ("order_amounts", "DELETE FROM order_lines WHERE position = 1"),
    ("refunds_of_orders", "UPDATE orders SET refunded_cash_fen = refunded_cash_fen - 1 WHERE refunded_cash_fen > 0"),
    ("refunds_of_orders", "UPDATE orders SET status = 'paid' WHERE status = 'refunded'"),
    (
        "refunds_of_orders",
        (
            "ALTER TABLE orders DROP CONSTRAINT orders_paid_has_time, DROP CONSTRAINT orders_status;"
            " UPDATE orders SET paid_at = NULL WHERE status = 'refunded'"
        ),
    ),
    ("order_amounts", "UPDATE order_lines SET points = points + 1"),
    ("refunds_of_lines", "UPDATE refund_lines SET points = points + 1"),
    ("refunds_of_lines", "UPDATE refund_lines SET quantity = quantity + 1"),
    ("refunds_of_lines", "UPDATE order_lines SET refunded_quantity = 0"),
    ("payments", "DELETE FROM payments WHERE outcome = 'settled'"),
    ("payments", "UPDATE orders SET transaction_id = NULL WHERE cash_due_fen > 0"),
    ("payment_refunds", "UPDATE refunds SET payment_id = NULL WHERE kind = 'stray'"),
    ("payment_refunds", "UPDATE refunds SET cash_fen = cash_fen * 100 WHERE kind = 'order'"),
    (
        "order_returned_once",
        (
            "DROP INDEX rebates_order_once; UPDATE rebates SET state = 'settled', reversed_at = NULL;"
            " UPDATE rebates SET order_id = (SELECT min(order_id) FROM rebates)"
        ),
    ),
    ("order_returned_once", "UPDATE rebates SET order_id = 999999 + id WHERE state <> 'reversed'"),
    (
        "referee_qualifies_once",
        "DROP INDEX qualifications_one_live; UPDATE qualifications SET referee_id = (SELECT min(id) FROM members)",
    ),
    ("referee_qualifies_once", "UPDATE orders SET status = 'refunded' WHERE status = 'completed'"),
    (
        "rebate_qualifications",
        (
            "UPDATE qualifications SET state = 'counted', rebate_id = NULL WHERE id ="
            " (SELECT max(id) FROM qualifications WHERE state = 'consumed')"
        ),
    ),
    ("rebate_qualifications", "UPDATE rebates SET granted_fen = granted_fen - 1 WHERE state <> 'reversed'"),
    ("rebate_qualifications", "UPDATE rebates SET state = 'reversed' WHERE state = 'frozen'"),
    ("rebate_qualifications", "UPDATE rebates SET state = 'settled' WHERE state = 'frozen'"),
    ("rebate_qualifications", "UPDATE qualifications SET referrer_id = 0"),
    ("rebate_qualifications", "UPDATE rebate_stages SET position = position + 5"),
    ("coupons", "UPDATE orders SET coupon_id = (SELECT id FROM coupons WHERE state = 'used' LIMIT 1)"),
    ("coupons", "UPDATE coupons SET order_id = order_id + 1000 WHERE state = 'used'"),
    ("coupons", "UPDATE coupons SET state = 'used' WHERE state = 'locked'"),
    ("coupons", "UPDATE coupons SET state = 'unused', order_id = NULL WHERE state = 'locked'"),
    ("coupons", "UPDATE coupons SET discount_fen = discount_fen + 1 WHERE state = 'used'"),
    ("coupons_issued", "UPDATE coupon_templates SET claimed = claimed - 1"),
    ("coupons_issued", f"{_NO_TOTAL}; UPDATE coupon_templates SET total = 1"),
    ("coupons_issued", "UPDATE coupon_issues SET issued = issued - 1"),
    ("stock", "UPDATE skus SET reserved = reserved + 1, available = available - 1 WHERE available > 0"),
    ("stock", "UPDATE skus SET sold = sold + 1, available = available - 1 WHERE available > 0"),
    ("stock", "ALTER TABLE skus DROP CONSTRAINT skus_stock; UPDATE skus SET stocked_in = stocked_in + 1"),
    ("coupons_bought", "UPDATE coupons SET taken_by = 1 WHERE order_line_id IS NOT NULL"),
    (
        "sales",
        "UPDATE coupons SET state = 'used', order_id = 0, discount_fen = 1 WHERE order_line_id IS NOT NULL",
    ),
    ("coupon_values", "UPDATE coupons SET amount_fen = amount_fen * 10 WHERE order_line_id IS NOT NULL"),
    ("coupon_values", "UPDATE coupons SET member_id = member_id + 1 WHERE order_line_id IS NOT NULL"),
    ("coupon_values", "UPDATE coupons SET state = 'void' WHERE order_line_id IS NOT NULL"),
    ("coupon_values", "DELETE FROM coupons WHERE order_line_id IS NOT NULL"),
    ("coupon_values", "UPDATE coupons SET source = 'rebate:1:stage:1' WHERE id = (SELECT max(id) FROM coupons)"),
    ("card_keys", "DELETE FROM card_keys WHERE id = (SELECT max(id) FROM card_keys WHERE order_line_id IS NULL)"),
    ("budget", "UPDATE rule_versions SET budget_used_fen = budget_used_fen + 1"),
    ("budget", "UPDATE rule_versions SET terms = terms - 'budget_fen'"),
    ("budget", "UPDATE rule_versions SET terms = jsonb_set(terms, '{budget_fen}', '1')"),
    ("teams", "UPDATE orders SET status = 'teaming' WHERE team_id IS NOT NULL AND status = 'paid'"),
    ("teams", "UPDATE orders SET status = 'paid' WHERE team_id IS NOT NULL AND status = 'refunded'"),
    ("teams", "ALTER TABLE teams DROP CONSTRAINT teams_seats; UPDATE teams SET paid = paid + 1"),
    ("group_buys", "UPDATE group_buys SET taken = taken + 1"),
    ("group_buys", "UPDATE group_buys SET stock_limit = 1"),
    ("team_rewards", "UPDATE qualifications SET state = 'counted' WHERE void_for = 'team_failed'"),
    ("team_rewards", "UPDATE orders SET team_id = NULL WHERE team_id IS NOT NULL"),
    ("outbox", "UPDATE outbox SET done_at = NULL, due_at = due_at + interval '400 days'"),
    ("outbox", "DELETE FROM outbox"),
    ("rebates_due", "UPDATE rebates SET whole_fen = whole_fen + 1"),
    (
        "rebates_due",
        "UPDATE rebates SET whole_fen = whole_fen - 1, granted_fen = granted_fen - 1 WHERE granted_fen > 1",
    ),
    ("rebates_due", "UPDATE rebates SET withdrawable = NOT withdrawable"),
    ("rebates_due", "UPDATE rebates SET pay_as = 'coupon' WHERE pay_as = 'balance'"),
    ("rebates_due", "UPDATE rebates SET history = '[]'"),
    ("rebates_due", "UPDATE rebates SET rule_version = 99"),
    ("rebates_due", "UPDATE rule_versions SET terms = jsonb_set(terms, '{ratio_bp}', '5000')"),
    ("rebates_due", "UPDATE rule_versions SET terms = jsonb_set(terms, '{required}', '2')"),
    ("rebates_due", "UPDATE rebate_stages SET amount_fen = amount_fen + 1 WHERE state = 'settled' AND position = 3"),
    ("rebates_due", "UPDATE order_lines SET refunded_cash_fen = 1 WHERE refunded_cash_fen = 0 AND cash_fen > 0"),
    ("month_caps", "UPDATE rule_versions SET terms = jsonb_set(terms, '{member_month_cap_fen}', '1')"),
    ("month_caps", "UPDATE rule_versions SET terms = jsonb_set(terms, '{max_cycles}', '0')"),
    ("rebates_due", "UPDATE rule_versions SET terms = jsonb_set(terms, '{max_cycles}', '0')"),
    ("rebates_due", "UPDATE rebates SET history = '[{}]'"),
    (
        "rebates_due",
        _WORTHLESS,
    ),
    ("commissions_due", "UPDATE commission_versions SET terms = terms - 'depth' || '{\"more\": 1}'"),
    ("commissions_due", "UPDATE commissions SET explanation = '{}'"),
    ("commission_months", f"{_SAID} '10001') WHERE {_BY_MONTH}"),
    ("commission_months", f"{_SAID} '9999') WHERE {_BY_MONTH}"),
    ("commission_months", f"{_SAID} '\"x\"') WHERE {_BY_MONTH}"),
    ("commission_months", f"UPDATE orders SET cash_due_fen = cash_due_fen - 1 WHERE id = ({_FIRST_OF_MONTH})"),
    ("commission_months", f"UPDATE orders SET paid_at = paid_at - interval '32 days' WHERE id = ({_FIRST_OF_MONTH})"),
    ("cycles_move", _READY),
    ("commissions_move", f"DELETE FROM commissions; {_EARLIER}"),
    ("friends_move", "UPDATE qualifications SET state = 'void', rebate_id = NULL, void_for = 'refund'"),
    ("commissions_due", "UPDATE commissions SET granted_fen = granted_fen - 1 WHERE state = 'frozen'"),
    ("commissions_due", "UPDATE commissions SET version = (SELECT max(version) FROM commission_versions)"),
    ("commissions_due", "UPDATE commissions SET version = 99"),
    ("commissions_due", "UPDATE commissions SET explanation = explanation - 'earner'"),
    ("commissions_due", "UPDATE orders SET paid_at = paid_at - interval '1 year'"),
    # Another's, or from nowhere.
    ("lines_owned", f"{_TO_ANOTHER} WHERE code = 'withdrawable' AND entry_id IN ({_ENTRIES} = 'refund')"),
    (
        "lines_owned",
        f"{_TO_ANOTHER} WHERE code IN ('spend_only', 'withdrawable') AND entry_id IN ({_ENTRIES} = 'order_hold')",
    ),
    ("lines_owned", "UPDATE ledger_entries SET link = 'rebate:777' WHERE kind = 'rebate_release'"),
    ("lines_owned", "UPDATE orders SET member_id = member_id + 1 WHERE status = 'completed'"),
    ("lines_owned", "UPDATE withdrawals SET member_id = member_id + 1"),
    ("lines_owned", "UPDATE ledger_entries SET link = '' WHERE kind = 'points_gift'"),
    ("sources_owned", "UPDATE ledger_accounts SET source = 'rebate:777' WHERE code = 'debt'"),
    ("sources_owned", "UPDATE rebates SET member_id = member_id + 1"),
    ("sources_owned", "DELETE FROM coupons WHERE source LIKE 'rebate:%'"),
    ("sources_owned", "DELETE FROM point_earnings"),
    ("taken_back", "UPDATE ledger_lines SET amount = amount + 99999 WHERE code = 'rebate_cost' AND amount > 0"),
    ("taken_back", "UPDATE ledger_lines SET amount = amount - 99999 WHERE code = 'sales' AND amount < 0"),
    ("taken_back", "UPDATE ledger_lines SET amount = amount * 2 WHERE code = 'in_flight' AND amount < 0"),
    (
        "reward_entries",
        f"UPDATE ledger_entries SET key = 'rebate:777:release:1' WHERE id = ({_ENTRY} = 'rebate_release')",
    ),
    ("reward_entries", "UPDATE ledger_entries SET key = key || '0' WHERE kind = 'rebate_stage'"),
    ("reward_entries", "DELETE FROM check_ins"),
    (
        "reward_entries",
        f"UPDATE ledger_lines SET amount = amount * 2 WHERE entry_id IN ({_ENTRIES} = 'commission_frozen')",
    ),
    ("reward_entries", "UPDATE point_earnings SET granted = granted + 1"),
    ("reward_entries", "UPDATE commissions SET settled_at = NULL WHERE state = 'settled'"),
    ("rebate_destinations", "UPDATE rebates SET withdrawable = NOT withdrawable WHERE pay_as = 'balance'"),
    ("rebate_destinations", "UPDATE rule_versions SET terms = jsonb_set(terms, '{withdrawable}', 'false')"),
    ("take_backs", "UPDATE refunds SET refund_no = left(refund_no, 30) || '?' WHERE kind = 'order'"),
    ("take_backs", "UPDATE rebates SET state = 'settled' WHERE state = 'reversed'"),
    ("points_by_hand", "DELETE FROM audit_log WHERE action = 'member.points'"),
    (
        "points_by_hand",
        f"UPDATE ledger_lines SET amount = amount * 9 WHERE member_id > 0 AND entry_id IN ({_ENTRIES} = 'points_gift')",
    ),
    ("point_credits", "UPDATE point_credits SET ends_at = ends_at + interval '90 years'"),
    ("point_credits", "DELETE FROM point_credits WHERE id = (SELECT min(id) FROM point_credits)"),
    ("point_credits", "UPDATE point_credits SET source = 'nothing' WHERE id = (SELECT min(id) FROM point_credits)"),
    ("growth_owned", "UPDATE growth_entries SET member_id = member_id + 1 WHERE kind <> 'correction'"),
    ("growth_owned", "UPDATE growth_entries SET operator = NULL WHERE kind = 'correction'"),
    ("levels", "DELETE FROM growth_entries WHERE kind = 'correction'"),
    ("levels", "INSERT INTO member_levels VALUES ((SELECT min(id) FROM members), 1, now())"),
    ("levels", "UPDATE level_changes SET growth = growth + 1000"),
    ("notices", "DELETE FROM payment_notices"),
    ("notices", "UPDATE payment_notices SET out_trade_no = 'T0'"),
    ("qualification_orders", "UPDATE qualifications SET referrer_id = referrer_id + 1 WHERE state = 'counted'"),
    ("qualification_orders", "UPDATE orders SET referrer_id = NULL WHERE referrer_id IS NOT NULL"),
    ("qualification_orders", "UPDATE qualifications SET paid_at = paid_at - interval '1 hour'"),
    ("qualification_orders", "UPDATE qualifications SET rule_version = 99"),
    ("rebates_due", "UPDATE rebates SET explanation = '{}'"),
    ("rebates_due", """UPDATE rebates SET explanation = '{"steps": [{"label": "", "amount_fen": 1}]}'"""),
    ("rebate_coupons", "UPDATE coupons SET amount_fen = amount_fen * 10 WHERE source LIKE 'rebate:%'"),
    ("rebate_coupons", "UPDATE coupons SET source = 'gift:1' WHERE source LIKE 'rebate:%'"),
    ("rebate_coupons", "UPDATE coupons SET threshold_fen = 1 WHERE source LIKE 'rebate:%'"),
    ("rebate_coupons", "UPDATE coupons SET expires_at = expires_at + interval '1 year' WHERE source LIKE 'rebate:%'"),
    ("rebate_coupons", "UPDATE coupons SET source = 'rebate:1:stage:1' WHERE id = (SELECT max(id) FROM coupons)"),
    ("rebate_coupons", "UPDATE coupons SET state = 'void' WHERE source LIKE 'rebate:%'"),
    ("withdrawal_approvals", "UPDATE withdrawals SET approved_by = NULL, approved_at = NULL WHERE state = 'paid'"),
    (
        "withdrawal_approvals",
        "UPDATE withdrawals SET second_by = 'anna' WHERE state = 'paid'",
    ),
    ("withdrawal_approvals", f"UPDATE withdrawals SET second_by = NULL, second_at = NULL WHERE {_SECOND}"),
    ("withdrawal_approvals", f"UPDATE withdrawals SET second_by = 'nobody' WHERE {_SECOND}"),
    (
        "withdrawal_approvals",
        f"UPDATE withdrawals SET approved_by = second_by, second_by = approved_by WHERE {_SECOND}",
    ),
    (
        "withdrawal_approvals",
        "UPDATE withdrawals SET approved_by = 'system' WHERE state = 'paid' AND second_by IS NULL",
    ),
    (
        "withdrawal_approvals",
        "UPDATE withdrawals SET approved_by = 'anna', approved_at = now() WHERE state = 'requested'",
    ),
    ("withdrawal_approvals", "UPDATE approvals SET decided_by = 'nobody'"),
    ("withdrawal_approvals", "UPDATE approvals SET key = key || '?'"),
    ("withdrawal_approvals", "UPDATE approvals SET state = 'waiting', decided_by = NULL, decided_at = NULL"),
    ("approvals", "UPDATE approvals SET asked_by = 'nobody'"),
    ("approvals", "UPDATE approvals SET state = 'rejected'"),
    ("approvals", "UPDATE approvals SET subject = 'shop'"),
    ("approvals", "DELETE FROM approvals"),
    ("approvals", f"{_APPROVAL} 'x', now(), 'waiting'"),
    ("settings", """UPDATE shop_policy SET terms = terms || '{"withdrawal_second_from_fen": 999999}'"""),
    ("settings", "UPDATE shop_policy SET terms = terms - 'withdrawal_second_from_fen'"),
    ("settings", "DELETE FROM shop_policy"),
    # What rests although it could move.
    ("orders_move", "UPDATE orders SET expires_at = expires_at - interval '3 hours' WHERE status = 'pending'"),
    (
        "orders_move",
        "UPDATE orders SET status = 'received', received_at = now() - interval '30 days' WHERE status = 'completed'",
    ),
    (
        "orders_move",
        "UPDATE orders SET status = 'pending', expires_at = created_at - interval '1 day' WHERE status = 'closed'",
    ),
    ("stages_move", "UPDATE rebate_stages SET release_at = created_at - interval '1 day' WHERE state = 'frozen'"),
    ("stages_move", "UPDATE orders SET received_at = created_at - interval '1 day' WHERE received_at IS NULL"),
    ("commissions_release", "UPDATE commissions SET release_at = created_at - interval '1 day' WHERE state = 'frozen'"),
    ("points_move", "UPDATE point_credits SET ends_at = ends_at - interval '2 years'"),
    ("points_move", "UPDATE point_earnings SET state = 'frozen' WHERE state = 'settled'"),
    (
        "refunds_move",
        "UPDATE refunds SET check_at = NULL, decided_at = decided_at - interval '1 day' WHERE state = 'approved'",
    ),
    (
        "refunds_move",
        "UPDATE refunds SET state = 'abnormal', check_at = NULL, decided_at = decided_at - interval '1 day'",
    ),
    (
        "refunds_move",
        f"UPDATE refunds SET state = 'requested', decide_by = requested_at - interval '1 day' WHERE id = ({_REFUND})",
    ),
    (
        "refunds_move",
        f"UPDATE refunds SET state = 'granting', decided_at = requested_at - interval '1 day' WHERE id = ({_REFUND})",
    ),
    ("withdrawals_move", "UPDATE withdrawals SET state = 'approved', approved_at = requested_at - interval '1 day'"),
    (
        "withdrawals_move",
        "UPDATE withdrawals SET state = 'sent', check_at = NULL, sent_at = requested_at - interval '1 day'",
    ),
    (
        "qualifications_move",
        (
            "UPDATE qualifications SET state = 'held', held_for = 'referrer_blocked',"
            " created_at = created_at - interval '1 day' WHERE state = 'counted'"
        ),
    ),
    ("qualifications_move", "UPDATE qualifications SET state = 'pending', rebate_id = NULL WHERE state = 'consumed'"),
    ("activities_move", "UPDATE teams SET state = 'open', ended_at = NULL, due_at = opened_at - interval '1 day'"),
    (
        "activities_move",
        (
            "UPDATE flash_sales SET settled_at = NULL, starts_at = starts_at - interval '9 days',"
            " ends_at = starts_at - interval '1 day';"
            " UPDATE orders SET status = 'closed' WHERE kind = 'flash_sale' AND status = 'pending'"
        ),
    ),
    (
        "withdrawal_approvals",
        f"{_APPROVAL} 'withdrawal_approve:' || withdrawal_no, now(), 'waiting' FROM withdrawals WHERE state = 'paid'",
    ),
    ("jobs_move", f"{_APPROVAL} 'x', now() - interval '9 days', 'waiting'"),
    (
        "jobs_move",
        (
            "INSERT INTO pending_bindings (member_id, share_code, how, asked_at)"
            " SELECT max(id), 'x', 'late', now() - interval '1 day' FROM members"
        ),
    ),
    ("jobs_move", "UPDATE outbox SET done_at = NULL, created_at = created_at - interval '1 day'"),
]
