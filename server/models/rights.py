"""What the application's role may do with each table, beside reading all of them. `schema.migrate` grants it.

The tables belong to another role, the owner, so the application can neither switch triggers off nor change a table. It
cannot write what these lists do not allow, whatever statement somebody makes it run.
"""

WRITTEN_BY_FUNCTIONS = ("ledger_accounts", "ledger_deltas", "ledger_entries", "ledger_lines")
"""Only `ledger_post` and `ledger_roll_up` write the books; they run with the rights of the owner."""

ADDED_TO = (
    *(
        "audit_log",
        "audit_runs",
        "check_ins",
        "commission_versions",
        "coupon_issue_members",
        "field_keys",
        "growth_entries",
    ),
    *("level_changes", "payments", "reconciliation_differences", "reconciliations", "refund_lines", "refund_reissues"),
    *("stacking_versions", "touches"),
)
"""Records of what happened: rows are added, and never changed or deleted."""

CHANGED = (
    *("alarms", "approvals", "audit_anchor", "bindings", "card_keys", "categories", "commissions", "coupon_issues"),
    *("coupon_templates", "coupons", "flash_items", "flash_sales", "flash_tallies", "freight_templates"),
    *("group_buys", "member_levels", "members", "notice_credits", "notice_templates", "operator_sessions"),
    *("operators", "order_lines", "orders", "payment_notices", "point_credits", "point_earnings", "points_goods"),
    *("products", "qualifications", "rebate_stages", "rebates", "reconciliation_asks", "refunds", "rule_versions"),
    *("shares", "shop_policy", "skus", "teams", "withdrawals"),
)
"""Rows are added and changed, and stay for ever."""

CLEARED = (
    *("addresses", "cart_items", "exports", "flash_units", "group_buy_skus", "idempotency_keys", "levels", "outbox"),
    *("limit_uses", "pending_bindings", "return_choices", "scheduler_runs", "security_events"),
)
"""Rows are added, changed and deleted."""

_RIGHTS = (
    (WRITTEN_BY_FUNCTIONS, ()),
    (ADDED_TO, ("INSERT",)),
    (CHANGED, ("INSERT", "UPDATE")),
    (CLEARED, ("INSERT", "UPDATE", "DELETE")),
)
RIGHTS: dict[str, tuple[str, ...]] = {table: rights for tables, rights in _RIGHTS for table in tables}
"""Every table, with what the application may do beside reading."""

PROTECTED = (*WRITTEN_BY_FUNCTIONS, "audit_log", "growth_entries")
"""A process whose role could change these does not start."""
