"""The whole schema. Made by `python -m scripts.initial_migration`; change server/models/ instead."""

from tortoise import migrations
from tortoise.migrations import operations as ops

UP = r"""
CREATE TABLE "addresses" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "member_id" BIGINT NOT NULL,
    "sealed" TEXT NOT NULL,
    "phone_blind" VARCHAR(64) NOT NULL,
    "place_blind" VARCHAR(64) NOT NULL,
    "province" VARCHAR(40) NOT NULL,
    "city" VARCHAR(40) NOT NULL,
    "district" VARCHAR(40) NOT NULL,
    "is_default" BOOL NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "idx_addresses_member__7ac588" ON "addresses" ("member_id");
COMMENT ON TABLE "addresses" IS 'Where to send. `sealed` is encrypted JSON `{name, phone, detail}`; equal values have equal blind digests.';

CREATE TABLE "alarms" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "kind" VARCHAR(30) NOT NULL,
    "subject" VARCHAR(60) NOT NULL,
    "detail" JSONB NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    "seen_at" TIMESTAMPTZ
);
COMMENT ON TABLE "alarms" IS 'Something that an operator must know: low stock, a payment that does not fit, a refund that fails at WeChat.';

CREATE TABLE "approvals" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "kind" VARCHAR(24) NOT NULL,
    "key" VARCHAR(120) NOT NULL,
    "subject" VARCHAR(80) NOT NULL,
    "act" JSONB NOT NULL,
    "detail" JSONB NOT NULL,
    "basis" JSONB NOT NULL,
    "weight" BIGINT NOT NULL,
    "allowed" BIGINT NOT NULL,
    "asked_by" VARCHAR(40) NOT NULL,
    "role" VARCHAR(12) NOT NULL,
    "asked_at" TIMESTAMPTZ NOT NULL,
    "expires_at" TIMESTAMPTZ NOT NULL,
    "state" VARCHAR(10) NOT NULL,
    "decided_by" VARCHAR(40),
    "decided_at" TIMESTAMPTZ,
    "why" VARCHAR(300)
);
CREATE INDEX "approvals_by_state" ON "approvals" ("state", "id");
CREATE INDEX "approvals_by_subject" ON "approvals" ("subject", "id");
COMMENT ON TABLE "approvals" IS 'One act that needs a second operator. It is done in the transaction that makes it `approved`.';

CREATE TABLE "audit_anchor" (
    "id" INT NOT NULL  PRIMARY KEY,
    "count" BIGINT NOT NULL,
    "head" VARCHAR(64) NOT NULL,
    "seal" VARCHAR(64) NOT NULL
);
COMMENT ON TABLE "audit_anchor" IS 'One row: the end of the chain of `audit_log`. Without it nobody would notice a deletion of the last records.';

CREATE TABLE "audit_log" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "at" TIMESTAMPTZ NOT NULL,
    "actor" VARCHAR(40) NOT NULL,
    "action" VARCHAR(40) NOT NULL,
    "subject" VARCHAR(60) NOT NULL,
    "detail" JSONB NOT NULL,
    "previous_hash" VARCHAR(64) NOT NULL,
    "hash" VARCHAR(64) NOT NULL
);
CREATE INDEX "audit_log_by_actor" ON "audit_log" ("actor", "id");
CREATE INDEX "audit_log_by_action" ON "audit_log" ("action", "id");
CREATE INDEX "audit_log_by_subject" ON "audit_log" ("subject", "id");
COMMENT ON TABLE "audit_log" IS 'What an operator did. The records form a chain: each row''s hash covers the hash of the row before.';

CREATE TABLE "audit_runs" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "at" TIMESTAMPTZ NOT NULL,
    "rested_at" TIMESTAMPTZ,
    "members" INT,
    "checked" BIGINT NOT NULL,
    "wrong" BIGINT NOT NULL,
    "entry_id" BIGINT NOT NULL,
    "xid" VARCHAR(20) NOT NULL,
    "took_ms" INT NOT NULL
);
COMMENT ON TABLE "audit_runs" IS 'The result of one audit.';

CREATE TABLE "bindings" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "member_id" BIGINT NOT NULL,
    "referrer_id" BIGINT NOT NULL,
    "share_code" VARCHAR(16),
    "how" VARCHAR(12) NOT NULL,
    "operator" VARCHAR(40),
    "reason" VARCHAR(200),
    "valid_from" TIMESTAMPTZ NOT NULL,
    "valid_to" TIMESTAMPTZ
);
CREATE INDEX "idx_bindings_member__0a2fcc" ON "bindings" ("member_id");
COMMENT ON TABLE "bindings" IS 'The history of who referred whom. The open row (`valid_to` null) is in force.';

CREATE TABLE "card_keys" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "sku_id" BIGINT NOT NULL,
    "sealed" TEXT NOT NULL,
    "blind" VARCHAR(64) NOT NULL,
    "order_line_id" BIGINT,
    "delivered_at" TIMESTAMPTZ,
    CONSTRAINT "uid_card_keys_sku_id_d48dcf" UNIQUE ("sku_id", "blind")
);
CREATE INDEX "idx_card_keys_order_l_d04e0a" ON "card_keys" ("order_line_id");
COMMENT ON TABLE "card_keys" IS 'One piece of virtual stock, encrypted. It is bound to an order line when it is delivered.';

CREATE TABLE "cart_items" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "member_id" BIGINT NOT NULL,
    "sku_id" BIGINT NOT NULL,
    "quantity" INT NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_cart_items_member__275790" UNIQUE ("member_id", "sku_id")
);
COMMENT ON TABLE "cart_items" IS 'One SKU in a member''s cart.';

CREATE TABLE "categories" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "slug" VARCHAR(40) NOT NULL UNIQUE,
    "parent_id" BIGINT,
    "name" VARCHAR(40) NOT NULL,
    "icon" VARCHAR(400) NOT NULL,
    "position" INT NOT NULL
);
COMMENT ON TABLE "categories" IS 'A node of the category tree.';

CREATE TABLE "check_ins" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "member_id" BIGINT NOT NULL,
    "day" DATE NOT NULL,
    "days" INT NOT NULL,
    "points" INT NOT NULL,
    CONSTRAINT "uid_check_ins_member__bf2628" UNIQUE ("member_id", "day")
);
COMMENT ON TABLE "check_ins" IS 'A member''s check-in on one day in Shanghai.';

CREATE TABLE "commission_versions" (
    "version" SERIAL NOT NULL PRIMARY KEY,
    "terms" JSONB NOT NULL,
    "note" VARCHAR(200) NOT NULL,
    "operator" VARCHAR(40) NOT NULL,
    "published_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "commission_versions" IS 'An immutable set of policies. The highest version is in force; an order keeps the version it was paid under.';

CREATE TABLE "commissions" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "order_id" BIGINT NOT NULL,
    "member_id" BIGINT NOT NULL,
    "level" INT NOT NULL,
    "version" INT NOT NULL,
    "state" VARCHAR(8) NOT NULL,
    "whole_fen" BIGINT NOT NULL,
    "granted_fen" BIGINT NOT NULL,
    "explanation" JSONB NOT NULL,
    "release_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL,
    "settled_at" TIMESTAMPTZ,
    "reversed_at" TIMESTAMPTZ,
    CONSTRAINT "uid_commissions_order_i_c13d62" UNIQUE ("order_id", "level")
);
CREATE INDEX "idx_commissions_member__912075" ON "commissions" ("member_id", "id");
CREATE INDEX "commissions_order" ON "commissions" ("order_id");
CREATE INDEX "commissions_by_time" ON "commissions" ("created_at", "id");
CREATE INDEX "commissions_by_state" ON "commissions" ("state", "created_at", "id");
CREATE INDEX "commissions_member_time" ON "commissions" ("member_id", "created_at", "id");
COMMENT ON TABLE "commissions" IS 'What one referrer earns from one order. One per order and level, decided when the order is paid.';

CREATE TABLE "coupon_issue_members" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "issue_id" BIGINT NOT NULL,
    "member_id" BIGINT NOT NULL,
    CONSTRAINT "uid_coupon_issu_issue_i_4877cb" UNIQUE ("issue_id", "member_id")
);
COMMENT ON TABLE "coupon_issue_members" IS 'A member on the list that an operator uploaded for a job.';

CREATE TABLE "coupon_issues" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "template_id" BIGINT NOT NULL,
    "source" VARCHAR(40) NOT NULL UNIQUE,
    "segment" VARCHAR(12) NOT NULL,
    "days" INT,
    "levels" JSONB,
    "day" DATE,
    "operator" VARCHAR(40) NOT NULL,
    "reason" VARCHAR(200) NOT NULL,
    "state" VARCHAR(8) NOT NULL DEFAULT 'running',
    "place" BIGINT NOT NULL DEFAULT 0,
    "last_id" BIGINT NOT NULL,
    "seen" INT NOT NULL DEFAULT 0,
    "members" INT NOT NULL,
    "issued" INT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ NOT NULL,
    "finished_at" TIMESTAMPTZ
);
CREATE INDEX "idx_coupon_issu_templat_5da9b9" ON "coupon_issues" ("template_id");
COMMENT ON TABLE "coupon_issues" IS 'One job that issues a template''s coupons to many members. The table is the queue; a job works in batches.';

CREATE TABLE "coupon_templates" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "slug" VARCHAR(40) NOT NULL UNIQUE,
    "name" VARCHAR(40) NOT NULL,
    "amount_fen" BIGINT NOT NULL,
    "off_bp" INT NOT NULL DEFAULT 0,
    "most_fen" BIGINT,
    "threshold_fen" BIGINT NOT NULL,
    "products" JSONB,
    "categories" JSONB,
    "valid_days" INT,
    "starts_at" TIMESTAMPTZ,
    "ends_at" TIMESTAMPTZ,
    "claim_from" TIMESTAMPTZ,
    "claim_until" TIMESTAMPTZ,
    "audience" VARCHAR(8) NOT NULL DEFAULT 'all',
    "levels" JSONB,
    "listed" BOOL NOT NULL DEFAULT TRUE,
    "birthday_gift" BOOL NOT NULL DEFAULT FALSE,
    "total" INT,
    "claimed" INT NOT NULL,
    "per_member" INT NOT NULL,
    "active" BOOL NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "coupon_templates" IS 'What a coupon is worth, who may have it, and how long it is valid.';

CREATE TABLE "coupons" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "member_id" BIGINT NOT NULL,
    "template_id" BIGINT,
    "source" VARCHAR(60) NOT NULL UNIQUE,
    "issue_id" BIGINT,
    "name" VARCHAR(40) NOT NULL,
    "amount_fen" BIGINT NOT NULL,
    "off_bp" INT NOT NULL DEFAULT 0,
    "most_fen" BIGINT,
    "threshold_fen" BIGINT NOT NULL,
    "products" JSONB,
    "categories" JSONB,
    "state" VARCHAR(8) NOT NULL,
    "starts_at" TIMESTAMPTZ NOT NULL,
    "expires_at" TIMESTAMPTZ NOT NULL,
    "order_id" BIGINT,
    "discount_fen" BIGINT NOT NULL,
    "order_line_id" BIGINT,
    "taken_by" BIGINT,
    "taken_at" TIMESTAMPTZ,
    "warned_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "idx_coupons_member__64a611" ON "coupons" ("member_id", "id");
CREATE INDEX "coupons_by_day" ON "coupons" ("created_at", "id");
CREATE INDEX "coupons_by_state" ON "coupons" ("state", "created_at", "id");
CREATE INDEX "coupons_by_template" ON "coupons" ("template_id", "created_at", "id");
COMMENT ON TABLE "coupons" IS 'One coupon of one member.';

CREATE TABLE "exports" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "operator" VARCHAR(40) NOT NULL,
    "listing" VARCHAR(30) NOT NULL,
    "asked" JSONB NOT NULL,
    "state" VARCHAR(8) NOT NULL,
    "rows_done" INT NOT NULL,
    "rows_total" INT,
    "alive_at" TIMESTAMPTZ,
    "body" BYTEA,
    "created_at" TIMESTAMPTZ NOT NULL,
    "finished_at" TIMESTAMPTZ
);
CREATE INDEX "idx_exports_operato_a2181d" ON "exports" ("operator", "id");
COMMENT ON TABLE "exports" IS 'One file, from the request until it is deleted.';

CREATE TABLE "field_keys" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "fingerprint" VARCHAR(64) NOT NULL UNIQUE
);
COMMENT ON TABLE "field_keys" IS 'A key of FIELD_KEYS that this database has been written with. The lowest id is the oldest key.';

CREATE TABLE "flash_sales" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "slug" VARCHAR(40) NOT NULL UNIQUE,
    "name" VARCHAR(40) NOT NULL,
    "starts_at" TIMESTAMPTZ NOT NULL,
    "ends_at" TIMESTAMPTZ NOT NULL,
    "stopped_at" TIMESTAMPTZ,
    "settled_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "flash_sales_window" ON "flash_sales" ("starts_at");
COMMENT ON TABLE "flash_sales" IS 'A session. It runs from `starts_at` until `ends_at` (exclusive), or until it is stopped.';

CREATE TABLE "flash_tallies" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "item_id" BIGINT NOT NULL,
    "member_id" BIGINT NOT NULL,
    "taken" INT NOT NULL,
    CONSTRAINT "uid_flash_talli_item_id_6ab42a" UNIQUE ("item_id", "member_id")
);
COMMENT ON TABLE "flash_tallies" IS 'How many pieces of an item a member''s orders hold or have bought. Refunded pieces still count.';

CREATE TABLE "freight_templates" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "slug" VARCHAR(40) NOT NULL UNIQUE,
    "name" VARCHAR(40) NOT NULL,
    "terms" JSONB NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "freight_templates" IS 'What it costs to send the products that name this template.';

CREATE TABLE "group_buys" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "slug" VARCHAR(40) NOT NULL UNIQUE,
    "title" VARCHAR(40) NOT NULL,
    "product_id" BIGINT NOT NULL,
    "size" INT NOT NULL,
    "window_hours" INT NOT NULL,
    "per_member" INT,
    "stock_limit" INT,
    "taken" INT NOT NULL,
    "virtual_fill" BOOL NOT NULL,
    "active" BOOL NOT NULL,
    "starts_at" TIMESTAMPTZ NOT NULL,
    "ends_at" TIMESTAMPTZ NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "idx_group_buys_product_f46a75" ON "group_buys" ("product_id");
COMMENT ON TABLE "group_buys" IS 'An activity. `size` members who buy within `window_hours` of the first one pay its prices.';

CREATE TABLE "growth_entries" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "member_id" BIGINT NOT NULL,
    "key" VARCHAR(60) NOT NULL UNIQUE,
    "source" VARCHAR(40) NOT NULL,
    "kind" VARCHAR(12) NOT NULL,
    "amount" BIGINT NOT NULL,
    "base_fen" BIGINT NOT NULL,
    "counts_at" TIMESTAMPTZ NOT NULL,
    "why" VARCHAR(200) NOT NULL,
    "operator" VARCHAR(40),
    "at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "idx_growth_entr_member__0724bd" ON "growth_entries" ("member_id", "counts_at");
CREATE INDEX "idx_growth_entr_member__317c41" ON "growth_entries" ("member_id", "id");
CREATE INDEX "idx_growth_entr_kind_21b2b8" ON "growth_entries" ("kind", "id");
COMMENT ON TABLE "growth_entries" IS 'Growth that was gained or taken back, once per key; a row never changes. The sum over a year counts.';

CREATE TABLE "idempotency_keys" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "member_id" BIGINT NOT NULL,
    "path" VARCHAR(120) NOT NULL,
    "key" VARCHAR(64) NOT NULL,
    "body_hash" VARCHAR(64) NOT NULL,
    "status" INT NOT NULL,
    "answer" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_idempotency_member__1a48d0" UNIQUE ("member_id", "path", "key")
);
CREATE INDEX "idx_idempotency_created_944834" ON "idempotency_keys" ("created_at");
COMMENT ON TABLE "idempotency_keys" IS 'The first 2xx answer to a call with a key, stored in the transaction of the call''s effect.';

CREATE TABLE "ledger_accounts" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "member_id" BIGINT NOT NULL,
    "code" VARCHAR(20) NOT NULL,
    "source" VARCHAR(40) NOT NULL,
    "currency" VARCHAR(5) NOT NULL,
    "debit_normal" BOOL NOT NULL,
    "balance" BIGINT NOT NULL,
    CONSTRAINT "uid_ledger_acco_member__0179cd" UNIQUE ("member_id", "code", "source", "currency")
);
CREATE INDEX "ledger_accounts_member" ON "ledger_accounts" ("member_id", "id");
CREATE INDEX "ledger_accounts_code" ON "ledger_accounts" ("code", "id");
COMMENT ON TABLE "ledger_accounts" IS 'One account. `balance` is counted on its normal side. A member''s balance never falls below zero (CHECK).';

CREATE TABLE "ledger_deltas" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "account_id" BIGINT NOT NULL,
    "amount" BIGINT NOT NULL
);
CREATE INDEX "ledger_deltas_account" ON "ledger_deltas" ("account_id");
COMMENT ON TABLE "ledger_deltas" IS 'A movement of a shop account that is not yet added to its balance. So payments do not wait for each other.';

CREATE TABLE "ledger_entries" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "key" VARCHAR(80) NOT NULL UNIQUE,
    "kind" VARCHAR(24) NOT NULL,
    "input_hash" VARCHAR(64) NOT NULL,
    "why" VARCHAR(120) NOT NULL,
    "link" VARCHAR(60) NOT NULL,
    "reverses_id" BIGINT,
    "effective_at" TIMESTAMPTZ NOT NULL,
    "posted_at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "ledger_entries_time" ON "ledger_entries" ("posted_at", "id");
CREATE INDEX "ledger_entries_kind" ON "ledger_entries" ("kind", "posted_at", "id");
CREATE INDEX "ledger_entries_link" ON "ledger_entries" ("link", "id");
COMMENT ON TABLE "ledger_entries" IS 'One immutable business event; its lines sum to zero per currency.';

CREATE TABLE "ledger_lines" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "entry_id" BIGINT NOT NULL,
    "account_id" BIGINT NOT NULL,
    "member_id" BIGINT NOT NULL,
    "code" VARCHAR(20) NOT NULL,
    "currency" VARCHAR(5) NOT NULL,
    "amount" BIGINT NOT NULL,
    "available_after" BIGINT,
    "kind" VARCHAR(24),
    "month" INT
);
CREATE INDEX "idx_ledger_line_entry_i_3a6e6f" ON "ledger_lines" ("entry_id");
CREATE INDEX "ledger_lines_account" ON "ledger_lines" ("account_id", "id");
COMMENT ON TABLE "ledger_lines" IS 'One line of an entry. `amount` is positive for credit, negative for debit.';

CREATE TABLE "level_changes" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "member_id" BIGINT NOT NULL,
    "before" INT NOT NULL,
    "after" INT NOT NULL,
    "name" VARCHAR(10) NOT NULL,
    "growth" BIGINT NOT NULL,
    "why" VARCHAR(12) NOT NULL,
    "at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "idx_level_chang_member__d7cff3" ON "level_changes" ("member_id", "id");
COMMENT ON TABLE "level_changes" IS 'One change of a member''s level.';

CREATE TABLE "levels" (
    "place" INT NOT NULL  PRIMARY KEY,
    "name" VARCHAR(10) NOT NULL,
    "growth" BIGINT NOT NULL,
    "discount_bp" INT NOT NULL,
    "points_bp" INT NOT NULL,
    "free_freight" BOOL NOT NULL,
    "commission_bonus_bp" INT NOT NULL,
    "colour" VARCHAR(7) NOT NULL,
    "icon" VARCHAR(12) NOT NULL
);
COMMENT ON TABLE "levels" IS 'One level, see rules/levels.py. Operators replace the whole set at once.';

CREATE TABLE "limit_uses" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "day" DATE NOT NULL,
    "kind" VARCHAR(24) NOT NULL,
    "role" VARCHAR(12) NOT NULL,
    "subject" VARCHAR(80) NOT NULL,
    "used" BIGINT NOT NULL,
    "peak" BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT "uid_limit_uses_day_13e710" UNIQUE ("day", "kind", "role", "subject")
);
COMMENT ON TABLE "limit_uses" IS 'What the operators of a role have done alone on one day. The row is the lock of the limit.';

CREATE TABLE "member_levels" (
    "member_id" BIGINT NOT NULL  PRIMARY KEY,
    "position" INT NOT NULL,
    "kept_until" TIMESTAMPTZ
);
COMMENT ON TABLE "member_levels" IS 'The level of a member. A member without a row has the lowest level.';

CREATE TABLE "members" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "openid" VARCHAR(64) NOT NULL UNIQUE,
    "unionid" VARCHAR(64),
    "nickname" VARCHAR(40) NOT NULL,
    "avatar_url" VARCHAR(400) NOT NULL,
    "birthday" DATE,
    "phone_sealed" TEXT,
    "phone_blind" VARCHAR(64),
    "share_code" VARCHAR(16) NOT NULL UNIQUE,
    "referrer_id" BIGINT,
    "ancestor2_id" BIGINT,
    "ancestor3_id" BIGINT,
    "bound_at" TIMESTAMPTZ,
    "state" VARCHAR(8) NOT NULL,
    "first_paid_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL,
    "seen_at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "idx_members_phone_b_14eaae" ON "members" ("phone_blind");
CREATE INDEX "idx_members_referre_ea9cf7" ON "members" ("referrer_id", "id");
CREATE INDEX "idx_members_ancesto_c4475a" ON "members" ("ancestor2_id", "id");
CREATE INDEX "idx_members_ancesto_979154" ON "members" ("ancestor3_id", "id");
CREATE INDEX "members_by_time" ON "members" ("created_at", "id");
COMMENT ON TABLE "members" IS 'A person, known by WeChat''s openid. The three ancestors are columns, so one row read gives the whole chain.';

CREATE TABLE "notice_credits" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "member_id" BIGINT NOT NULL,
    "template" VARCHAR(24) NOT NULL,
    "credits" INT NOT NULL,
    CONSTRAINT "uid_notice_cred_member__0a4618" UNIQUE ("member_id", "template")
);
COMMENT ON TABLE "notice_credits" IS 'How many more messages of a template a member has allowed.';

CREATE TABLE "notice_templates" (
    "key" VARCHAR(24) NOT NULL  PRIMARY KEY,
    "template_id" VARCHAR(64) NOT NULL,
    "title" VARCHAR(40) NOT NULL,
    "page" VARCHAR(200) NOT NULL,
    "fields" JSONB NOT NULL
);
COMMENT ON TABLE "notice_templates" IS 'A subscription-message template of the mini program, under a key of our own.';

CREATE TABLE "operators" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "name" VARCHAR(40) NOT NULL UNIQUE,
    "role" VARCHAR(12) NOT NULL,
    "password_hash" VARCHAR(200) NOT NULL,
    "must_change" BOOL NOT NULL,
    "totp_sealed" TEXT,
    "totp_step" BIGINT NOT NULL,
    "state" VARCHAR(8) NOT NULL,
    "failures" INT NOT NULL,
    "locked_until" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL,
    "seen_at" TIMESTAMPTZ
);
COMMENT ON TABLE "operators" IS 'A panel account.';

CREATE TABLE "orders" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "order_no" VARCHAR(32) NOT NULL UNIQUE,
    "member_id" BIGINT NOT NULL,
    "kind" VARCHAR(12) NOT NULL,
    "promotion_id" BIGINT,
    "team_id" BIGINT,
    "stacking_version" INT NOT NULL DEFAULT 0,
    "for_commission" BOOL NOT NULL DEFAULT TRUE,
    "for_qualification" BOOL NOT NULL DEFAULT TRUE,
    "for_return" BOOL NOT NULL DEFAULT TRUE,
    "points" BIGINT NOT NULL DEFAULT 0,
    "refunded_points" BIGINT NOT NULL DEFAULT 0,
    "status" VARCHAR(12) NOT NULL,
    "virtual" BOOL NOT NULL,
    "items_fen" BIGINT NOT NULL,
    "discounts" JSONB NOT NULL,
    "coupon_id" BIGINT,
    "freight_fen" BIGINT NOT NULL,
    "freight_cash_fen" BIGINT NOT NULL,
    "balance_fen" BIGINT NOT NULL,
    "withdrawable_fen" BIGINT NOT NULL,
    "cash_due_fen" BIGINT NOT NULL,
    "address_sealed" TEXT,
    "region" VARCHAR(130) NOT NULL,
    "remark" VARCHAR(200) NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "expires_at" TIMESTAMPTZ NOT NULL,
    "prepay_started_at" TIMESTAMPTZ,
    "prepay_id" VARCHAR(64),
    "prepay_at" TIMESTAMPTZ,
    "check_at" TIMESTAMPTZ,
    "checks" INT NOT NULL,
    "paid_at" TIMESTAMPTZ,
    "transaction_id" VARCHAR(40),
    "rule_version" INT,
    "referrer_id" BIGINT,
    "ancestor2_id" BIGINT,
    "ancestor3_id" BIGINT,
    "shipped_at" TIMESTAMPTZ,
    "shipped_by" VARCHAR(8),
    "company" VARCHAR(40),
    "tracking_no" VARCHAR(60),
    "shipping_corrected_at" TIMESTAMPTZ,
    "received_at" TIMESTAMPTZ,
    "completed_at" TIMESTAMPTZ,
    "close_at" TIMESTAMPTZ,
    "closed_at" TIMESTAMPTZ,
    "close_reason" VARCHAR(20),
    "refunded_at" TIMESTAMPTZ,
    "refunded_cash_fen" BIGINT NOT NULL,
    "refunded_balance_fen" BIGINT NOT NULL,
    "refunded_freight_fen" BIGINT NOT NULL
);
CREATE INDEX "idx_orders_member__54da2d" ON "orders" ("member_id", "id");
CREATE INDEX "orders_by_time" ON "orders" ("created_at", "id");
CREATE INDEX "orders_by_status" ON "orders" ("status", "created_at", "id");
COMMENT ON TABLE "orders" IS 'items − discounts + freight − balance = cash due. `status` changes only as rules/orders.py allows.';

CREATE TABLE "outbox" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "job" VARCHAR(40) NOT NULL,
    "args" JSONB NOT NULL,
    "due_at" TIMESTAMPTZ NOT NULL,
    "attempts" INT NOT NULL,
    "last_error" VARCHAR(300),
    "created_at" TIMESTAMPTZ NOT NULL,
    "done_at" TIMESTAMPTZ
);
COMMENT ON TABLE "outbox" IS 'One job, written in the transaction that causes it. It is done when its effect is committed, not when queued.';

CREATE TABLE "payment_notices" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "digest" VARCHAR(64) NOT NULL UNIQUE,
    "source" VARCHAR(8) NOT NULL,
    "out_trade_no" VARCHAR(32) NOT NULL,
    "transaction_id" VARCHAR(40) NOT NULL,
    "amount_fen" BIGINT NOT NULL,
    "outcome" VARCHAR(16) NOT NULL,
    "mismatch" VARCHAR(40),
    "at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "idx_payment_not_out_tra_1250f1" ON "payment_notices" ("out_trade_no");
COMMENT ON TABLE "payment_notices" IS 'The inbox: what WeChat said about a payment, once per content, stored in the transaction that acts on it.';

CREATE TABLE "payments" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "transaction_id" VARCHAR(40) NOT NULL UNIQUE,
    "order_id" BIGINT NOT NULL,
    "amount_fen" BIGINT NOT NULL,
    "outcome" VARCHAR(12) NOT NULL,
    "paid_at" TIMESTAMPTZ NOT NULL,
    "recorded_at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "idx_payments_order_i_b4a5f9" ON "payments" ("order_id");
CREATE INDEX "payments_by_time" ON "payments" ("paid_at");
COMMENT ON TABLE "payments" IS 'One successful WeChat transaction for an order of ours, whatever its outcome.';

CREATE TABLE "pending_bindings" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "member_id" BIGINT NOT NULL,
    "share_code" VARCHAR(16) NOT NULL,
    "how" VARCHAR(12) NOT NULL,
    "asked_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_pending_bin_member__84f50c" UNIQUE ("member_id", "share_code")
);
COMMENT ON TABLE "pending_bindings" IS 'A binding that was asked for while a payment of the member''s was open. It is decided when that payment ends.';

CREATE TABLE "point_credits" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "member_id" BIGINT NOT NULL,
    "source" VARCHAR(80) NOT NULL UNIQUE,
    "points" BIGINT NOT NULL,
    "ends_at" TIMESTAMPTZ NOT NULL,
    "settled" BOOL NOT NULL,
    "told" BOOL NOT NULL
);
CREATE INDEX "idx_point_credi_member__dfa88b" ON "point_credits" ("member_id", "ends_at");
COMMENT ON TABLE "point_credits" IS 'Points that became available, with their expiry. Spending uses the credit first that expires first.';

CREATE TABLE "point_earnings" (
    "order_id" BIGINT NOT NULL  PRIMARY KEY,
    "member_id" BIGINT NOT NULL,
    "base_fen" BIGINT NOT NULL,
    "granted" BIGINT NOT NULL,
    "remaining" BIGINT NOT NULL,
    "state" VARCHAR(8) NOT NULL,
    "release_at" TIMESTAMPTZ NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "point_earnings" IS 'What an order earned for its buyer at receipt.';

CREATE TABLE "points_goods" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "slug" VARCHAR(40) NOT NULL UNIQUE,
    "sku_id" BIGINT NOT NULL,
    "points" BIGINT NOT NULL,
    "price_fen" BIGINT NOT NULL,
    "stock" INT NOT NULL,
    "taken" INT NOT NULL,
    "per_member" INT,
    "active" BOOL NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "points_goods_sku" ON "points_goods" ("sku_id");
COMMENT ON TABLE "points_goods" IS 'A SKU for points, or for points and cash. Its orders take pieces from the SKU and count against `stock`.';

CREATE TABLE "rebates" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "member_id" BIGINT NOT NULL,
    "order_id" BIGINT NOT NULL,
    "rule_version" INT NOT NULL,
    "state" VARCHAR(8) NOT NULL,
    "pay_as" VARCHAR(8) NOT NULL,
    "withdrawable" BOOL NOT NULL,
    "required" INT NOT NULL,
    "whole_fen" BIGINT NOT NULL,
    "granted_fen" BIGINT NOT NULL,
    "release_at" TIMESTAMPTZ,
    "explanation" JSONB NOT NULL,
    "history" JSONB NOT NULL,
    "closed_at" TIMESTAMPTZ NOT NULL,
    "settled_at" TIMESTAMPTZ,
    "reversed_at" TIMESTAMPTZ,
    "reversed_for" VARCHAR(40)
);
CREATE INDEX "idx_rebates_member__154a8e" ON "rebates" ("member_id", "id");
CREATE INDEX "rebates_by_time" ON "rebates" ("closed_at", "id");
CREATE INDEX "rebates_by_state" ON "rebates" ("state", "closed_at", "id");
COMMENT ON TABLE "rebates" IS 'The return of one earlier order of a member. An order has at most one live rebate (a partial unique index).';

CREATE TABLE "reconciliation_asks" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "day" DATE NOT NULL,
    "operator" VARCHAR(40) NOT NULL,
    "state" VARCHAR(8) NOT NULL,
    "lines_done" INT NOT NULL,
    "run_id" BIGINT,
    "problem" VARCHAR(200),
    "alive_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL,
    "finished_at" TIMESTAMPTZ
);
COMMENT ON TABLE "reconciliation_asks" IS 'A day that an operator asked to compare, from the request to the result.';

CREATE TABLE "reconciliations" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "day" DATE NOT NULL,
    "operator" VARCHAR(40) NOT NULL,
    "state" VARCHAR(12) NOT NULL,
    "sums" JSONB NOT NULL,
    "problem" VARCHAR(200),
    "started_at" TIMESTAMPTZ NOT NULL,
    "finished_at" TIMESTAMPTZ
);
CREATE INDEX "idx_reconciliat_day_e48fad" ON "reconciliations" ("day", "id");
COMMENT ON TABLE "reconciliations" IS 'One run for one day. Only the newest run of a day counts.';

CREATE TABLE "refunds" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "refund_no" VARCHAR(32) NOT NULL UNIQUE,
    "order_id" BIGINT NOT NULL,
    "member_id" BIGINT NOT NULL,
    "payment_id" BIGINT,
    "kind" VARCHAR(8) NOT NULL,
    "state" VARCHAR(12) NOT NULL,
    "holds" BOOL NOT NULL DEFAULT FALSE,
    "decide_by" TIMESTAMPTZ,
    "held_by" BIGINT,
    "reason" VARCHAR(80) NOT NULL,
    "whole" BOOL NOT NULL,
    "cash_fen" BIGINT NOT NULL,
    "freight_fen" BIGINT NOT NULL,
    "balance_fen" BIGINT NOT NULL,
    "withdrawable_fen" BIGINT NOT NULL,
    "withheld_fen" BIGINT NOT NULL,
    "points" BIGINT NOT NULL DEFAULT 0,
    "requested_at" TIMESTAMPTZ NOT NULL,
    "decided_at" TIMESTAMPTZ,
    "decided_by" VARCHAR(40),
    "finished_at" TIMESTAMPTZ,
    "wechat_refund_id" VARCHAR(40),
    "issue_no" VARCHAR(32)  UNIQUE,
    "issued_at" TIMESTAMPTZ,
    "by_hand" BOOL NOT NULL DEFAULT FALSE,
    "check_at" TIMESTAMPTZ,
    "problem" VARCHAR(200),
    "answer" VARCHAR(200),
    "return_to" VARCHAR(200),
    "return_by" TIMESTAMPTZ,
    "return_company" VARCHAR(40),
    "return_tracking_no" VARCHAR(60),
    "restocked_at" TIMESTAMPTZ
);
CREATE INDEX "idx_refunds_order_i_83dc7c" ON "refunds" ("order_id");
CREATE INDEX "refunds_by_state" ON "refunds" ("state", "id");
COMMENT ON TABLE "refunds" IS 'One refund of an order, or of a stray payment (paid after the order was closed, or paid twice).';

CREATE TABLE "return_choices" (
    "member_id" BIGINT NOT NULL  PRIMARY KEY,
    "order_id" BIGINT NOT NULL,
    "chosen_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "return_choices" IS 'The order that a member wants to have returned, if the rule says `member_chooses`.';

CREATE TABLE "rule_versions" (
    "version" SERIAL NOT NULL PRIMARY KEY,
    "terms" JSONB NOT NULL,
    "note" VARCHAR(200) NOT NULL,
    "operator" VARCHAR(40) NOT NULL,
    "budget_used_fen" BIGINT NOT NULL,
    "published_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "rule_versions" IS 'An immutable rebate rule. The highest version is in force.';

CREATE TABLE "scheduler_runs" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "started_at" TIMESTAMPTZ NOT NULL,
    "beat_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "scheduler_runs" IS 'A time in which the scheduler ran without a gap, see rules/running.py.';

CREATE TABLE "security_events" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "at" TIMESTAMPTZ NOT NULL,
    "kind" VARCHAR(30) NOT NULL,
    "reason" VARCHAR(60) NOT NULL,
    "remote_ip" VARCHAR(45) NOT NULL
);
COMMENT ON TABLE "security_events" IS 'A callback whose signature or content was not accepted. A job deletes old rows.';

CREATE TABLE "shares" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "code" VARCHAR(16) NOT NULL UNIQUE,
    "member_id" BIGINT NOT NULL,
    "kind" VARCHAR(12) NOT NULL,
    "target" VARCHAR(32) NOT NULL,
    "channel" VARCHAR(12) NOT NULL,
    "disabled" BOOL NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_shares_member__aead69" UNIQUE ("member_id", "kind", "target", "channel")
);
COMMENT ON TABLE "shares" IS 'One share card, link or poster of a member. The code is what other people open.';

CREATE TABLE "shop_policy" (
    "id" INT NOT NULL  PRIMARY KEY,
    "terms" JSONB NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "shop_policy" IS 'The shop''s own settings, one row: freight, periods, limits (see rules/shop.py).';

CREATE TABLE "stacking_versions" (
    "version" SERIAL NOT NULL PRIMARY KEY,
    "matrix" JSONB NOT NULL,
    "note" VARCHAR(200) NOT NULL,
    "operator" VARCHAR(40) NOT NULL,
    "published_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "stacking_versions" IS 'An immutable stacking matrix. The highest version is in force; an order keeps the version it was placed under.';

CREATE TABLE "touches" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "share_id" BIGINT NOT NULL,
    "visitor_id" VARCHAR(64) NOT NULL,
    "scene" VARCHAR(32),
    "group_id" VARCHAR(64),
    "member_id" BIGINT,
    "at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "idx_touches_share_i_b1ad56" ON "touches" ("share_id");
CREATE INDEX "idx_touches_visitor_7a66d8" ON "touches" ("visitor_id", "at");
COMMENT ON TABLE "touches" IS 'Someone opened a share, perhaps before having an account.';

CREATE TABLE "withdrawals" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "withdrawal_no" VARCHAR(32) NOT NULL UNIQUE,
    "member_id" BIGINT NOT NULL,
    "amount_fen" BIGINT NOT NULL,
    "fee_fen" BIGINT NOT NULL,
    "tax_fen" BIGINT NOT NULL,
    "payout_fen" BIGINT NOT NULL,
    "state" VARCHAR(12) NOT NULL,
    "real_name_sealed" TEXT,
    "requested_at" TIMESTAMPTZ NOT NULL,
    "approved_by" VARCHAR(40),
    "approved_at" TIMESTAMPTZ,
    "second_by" VARCHAR(40),
    "second_at" TIMESTAMPTZ,
    "sent_at" TIMESTAMPTZ,
    "confirming_at" TIMESTAMPTZ,
    "package_info" VARCHAR(500),
    "wechat_bill_no" VARCHAR(64),
    "cancelled_by" VARCHAR(40),
    "finished_at" TIMESTAMPTZ,
    "why" VARCHAR(200),
    "check_at" TIMESTAMPTZ,
    "checks" INT NOT NULL,
    "absent_at" TIMESTAMPTZ
);
CREATE INDEX "idx_withdrawals_member__ba8f8e" ON "withdrawals" ("member_id", "id");
CREATE INDEX "withdrawals_by_state" ON "withdrawals" ("state", "id");
COMMENT ON TABLE "withdrawals" IS 'One withdrawal. amount = fee + tax + payout. `state` changes only as rules/withdrawals.py allows.';

CREATE TABLE "flash_items" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "sku_id" BIGINT NOT NULL,
    "price_fen" BIGINT NOT NULL,
    "stock" INT NOT NULL,
    "returned" INT NOT NULL,
    "per_member" INT NOT NULL,
    "sale_id" BIGINT NOT NULL REFERENCES "flash_sales" ("id") ON DELETE RESTRICT,
    CONSTRAINT "uid_flash_items_sale_id_89d7ce" UNIQUE ("sale_id", "sku_id")
);
CREATE INDEX "flash_items_sku" ON "flash_items" ("sku_id");
COMMENT ON TABLE "flash_items" IS 'A SKU of a session. `stock` = free + held + sold + `returned` pieces.';

CREATE TABLE "group_buy_skus" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "sku_id" BIGINT NOT NULL,
    "price_fen" BIGINT NOT NULL,
    "leader_fen" BIGINT,
    "group_buy_id" BIGINT NOT NULL REFERENCES "group_buys" ("id") ON DELETE RESTRICT,
    CONSTRAINT "uid_group_buy_s_group_b_1d4785" UNIQUE ("group_buy_id", "sku_id")
);
COMMENT ON TABLE "group_buy_skus" IS 'The prices of one SKU in an activity; `leader_fen`, if it differs, is for the member who opens the team.';

CREATE TABLE "operator_sessions" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "csrf" VARCHAR(64) NOT NULL,
    "ip" VARCHAR(45) NOT NULL,
    "agent" VARCHAR(200) NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "seen_at" TIMESTAMPTZ NOT NULL,
    "revoked_at" TIMESTAMPTZ,
    "operator_id" BIGINT NOT NULL REFERENCES "operators" ("id") ON DELETE RESTRICT
);
CREATE INDEX "operator_sessions_operator" ON "operator_sessions" ("operator_id", "id");
COMMENT ON TABLE "operator_sessions" IS 'One device of an operator. The token of the cookie is stored as a hash.';

CREATE TABLE "order_lines" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "position" INT NOT NULL,
    "sku_id" BIGINT NOT NULL,
    "product_id" BIGINT NOT NULL,
    "category_id" BIGINT NOT NULL,
    "title" VARCHAR(80) NOT NULL,
    "image" VARCHAR(400) NOT NULL,
    "spec" TEXT NOT NULL,
    "virtual" BOOL NOT NULL,
    "quantity" INT NOT NULL,
    "unit_price_fen" BIGINT NOT NULL,
    "promotion_fen" BIGINT,
    "amount_fen" BIGINT NOT NULL,
    "discount_fen" BIGINT NOT NULL,
    "coupon_fen" BIGINT NOT NULL,
    "points_fen" BIGINT NOT NULL,
    "points" BIGINT NOT NULL DEFAULT 0,
    "refunded_points" BIGINT NOT NULL DEFAULT 0,
    "balance_fen" BIGINT NOT NULL,
    "withdrawable_fen" BIGINT NOT NULL,
    "cash_fen" BIGINT NOT NULL,
    "refunded_quantity" INT NOT NULL,
    "refunded_cash_fen" BIGINT NOT NULL,
    "refunded_balance_fen" BIGINT NOT NULL,
    "refunded_withdrawable_fen" BIGINT NOT NULL,
    "order_id" BIGINT NOT NULL REFERENCES "orders" ("id") ON DELETE RESTRICT
);
CREATE INDEX "order_lines_order" ON "order_lines" ("order_id");
COMMENT ON TABLE "order_lines" IS 'One SKU of an order with its shares of discount, coupon, points, balance and cash, without freight.';

CREATE TABLE "products" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "slug" VARCHAR(60) NOT NULL UNIQUE,
    "category_id" BIGINT NOT NULL,
    "kind" VARCHAR(8) NOT NULL,
    "title" VARCHAR(80) NOT NULL,
    "subtitle" VARCHAR(120) NOT NULL,
    "images" JSONB NOT NULL,
    "detail" TEXT NOT NULL,
    "on_sale" BOOL NOT NULL,
    "on_from" TIMESTAMPTZ,
    "off_from" TIMESTAMPTZ,
    "limit_each" INT,
    "exchange_only" BOOL NOT NULL DEFAULT FALSE,
    "min_level" INT,
    "min_price_fen" BIGINT NOT NULL,
    "max_price_fen" BIGINT NOT NULL,
    "sold_count" BIGINT NOT NULL,
    "words" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "coupon_template_id" BIGINT REFERENCES "coupon_templates" ("id") ON DELETE RESTRICT,
    "freight_template_id" BIGINT REFERENCES "freight_templates" ("id") ON DELETE RESTRICT
);
COMMENT ON TABLE "products" IS 'Something for sale. Its SKUs hold prices and stock; the price range here is for lists and sorting.';

CREATE TABLE "qualifications" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "referee_id" BIGINT NOT NULL,
    "referrer_id" BIGINT NOT NULL,
    "order_id" BIGINT NOT NULL,
    "rule_version" INT NOT NULL,
    "state" VARCHAR(8) NOT NULL,
    "held_for" VARCHAR(20),
    "void_for" VARCHAR(20),
    "paid_at" TIMESTAMPTZ NOT NULL,
    "counted_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL,
    "rebate_id" BIGINT REFERENCES "rebates" ("id") ON DELETE RESTRICT
);
CREATE INDEX "idx_qualificati_referee_9b4f7b" ON "qualifications" ("referee_id");
CREATE INDEX "idx_qualificati_order_i_a9417f" ON "qualifications" ("order_id");
CREATE INDEX "idx_qualificati_referre_1d755a" ON "qualifications" ("referrer_id", "state", "paid_at");
CREATE INDEX "qualifications_by_time" ON "qualifications" ("created_at", "id");
CREATE INDEX "qualifications_by_state" ON "qualifications" ("state", "created_at", "id");
COMMENT ON TABLE "qualifications" IS 'One referee''s first order that counts. A referee has at most one that is not void (a partial unique index).';

CREATE TABLE "rebate_stages" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "position" INT NOT NULL,
    "amount_fen" BIGINT NOT NULL,
    "state" VARCHAR(8) NOT NULL,
    "release_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL,
    "rebate_id" BIGINT NOT NULL REFERENCES "rebates" ("id") ON DELETE RESTRICT
);
CREATE INDEX "rebate_stages_rebate" ON "rebate_stages" ("rebate_id");
COMMENT ON TABLE "rebate_stages" IS 'The part of a rebate that one qualification brought.';

CREATE TABLE "reconciliation_differences" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "bill" VARCHAR(8) NOT NULL,
    "kind" VARCHAR(12) NOT NULL,
    "subject" VARCHAR(64) NOT NULL,
    "ours" JSONB,
    "theirs" JSONB,
    "run_id" BIGINT NOT NULL REFERENCES "reconciliations" ("id") ON DELETE RESTRICT
);
CREATE INDEX "differences_run" ON "reconciliation_differences" ("run_id");
COMMENT ON TABLE "reconciliation_differences" IS 'One point on which WeChat''s bill and our books differ.';

CREATE TABLE "refund_lines" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "order_line_id" BIGINT NOT NULL,
    "quantity" INT NOT NULL,
    "cash_fen" BIGINT NOT NULL,
    "balance_fen" BIGINT NOT NULL,
    "withdrawable_fen" BIGINT NOT NULL,
    "points" BIGINT NOT NULL DEFAULT 0,
    "refund_id" BIGINT NOT NULL REFERENCES "refunds" ("id") ON DELETE RESTRICT
);
CREATE INDEX "refund_lines_refund" ON "refund_lines" ("refund_id");
CREATE INDEX "refund_lines_line" ON "refund_lines" ("order_line_id");
COMMENT ON TABLE "refund_lines" IS 'The part of an order line that a refund gives back.';

CREATE TABLE "refund_reissues" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "way" VARCHAR(5) NOT NULL,
    "number" VARCHAR(64) NOT NULL,
    "ended" VARCHAR(8) NOT NULL,
    "before_no" VARCHAR(32) NOT NULL,
    "before_at" TIMESTAMPTZ NOT NULL,
    "before_wechat_id" VARCHAR(40) NOT NULL,
    "by" VARCHAR(40) NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    "refund_id" BIGINT NOT NULL REFERENCES "refunds" ("id") ON DELETE RESTRICT
);
CREATE INDEX "refund_reissues_refund" ON "refund_reissues" ("refund_id");
COMMENT ON TABLE "refund_reissues" IS 'A refund that WeChat could not make, and what an operator did about it.';

CREATE TABLE "teams" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "team_no" VARCHAR(32) NOT NULL UNIQUE,
    "leader_id" BIGINT NOT NULL,
    "size" INT NOT NULL,
    "state" VARCHAR(10) NOT NULL,
    "taken" INT NOT NULL,
    "paid" INT NOT NULL,
    "filled" INT NOT NULL,
    "opened_at" TIMESTAMPTZ NOT NULL,
    "closes_at" TIMESTAMPTZ NOT NULL,
    "due_at" TIMESTAMPTZ NOT NULL,
    "ended_at" TIMESTAMPTZ,
    "group_buy_id" BIGINT NOT NULL REFERENCES "group_buys" ("id") ON DELETE RESTRICT
);
CREATE INDEX "idx_teams_group_b_4f6762" ON "teams" ("group_buy_id", "id");
COMMENT ON TABLE "teams" IS 'Members who buy together. Each order that is not closed has a seat; `taken` and `paid` count the seats.';

CREATE TABLE "flash_units" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "order_id" BIGINT,
    "sold" BOOL NOT NULL,
    "item_id" BIGINT NOT NULL REFERENCES "flash_items" ("id") ON DELETE RESTRICT
);
COMMENT ON TABLE "flash_units" IS 'One piece, reserved from its SKU: free, held by an unpaid order, or sold. A piece that went back has no row.';

CREATE TABLE "skus" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "code" VARCHAR(60) NOT NULL UNIQUE,
    "spec" TEXT NOT NULL,
    "price_fen" BIGINT NOT NULL,
    "market_price_fen" BIGINT,
    "stocked_in" BIGINT NOT NULL,
    "available" BIGINT NOT NULL,
    "reserved" BIGINT NOT NULL,
    "sold" BIGINT NOT NULL,
    "alert_at" INT NOT NULL,
    "alerted" BOOL NOT NULL,
    "on_sale" BOOL NOT NULL,
    "position" INT NOT NULL,
    "weight_g" INT NOT NULL DEFAULT 0,
    "product_id" BIGINT NOT NULL REFERENCES "products" ("id") ON DELETE RESTRICT
);
CREATE INDEX "skus_product" ON "skus" ("product_id", "position", "id");
COMMENT ON TABLE "skus" IS 'One variant that can be bought. The database checks that `stocked_in = available + reserved + sold`.';

-- functions/audit_log_refuse_edit.sql

-- The audit log is append-only: rows are added, but never changed or deleted.
CREATE OR REPLACE FUNCTION audit_log_refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only: %', TG_OP USING ERRCODE = 'TML04';
END $$;

CREATE OR REPLACE TRIGGER audit_log_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse_edit();

-- functions/chain_at.sql

-- The referrer of a member and the two members above, as they were at a time: an array of three, with NULLs at its end.
-- Three lookups are cheaper than one join, because most members have no second member above.
CREATE OR REPLACE FUNCTION chain_at(p_member bigint, p_at timestamptz) RETURNS bigint[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_chain bigint[] := ARRAY[NULL, NULL, NULL]::bigint[];
  v_above bigint := p_member;
BEGIN
  FOR i IN 1..3 LOOP
    SELECT referrer_id INTO v_above FROM bindings
      WHERE member_id = v_above AND valid_from <= p_at AND (valid_to IS NULL OR valid_to > p_at);
    EXIT WHEN v_above IS NULL;
    v_chain[i] := v_above;
  END LOOP;
  RETURN v_chain;
END $$;

-- functions/flash_sale_take.sql

-- Claim the pieces of an order that is being placed. p_take: {"item": id, "n": pieces, "price_fen": the price that
-- the buyer saw}.
-- Refuses with promotion_refused (over, not_started, price_changed, limit, sold_out). While unpaid orders of other
-- buyers hold the last pieces, it refuses with promotion_queued.
-- Locks: the row of (item, member) in flash_tallies, so that the orders of one member wait for each other. Different
-- members do not wait for each other, because each skips the pieces that another is claiming.
-- ORDER BY order_id, id is the order of the index flash_units_open. Without it the planner reads the whole table if
-- many rows seem to fit: 33 ms instead of 0.08 ms with 200 000 pieces of other items.
CREATE OR REPLACE FUNCTION flash_sale_take(p_order bigint, p_take jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_item bigint := (p_take ->> 'item')::bigint;
  v_n integer := (p_take ->> 'n')::integer;
  v_seen record;
  v_claimed integer;
BEGIN
  SELECT o.member_id, i.per_member, CASE
      WHEN o.created_at >= LEAST(s.ends_at, s.stopped_at) THEN '{"reason": "over"}'
      WHEN o.created_at < s.starts_at THEN jsonb_build_object('reason', 'not_started', 'starts_at', s.starts_at)
      WHEN i.price_fen <> (p_take ->> 'price_fen')::bigint THEN '{"reason": "price_changed"}' END AS refusal
    INTO STRICT v_seen FROM orders o, flash_items i JOIN flash_sales s ON s.id = i.sale_id
    WHERE o.id = p_order AND i.id = v_item;
  IF v_seen.refusal IS NOT NULL THEN
    RAISE EXCEPTION 'promotion_refused' USING ERRCODE = 'TM422', DETAIL = v_seen.refusal;
  END IF;
  INSERT INTO flash_tallies (item_id, member_id, taken) SELECT v_item, v_seen.member_id, v_n WHERE v_n <= v_seen.per_member
    ON CONFLICT (item_id, member_id) DO UPDATE SET taken = flash_tallies.taken + v_n
      WHERE flash_tallies.taken + v_n <= v_seen.per_member;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'promotion_refused' USING ERRCODE = 'TM422',
      DETAIL = jsonb_build_object('reason', 'limit', 'per_member', v_seen.per_member);
  END IF;
  UPDATE flash_units SET order_id = p_order WHERE id = ANY (ARRAY(SELECT id FROM flash_units
    WHERE item_id = v_item AND order_id IS NULL AND NOT sold ORDER BY order_id, id LIMIT v_n FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS v_claimed = ROW_COUNT;
  IF v_claimed = v_n THEN
    RETURN;
  END IF;
  IF (SELECT id FROM flash_units WHERE item_id = v_item AND NOT sold AND order_id IS DISTINCT FROM p_order
      ORDER BY order_id, id LIMIT 1) IS NOT NULL THEN
    RAISE EXCEPTION 'promotion_queued' USING ERRCODE = 'TM422', DETAIL = '{}';
  END IF;
  RAISE EXCEPTION 'promotion_refused' USING ERRCODE = 'TM422',
    DETAIL = jsonb_build_object('reason', 'sold_out', 'left', v_claimed);
END $$;

-- functions/group_buy_refuse.sql

-- Refuse the order with a reason. p_more: more facts for the buyer, merged into the detail of the refusal.
CREATE OR REPLACE FUNCTION group_buy_refuse(p_reason text, p_more jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'promotion_refused' USING ERRCODE = 'TM422', DETAIL = jsonb_build_object('reason', p_reason) || p_more;
END $$;

-- functions/growth_refuse_edit.sql

-- Growth entries are append-only: growth that is taken back is another row.
CREATE OR REPLACE FUNCTION growth_refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'growth is append-only: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'TML01';
END $$;

CREATE OR REPLACE TRIGGER growth_entries_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON growth_entries
  FOR EACH STATEMENT EXECUTE FUNCTION growth_refuse_edit();

-- functions/handed_out.sql

-- How many pieces (card keys or coupons) of a line of virtual goods were delivered. They never go back to stock.
CREATE OR REPLACE FUNCTION handed_out(p_line bigint) RETURNS integer LANGUAGE sql STABLE AS $$
  SELECT (SELECT count(*) FROM card_keys WHERE order_line_id = p_line)::int
    + (SELECT count(*) FROM coupons WHERE order_line_id = p_line)::int
$$;

-- functions/idempotency_put.sql

-- Store the answer to a call with a key. Returns false if the key is stored already. If another transaction is
-- writing the same key, it waits for that one.
CREATE OR REPLACE FUNCTION idempotency_put(p_member bigint, p_path text, p_key text, p_hash text, p_status integer, p_answer text,
                                p_at timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO idempotency_keys (member_id, path, key, body_hash, status, answer, created_at)
    VALUES (p_member, p_path, p_key, p_hash, p_status, p_answer, p_at) ON CONFLICT DO NOTHING;
  RETURN FOUND;
END $$;

-- functions/ledger_owner.sql

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

-- functions/ledger_refuse_edit.sql

-- The ledger is append-only: a correction is a new entry.
CREATE OR REPLACE FUNCTION ledger_refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'TML01';
END $$;

CREATE OR REPLACE TRIGGER ledger_entries_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_edit();
CREATE OR REPLACE TRIGGER ledger_lines_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_lines
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_edit();

-- functions/ledger_refuse_excess.sql

-- Refuse an entry that gives back more than what it is about was given: all entries of one subject together never turn
-- an account of the shop to its wrong side. What a refund withheld for a rebate is no part of the order's own money.
-- Coupons of value have accounts of their own, which never fall below zero.
CREATE OR REPLACE FUNCTION ledger_refuse_excess(p_key text, p_subject text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_code text;
BEGIN
  SELECT l.code INTO v_code FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
    WHERE e.link = p_subject AND e.kind NOT LIKE '%coupon%' AND (l.code IN ('order_hold', 'sales', 'refunds_due', 'points_spent', 'in_flight')
      OR l.code IN ('commission_cost', 'points_issued') OR l.code = 'rebate_cost' AND p_subject LIKE 'rebate:%')
    GROUP BY l.code, l.currency
    HAVING sum(CASE WHEN l.code IN ('commission_cost', 'points_issued', 'rebate_cost') THEN -l.amount ELSE l.amount END) < 0
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'ledger entry % takes more from % of % than was given', p_key, v_code, p_subject USING ERRCODE = 'TML05';
  END IF;
END $$;

-- functions/ledger_refuse_unbalanced.sql

-- The lines that one statement inserts must balance. Then every entry balances, even if several statements wrote it,
-- and no deferred trigger is needed. A check of the whole entry would prove nothing more, and its plan read all lines
-- ever written.
CREATE OR REPLACE FUNCTION ledger_refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_bad bigint;
BEGIN
  SELECT n.entry_id INTO v_bad FROM new_lines n GROUP BY n.entry_id, n.currency HAVING sum(n.amount) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'ledger entry % does not balance', v_bad USING ERRCODE = 'TML02';
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER ledger_lines_balanced AFTER INSERT ON ledger_lines
  REFERENCING NEW TABLE AS new_lines FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_unbalanced();

-- functions/ledger_roll_up.sql

-- Add up to p_limit pending deltas of shop accounts to their balances. Returns how many. Several calls may run at
-- the same time; each skips the deltas that another has locked.
-- It runs with the rights of the tables' owner, like ledger_post.
CREATE OR REPLACE FUNCTION ledger_roll_up(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  WITH taken AS (
    DELETE FROM ledger_deltas WHERE id = ANY (ARRAY(
      SELECT id FROM ledger_deltas ORDER BY id LIMIT p_limit FOR UPDATE SKIP LOCKED))
    RETURNING account_id, amount
  ), sums AS (
    SELECT account_id, sum(amount) AS amount, count(*) AS rows FROM taken GROUP BY account_id ORDER BY account_id
  ), moved AS (
    UPDATE ledger_accounts a SET balance = a.balance + s.amount FROM sums s WHERE a.id = s.account_id RETURNING s.rows
  )
  SELECT COALESCE(sum(rows), 0) INTO v_count FROM moved;
  RETURN v_count;
END $$;

-- functions/of_value.sql

-- Whether a coupon stands for money: a rebate paid it, or a member bought it.
CREATE OR REPLACE FUNCTION of_value(c coupons) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT c.source LIKE 'rebate:%' OR c.order_line_id IS NOT NULL
$$;

-- functions/on_shelf.sql

-- Whether a product can be bought at a given time. A plain SQL function: PostgreSQL puts it inline into the statement
-- and can still use the indexes WHERE on_sale.
CREATE OR REPLACE FUNCTION on_shelf(p products, p_at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p.on_sale AND (p.on_from IS NULL OR p.on_from <= p_at) AND (p.off_from IS NULL OR p_at < p.off_from)
$$;

-- functions/outbox_put.sql

-- Put the jobs of a transaction into the outbox. p_jobs: [{"job": name, "args": {…}, "due": time}]; a job without
-- `due` is due at p_at.
CREATE OR REPLACE FUNCTION outbox_put(p_jobs jsonb, p_at timestamptz) RETURNS void LANGUAGE sql AS $$
  INSERT INTO outbox (job, args, due_at, attempts, created_at)
    SELECT j.job, j.args, COALESCE(j.due, p_at), 0, p_at
      FROM jsonb_to_recordset(p_jobs) AS j (job text, args jsonb, due timestamptz);
$$;

-- functions/points_take.sql

-- Take the pieces of an order that is being placed from a good of the points mall. p_take: {"good": id, "n": pieces,
-- "points" and "price_fen": as the buyer saw them}. Refuses with promotion_refused (over, price_changed, sold_out).
-- The caller checks the member's own limit: an order that spends points is placed under the lock of its member.
-- Locks: the good.
CREATE OR REPLACE FUNCTION points_take(p_order bigint, p_take jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_good points_goods;
  v_reason text;
BEGIN
  SELECT * INTO STRICT v_good FROM points_goods WHERE id = (p_take ->> 'good')::bigint FOR NO KEY UPDATE;
  v_reason := CASE
    WHEN NOT v_good.active THEN 'over'
    WHEN v_good.points <> (p_take ->> 'points')::bigint OR v_good.price_fen <> (p_take ->> 'price_fen')::bigint
      THEN 'price_changed'
    WHEN v_good.taken + (p_take ->> 'n')::int > v_good.stock THEN 'sold_out' END;
  IF v_reason IS NOT NULL THEN
    RAISE EXCEPTION 'promotion_refused' USING ERRCODE = 'TM422',
      DETAIL = jsonb_build_object('reason', v_reason, 'left', v_good.stock - v_good.taken);
  END IF;
  UPDATE points_goods SET taken = taken + (p_take ->> 'n')::int WHERE id = v_good.id;
END $$;

-- functions/refund_holds.sql

-- Whether a refund of the order is open that was asked for within its refund window. It holds what the order brings:
-- rebate, commission, points, and the order's completion.
CREATE OR REPLACE FUNCTION refund_holds(p_order bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM refunds WHERE order_id = p_order AND kind = 'order'
    AND state IN ('requested', 'returning', 'granting') AND holds)
$$;

-- functions/stock_move.sql

-- Move pieces between the states of stock: available → reserved → sold, and back. p_lines: [{"sku": id, "n": pieces}].
-- Refuses with stock_insufficient. If `available` falls to the SKU's threshold, it tells operators once.
-- Locks: the SKUs in ascending order.
CREATE OR REPLACE FUNCTION stock_move(p_lines jsonb, p_from text, p_to text, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_line record;
  v_sku record;
BEGIN
  FOR v_line IN SELECT l.sku, sum(l.n)::bigint AS n FROM jsonb_to_recordset(p_lines) AS l (sku bigint, n bigint)
                 GROUP BY l.sku ORDER BY l.sku
  LOOP
    UPDATE skus SET
        available = available + v_line.n * ((p_to = 'available')::int - (p_from = 'available')::int),
        reserved = reserved + v_line.n * ((p_to = 'reserved')::int - (p_from = 'reserved')::int),
        sold = sold + v_line.n * ((p_to = 'sold')::int - (p_from = 'sold')::int),
        alerted = alerted AND NOT (p_to = 'available' AND available + v_line.n > alert_at)
      WHERE id = v_line.sku AND (p_from <> 'available' OR (available >= v_line.n AND on_sale))
      RETURNING available, alert_at, alerted, code INTO v_sku;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'stock_insufficient' USING ERRCODE = 'TM422', DETAIL = json_build_object('sku_id', v_line.sku,
        'available', (SELECT CASE WHEN on_sale THEN available ELSE 0 END FROM skus WHERE id = v_line.sku));
    END IF;
    IF p_from = 'available' AND v_sku.available <= v_sku.alert_at AND NOT v_sku.alerted THEN
      UPDATE skus SET alerted = true WHERE id = v_line.sku;
      INSERT INTO alarms (kind, subject, detail, at) VALUES ('stock_low', v_sku.code,
        jsonb_build_object('sku_id', v_line.sku, 'available', v_sku.available, 'alert_at', v_sku.alert_at), p_at);
    END IF;
  END LOOP;
END $$;

-- functions/unpaid_refuse.sql

-- Refuse an order of a member who holds too much unpaid already. p_lines: [{sku_id, quantity}] of the new order;
-- p_most: {orders, pieces}, the most unpaid orders, and the most pieces of one SKU in them and the new one together.
-- An order past its time holds nothing any more, even if no job has closed it yet. Refuses with unpaid_limit.
-- The caller checks an order that alone has too many pieces; most members hold nothing, and this is then done at once.
-- The count holds until the transaction ends if the caller lets no other order of the member be placed.
CREATE OR REPLACE FUNCTION unpaid_refuse(p_member bigint, p_lines jsonb, p_most jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_held bigint[] := ARRAY(SELECT id FROM orders
    WHERE member_id = p_member AND status = 'pending' AND expires_at > p_at LIMIT (p_most ->> 'orders')::int);
  v_sku record;
BEGIN
  IF v_held = '{}' THEN
    RETURN;
  END IF;
  IF cardinality(v_held) >= (p_most ->> 'orders')::int THEN
    RAISE EXCEPTION 'unpaid_limit' USING ERRCODE = 'TM422', DETAIL = jsonb_build_object('max_orders', p_most -> 'orders');
  END IF;
  SELECT l -> 'sku_id' AS id, held.pieces INTO v_sku FROM jsonb_array_elements(p_lines) l,
    LATERAL (SELECT COALESCE(sum(quantity), 0) AS pieces FROM order_lines
      WHERE order_id = ANY (v_held) AND sku_id = (l ->> 'sku_id')::bigint) held
    WHERE held.pieces + (l ->> 'quantity')::bigint > (p_most ->> 'pieces')::bigint LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'unpaid_limit' USING ERRCODE = 'TM422',
      DETAIL = jsonb_build_object('sku_id', v_sku.id, 'unpaid', v_sku.pieces, 'max_pieces', p_most -> 'pieces');
  END IF;
END $$;

-- functions/flash_sale_release.sql

-- Free the pieces of an unpaid order. If its session is settled already, they go back to the SKU.
-- The session is locked FOR SHARE, so that nobody settles it after `settled_at` was read.
CREATE OR REPLACE FUNCTION flash_sale_release(p_order bigint, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_held record;
  v_settled boolean;
BEGIN
  SELECT i.id, i.sku_id, i.sale_id, o.member_id, count(*)::int AS n INTO v_held
    FROM flash_units u JOIN flash_items i ON i.id = u.item_id JOIN orders o ON o.id = u.order_id
    WHERE u.order_id = p_order GROUP BY i.id, o.member_id;
  SELECT settled_at IS NOT NULL INTO STRICT v_settled FROM flash_sales WHERE id = v_held.sale_id FOR SHARE;
  UPDATE flash_tallies SET taken = taken - v_held.n WHERE item_id = v_held.id AND member_id = v_held.member_id;
  IF v_settled THEN
    DELETE FROM flash_units WHERE order_id = p_order;
    UPDATE flash_items SET returned = returned + v_held.n WHERE id = v_held.id;
    PERFORM stock_move(jsonb_build_array(jsonb_build_object('sku', v_held.sku_id, 'n', v_held.n)),
      'reserved', 'available', p_at);
  ELSE
    UPDATE flash_units SET order_id = NULL WHERE order_id = p_order;
  END IF;
END $$;

-- functions/flash_sale_settle.sql

-- Settle one session that is over: its free pieces go back to their SKUs. Returns the session's id, NULL if there is
-- none. It waits for a buyer who is claiming a piece at the same moment.
CREATE OR REPLACE FUNCTION flash_sale_settle(p_at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_sale bigint;
  v_back jsonb;
BEGIN
  SELECT id INTO v_sale FROM flash_sales WHERE settled_at IS NULL AND LEAST(ends_at, stopped_at) <= p_at
    ORDER BY ends_at LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  WITH free AS (DELETE FROM flash_units USING flash_items i
      WHERE i.sale_id = v_sale AND item_id = i.id AND order_id IS NULL AND NOT sold RETURNING item_id),
    back AS (SELECT item_id, count(*)::int AS n FROM free GROUP BY item_id),
    noted AS (UPDATE flash_items i SET returned = returned + n FROM back WHERE i.id = back.item_id RETURNING i.sku_id, n)
  SELECT jsonb_agg(jsonb_build_object('sku', sku_id, 'n', n)) INTO v_back FROM noted;
  IF v_back IS NOT NULL THEN
    PERFORM stock_move(v_back, 'reserved', 'available', p_at);
  END IF;
  UPDATE flash_sales SET settled_at = p_at WHERE id = v_sale;
  RETURN v_sale;
END $$;

-- functions/group_buy_take.sql

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

-- functions/ledger_post.sql

-- Post one entry. p_lines: [{"m": member or 0, "a": account, "s": source, "c": currency, "d": debit-normal,
-- "v": amount}], amounts credit-positive, in fen or points.
-- p_at: when it is posted; p_effective_at: when it happened.
-- Same key and hash: returns the first entry, `replayed`. Same key, other hash: raises TML03.
-- CNY lines of members store their kind and their month in Shanghai, so that an index finds one page of a few lines
-- among many. Lines of the shop leave them null: nobody reads them in that way, and their inserts stay cheap.
-- A member's line belongs to the owner of what the entry is about (TML04), and what is given back was given (TML05).
-- Locks: the members of the lines in ascending order. Accounts of the shop are never locked: their changes are
-- written to ledger_deltas, see ledger_roll_up.
-- It runs with the rights of the tables' owner: the application itself cannot write the books.
CREATE OR REPLACE FUNCTION ledger_post(p_key text, p_kind text, p_hash text, p_at timestamptz, p_effective_at timestamptz,
                            p_why text, p_link text, p_reverses bigint, p_lines jsonb, OUT entry_id bigint,
                            OUT replayed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_hash text;
  v_line record;
  v_account bigint;
  v_accounts bigint[] := '{}';
  v_members bigint[] := '{}';
  v_month CONSTANT integer := to_char(p_at AT TIME ZONE 'Asia/Shanghai', 'YYYYMM')::integer;
BEGIN
  -- First of all, so that a member's entries are numbered in the order in which its wallet changes.
  SELECT array_agg(DISTINCT l.m) INTO v_members FROM jsonb_to_recordset(p_lines) AS l (m bigint) WHERE l.m > 0;
  IF v_members IS NOT NULL THEN
    PERFORM 1 FROM members WHERE id = ANY (v_members) ORDER BY id FOR NO KEY UPDATE;
    IF v_members <> ARRAY[ledger_owner(p_link)] IS NOT FALSE THEN
      RAISE EXCEPTION 'ledger entry %: % does not belong to member %', p_key, p_link, v_members USING ERRCODE = 'TML04';
    END IF;
  END IF;

  INSERT INTO ledger_entries (key, kind, input_hash, why, link, reverses_id, effective_at, posted_at)
    VALUES (p_key, p_kind, p_hash, p_why, p_link, p_reverses, p_effective_at, p_at)
    ON CONFLICT (key) DO NOTHING RETURNING id INTO entry_id;
  IF entry_id IS NULL THEN
    SELECT e.id, e.input_hash INTO entry_id, v_hash FROM ledger_entries e WHERE e.key = p_key;
    IF v_hash <> p_hash THEN
      RAISE EXCEPTION 'ledger key % was posted with another input', p_key USING ERRCODE = 'TML03';
    END IF;
    replayed := true;
    RETURN;
  END IF;
  replayed := false;

  FOR v_line IN SELECT * FROM jsonb_to_recordset(p_lines) AS l (m bigint, a text, s text, c text, d boolean, v bigint)
  LOOP
    IF v_line.m > 0 THEN
      UPDATE ledger_accounts SET balance = balance + CASE WHEN debit_normal THEN -v_line.v ELSE v_line.v END
        WHERE member_id = v_line.m AND code = v_line.a AND source = v_line.s AND currency = v_line.c
        RETURNING id INTO v_account;
      IF NOT FOUND THEN
        INSERT INTO ledger_accounts (member_id, code, source, currency, debit_normal, balance)
          VALUES (v_line.m, v_line.a, v_line.s, v_line.c, v_line.d,
                  CASE WHEN v_line.d THEN -v_line.v ELSE v_line.v END)
          RETURNING id INTO v_account;
      END IF;
    ELSE
      SELECT id INTO v_account FROM ledger_accounts
        WHERE member_id = 0 AND code = v_line.a AND source = v_line.s AND currency = v_line.c;
      IF NOT FOUND THEN
        INSERT INTO ledger_accounts (member_id, code, source, currency, debit_normal, balance)
          VALUES (0, v_line.a, v_line.s, v_line.c, v_line.d, 0) ON CONFLICT DO NOTHING;
        SELECT id INTO v_account FROM ledger_accounts
          WHERE member_id = 0 AND code = v_line.a AND source = v_line.s AND currency = v_line.c;
      END IF;
      INSERT INTO ledger_deltas (account_id, amount)
        VALUES (v_account, CASE WHEN v_line.d THEN -v_line.v ELSE v_line.v END);
    END IF;
    v_accounts := v_accounts || v_account;
  END LOOP;

  INSERT INTO ledger_lines (entry_id, account_id, member_id, code, currency, amount, kind, month, available_after)
    SELECT ledger_post.entry_id, v_accounts[l.n], l.m, l.a, l.c, l.v,
           CASE WHEN l.m > 0 AND l.c = 'CNY' THEN p_kind END,
           CASE WHEN l.m > 0 AND l.c = 'CNY' THEN v_month END,
           CASE WHEN l.m > 0 AND l.c = 'CNY' THEN
             (SELECT COALESCE(sum(w.balance), 0) FROM ledger_accounts w
                WHERE w.member_id = l.m AND w.code IN ('spend_only', 'withdrawable') AND w.currency = 'CNY') END
    FROM (SELECT (j.value ->> 'm')::bigint AS m, j.value ->> 'a' AS a, j.value ->> 'c' AS c,
                 (j.value ->> 'v')::bigint AS v, j.ordinality AS n
            FROM jsonb_array_elements(p_lines) WITH ORDINALITY j) l;
  IF p_kind IN ('order_release', 'refund', 'refund_sent', 'rebate_take_back', 'commission_take_back',
                'points_take_back', 'withdrawal_paid', 'withdrawal_back') THEN
    PERFORM ledger_refuse_excess(p_key, p_link);
  END IF;
END $$;

-- functions/listed.sql

-- Whether the shop's lists show a product at a given time. A product for points only can be bought, but is not
-- listed. A plain SQL function, like on_shelf.
CREATE OR REPLACE FUNCTION listed(p products, p_at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT on_shelf(p, p_at) AND NOT p.exchange_only
$$;

-- functions/settle_facts.sql

-- Put a payment notice into the inbox, take the locks of settling (member, order) and return the facts to judge.
-- p_paid_at: when WeChat took the money, by its own word; NULL for an order that nothing is due for: it is paid now.
-- Rule version, chain of referrers and the question which order was first are answered as of the time of payment.
-- Each statement has its own snapshot, so a read after a lock sees what the previous holder of the lock committed.
CREATE OR REPLACE FUNCTION settle_facts(p_digest text, p_source text, p_order_no text, p_transaction text, p_amount bigint,
                             p_at timestamptz, p_paid_at timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_notice bigint;
  v_member bigint;
  v_order record;
  v_person record;
  v_paid_at timestamptz;
  v_chain bigint[];
  v_qualified boolean;
  v_unclear boolean;
  v_asked boolean := false;
BEGIN
  INSERT INTO payment_notices (digest, source, out_trade_no, transaction_id, amount_fen, outcome, at)
    VALUES (p_digest, p_source, p_order_no, p_transaction, p_amount, 'recorded', p_at)
    ON CONFLICT (digest) DO NOTHING RETURNING id INTO v_notice;
  IF v_notice IS NULL THEN
    RETURN jsonb_build_object('duplicate', true);
  END IF;
  SELECT member_id INTO v_member FROM orders WHERE order_no = p_order_no;
  IF NOT FOUND THEN
    RETURN jsonb_build_object('notice_id', v_notice, 'order', NULL::jsonb);
  END IF;
  SELECT id, openid, nickname, bound_at, first_paid_at INTO v_person FROM members WHERE id = v_member FOR NO KEY UPDATE;
  SELECT * INTO v_order FROM orders WHERE order_no = p_order_no FOR NO KEY UPDATE;
  -- WeChat tells whole seconds, and takes no money before it is asked to. An order that nothing is due for is paid now,
  -- after a binding that was made while this payment waited for the member's lock.
  v_paid_at := GREATEST(COALESCE(p_paid_at, p_at), v_order.prepay_started_at, v_order.created_at,
                        CASE WHEN p_paid_at IS NULL THEN v_person.bound_at END);
  v_chain := chain_at(v_member, v_paid_at);
  SELECT bool_or(state <> 'void' OR void_for = 'review'),
         bool_or(state IN ('pending', 'held', 'counted') AND (paid_at, order_id) > (v_paid_at, v_order.id))
    INTO v_qualified, v_unclear FROM qualifications WHERE referee_id = v_member;
  -- What few payments need is asked only for them.
  IF v_chain[1] IS NULL THEN
    v_asked := EXISTS (SELECT FROM pending_bindings WHERE member_id = v_member);
  ELSIF v_qualified IS NOT TRUE AND v_person.first_paid_at IS NOT NULL THEN
    v_unclear := EXISTS (SELECT FROM orders WHERE member_id = v_member AND id <> v_order.id
      AND status IN ('paid', 'teaming', 'shipped', 'received', 'completed'));
  END IF;
  RETURN jsonb_build_object(
    'notice_id', v_notice,
    'order', jsonb_build_object('id', v_order.id, 'order_no', v_order.order_no, 'member_id', v_order.member_id,
      'kind', v_order.kind, 'status', v_order.status, 'paid_at', v_paid_at,
      'virtual', v_order.virtual, 'coupon_id', v_order.coupon_id, 'cash_due_fen', v_order.cash_due_fen, 'balance_fen', v_order.balance_fen,
      'points', v_order.points, 'promotion_id', v_order.promotion_id, 'team_id', v_order.team_id,
      'for_commission', v_order.for_commission, 'for_qualification', v_order.for_qualification,
      'transaction_id', v_order.transaction_id, 'close_reason', v_order.close_reason),
    'value_coupon', CASE WHEN v_order.coupon_id IS NOT NULL THEN
      (SELECT jsonb_build_object('id', id, 'member_id', member_id, 'off_fen', discount_fen,
          'worth_fen', CASE WHEN off_bp = 0 THEN amount_fen ELSE 0 END)
        FROM coupons WHERE id = v_order.coupon_id AND of_value(coupons)) END,
    'openid', v_person.openid,
    'chain', v_chain,
    'nickname', v_person.nickname,
    'friends_counted', (SELECT count(*) FROM qualifications WHERE referrer_id = v_chain[1] AND state = 'counted'),
    'referrer_state', (SELECT state FROM members WHERE id = v_chain[1]),
    'known_payment', EXISTS (SELECT 1 FROM payments WHERE transaction_id = p_transaction),
    -- a version that was published in the second of the payment does not apply yet
    'rule_version', (SELECT max(version) FROM rule_versions WHERE published_at < date_trunc('second', v_paid_at)),
    'qualified', v_qualified IS TRUE,
    'first_unclear', v_unclear IS TRUE,
    'binding_asked', v_asked,
    'waiting_cycle', EXISTS (SELECT 1 FROM qualifications WHERE referrer_id = v_member AND state = 'counted'),
    'notice_credits', (SELECT jsonb_agg(template) FROM notice_credits WHERE member_id = v_member AND credits > 0),
    'lines', (SELECT jsonb_agg(jsonb_build_object('id', id, 'sku', sku_id, 'product_id', product_id,
      'category_id', category_id, 'n', quantity, 'cash_fen', cash_fen, 'virtual', virtual)) FROM order_lines WHERE order_id = v_order.id));
END $$;

-- functions/stage_held.sql

-- Whether an open refund holds a stage of a rebate: of the returned order, or of one of the orders it depends on.
CREATE OR REPLACE FUNCTION stage_held(p rebate_stages) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM rebates r WHERE r.id = p.rebate_id AND refund_holds(r.order_id))
    OR EXISTS (SELECT FROM (SELECT order_id FROM qualifications WHERE rebate_id = p.rebate_id
        ORDER BY paid_at, order_id LIMIT p.position) q WHERE refund_holds(q.order_id))
$$;

-- functions/ledger_post_json.sql

-- Post an entry given as JSON, see ledger_post. Returns its id.
CREATE OR REPLACE FUNCTION ledger_post_json(p_entry jsonb) RETURNS bigint LANGUAGE sql AS $$
  SELECT entry_id FROM ledger_post(p_entry ->> 'key', p_entry ->> 'kind', p_entry ->> 'hash',
    (p_entry ->> 'posted_at')::timestamptz, (p_entry ->> 'effective_at')::timestamptz, p_entry ->> 'why', p_entry ->> 'link',
    (SELECT id FROM ledger_entries WHERE key = p_entry ->> 'reverses'), p_entry -> 'lines');
$$;

-- functions/order_place.sql

-- Place an order. p: {order, lines, key: {path, key, body_hash, answer}, unpaid: {orders, pieces},
-- promotion?: {kind, held_stock, take}, coupon?: {id, amount_fen, discount_fen}, cart?: [sku], entry?, at}.
-- For each kind of promotion, another function takes what the order needs from it; `held_stock` says that the pieces
-- are already reserved from their SKU.
-- Returns the order's id; 0 if the key already has an answer. If another transaction is writing the same key, it waits.
-- A refusal is raised as TM422, with its code as the message and its detail as JSON.
-- Locks: the member's number, so that two orders at once cannot both be the last that its limits allow (an advisory
-- lock writes nothing, unlike one of the member's row); then what is taken.
CREATE OR REPLACE FUNCTION order_place(p jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_order bigint := nextval(pg_get_serial_sequence('orders', 'id'));
  v_member bigint := (p -> 'order' ->> 'member_id')::bigint;
  v_at timestamptz := (p ->> 'at')::timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(-v_member);
  IF NOT idempotency_put(v_member, p -> 'key' ->> 'path', p -> 'key' ->> 'key', p -> 'key' ->> 'body_hash', 200,
                         p -> 'key' ->> 'answer', v_at) THEN
    RETURN 0;
  END IF;
  PERFORM unpaid_refuse(v_member, p -> 'lines', p -> 'unpaid', v_at);
  INSERT INTO orders SELECT * FROM jsonb_populate_record(NULL::orders,
    (p -> 'order') || jsonb_build_object('id', v_order));
  INSERT INTO order_lines SELECT r.* FROM jsonb_array_elements(p -> 'lines') l, jsonb_populate_record(NULL::order_lines,
    l.value || jsonb_build_object('id', nextval(pg_get_serial_sequence('order_lines', 'id')), 'order_id', v_order)) r;
  IF p ? 'promotion' THEN
    CASE p -> 'promotion' ->> 'kind'
      WHEN 'flash_sale' THEN PERFORM flash_sale_take(v_order, p -> 'promotion' -> 'take');
      WHEN 'group_buy' THEN PERFORM group_buy_take(v_order, p -> 'promotion' -> 'take');
      WHEN 'points' THEN PERFORM points_take(v_order, p -> 'promotion' -> 'take');
    END CASE;
  END IF;
  IF NOT COALESCE((p -> 'promotion' ->> 'held_stock')::boolean, false) THEN
    PERFORM stock_move((SELECT jsonb_agg(jsonb_build_object('sku', l -> 'sku_id', 'n', l -> 'quantity'))
      FROM jsonb_array_elements(p -> 'lines') l), 'available', 'reserved', v_at);
  END IF;
  IF p ? 'coupon' THEN
    UPDATE coupons SET state = 'locked', order_id = v_order, discount_fen = (p -> 'coupon' ->> 'discount_fen')::bigint
      WHERE id = (p -> 'coupon' ->> 'id')::bigint AND member_id = v_member AND state = 'unused' AND expires_at > v_at
        AND amount_fen = (p -> 'coupon' ->> 'amount_fen')::bigint;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'coupon_unusable' USING ERRCODE = 'TM422', DETAIL = jsonb_build_object('reason', CASE WHEN EXISTS (
        SELECT FROM coupons WHERE id = (p -> 'coupon' ->> 'id')::bigint AND member_id = v_member AND state = 'unused'
          AND expires_at > v_at) THEN 'worth' ELSE 'state' END)::text;
    END IF;
  END IF;
  IF p ? 'cart' THEN
    DELETE FROM cart_items WHERE member_id = v_member
      AND sku_id IN (SELECT c::bigint FROM jsonb_array_elements_text(p -> 'cart') c);
  END IF;
  IF p ? 'entry' THEN
    PERFORM ledger_post_json(p -> 'entry');
  END IF;
  RETURN v_order;
END $$;

-- functions/settle_write.sql

-- Write what settling decided. p: {notice_id, outcome, mismatch?, at, payment?, paid?: {order_id, status, …}, stock?,
-- coupon_id?, entry?, qualification?, jobs?, alarm?}. Returns the payment's id, NULL if no payment was written.
CREATE OR REPLACE FUNCTION settle_write(p jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_at timestamptz := (p ->> 'at')::timestamptz;
  v_paid jsonb := p -> 'paid';
  v_payment bigint;
BEGIN
  UPDATE payment_notices SET outcome = p ->> 'outcome', mismatch = p ->> 'mismatch'
    WHERE id = (p ->> 'notice_id')::bigint;
  IF v_paid IS NOT NULL THEN
    UPDATE members SET first_paid_at = (v_paid ->> 'paid_at')::timestamptz WHERE id = (v_paid ->> 'member_id')::bigint
      AND (first_paid_at IS NULL OR first_paid_at > (v_paid ->> 'paid_at')::timestamptz);
  END IF;
  IF p ? 'payment' THEN
    INSERT INTO payments SELECT * FROM jsonb_populate_record(NULL::payments, (p -> 'payment')
      || jsonb_build_object('id', nextval(pg_get_serial_sequence('payments', 'id')), 'recorded_at', v_at))
      RETURNING id INTO v_payment;
  END IF;
  IF v_paid IS NOT NULL THEN
    UPDATE orders SET status = v_paid ->> 'status', paid_at = (v_paid ->> 'paid_at')::timestamptz, check_at = NULL,
        transaction_id = v_paid ->> 'transaction_id', rule_version = (v_paid ->> 'rule_version')::int,
        referrer_id = (v_paid ->> 'referrer_id')::bigint, ancestor2_id = (v_paid ->> 'ancestor2_id')::bigint,
        ancestor3_id = (v_paid ->> 'ancestor3_id')::bigint
      WHERE id = (v_paid ->> 'order_id')::bigint AND status = 'pending';
    IF NOT FOUND THEN
      RAISE EXCEPTION 'state_conflict' USING ERRCODE = 'TM422';
    END IF;
  END IF;
  IF p ? 'qualification' THEN
    INSERT INTO qualifications SELECT * FROM jsonb_populate_record(NULL::qualifications, (p -> 'qualification')
      || jsonb_build_object('id', nextval(pg_get_serial_sequence('qualifications', 'id'))));
  END IF;
  IF p ? 'stock' THEN
    PERFORM stock_move(p -> 'stock', 'reserved', 'sold', v_at);
  END IF;
  IF p ? 'coupon_id' THEN
    UPDATE coupons SET state = 'used' WHERE id = (p ->> 'coupon_id')::bigint AND state = 'locked';
  END IF;
  IF p ? 'entry' THEN
    PERFORM ledger_post_json(p -> 'entry');
  END IF;
  IF p ? 'jobs' THEN
    PERFORM outbox_put(p -> 'jobs', v_at);
  END IF;
  IF p ? 'alarm' THEN
    INSERT INTO alarms (kind, subject, detail, at)
      VALUES (p -> 'alarm' ->> 'kind', p -> 'alarm' ->> 'subject', p -> 'alarm' -> 'detail', v_at);
  END IF;
  RETURN v_payment;
END $$;

-- constraints/approvals.sql

ALTER TABLE approvals
  ADD CONSTRAINT approvals_state CHECK (state IN ('waiting', 'approved', 'rejected', 'cancelled', 'failed', 'expired')),
  ADD CONSTRAINT approvals_decided CHECK ((state = 'waiting') = (decided_at IS NULL)),
  ADD CONSTRAINT approvals_two_pairs_of_eyes CHECK (state <> 'approved' OR decided_by IS NOT NULL AND decided_by <> asked_by);
-- The same act asked for twice is one.
CREATE UNIQUE INDEX approvals_once ON approvals (key) WHERE state = 'waiting';
CREATE INDEX approvals_waiting ON approvals (asked_at) WHERE state = 'waiting';
ALTER TABLE limit_uses ADD CONSTRAINT limit_uses_used CHECK (used >= 0 AND peak >= 0);

-- constraints/catalogue.sql

ALTER TABLE products
  ADD CONSTRAINT products_kind CHECK (kind IN ('physical', 'virtual')),
  ADD CONSTRAINT products_shelf CHECK (on_from < off_from),
  ADD CONSTRAINT products_limit CHECK (limit_each > 0),
  ADD CONSTRAINT products_level CHECK (min_level > 0),
  ADD CONSTRAINT products_coupon CHECK (coupon_template_id IS NULL OR kind = 'virtual');
CREATE INDEX products_words ON products USING gin (to_tsvector('simple', words));
-- The shop's lists show only what is on sale.
CREATE INDEX products_newest ON products (id DESC) WHERE on_sale;
CREATE INDEX products_by_category ON products (category_id, id DESC) WHERE on_sale;
CREATE INDEX products_by_price ON products (min_price_fen, id) WHERE on_sale;
CREATE INDEX products_by_sales ON products (sold_count DESC, id DESC) WHERE on_sale;
-- The panel finds products and SKUs by the beginning of their names.
CREATE INDEX products_by_slug ON products (slug text_pattern_ops);
CREATE INDEX skus_by_code ON skus (code text_pattern_ops);

ALTER TABLE skus
  ADD CONSTRAINT skus_price CHECK (price_fen > 0),
  ADD CONSTRAINT skus_stock CHECK (available >= 0 AND reserved >= 0 AND sold >= 0
                                   AND stocked_in = available + reserved + sold),
  ADD CONSTRAINT skus_weight CHECK (weight_g >= 0),
  ADD CONSTRAINT skus_spec CHECK (spec IS JSON OBJECT);

CREATE INDEX card_keys_free ON card_keys (sku_id, id) WHERE order_line_id IS NULL;

-- constraints/commissions.sql

ALTER TABLE commissions
  ADD CONSTRAINT commissions_state CHECK (state IN ('frozen', 'settled', 'reversed')),
  ADD CONSTRAINT commissions_level CHECK (level IN (1, 2)),
  ADD CONSTRAINT commissions_amounts CHECK (whole_fen > 0 AND granted_fen BETWEEN 0 AND whole_fen
    AND (state = 'reversed') = (granted_fen = 0));
CREATE INDEX commissions_due ON commissions (release_at) WHERE state = 'frozen' AND release_at IS NOT NULL;
CREATE INDEX commissions_live ON commissions (member_id) WHERE state <> 'reversed';

-- constraints/coupons.sql

-- A coupon takes off an amount or a percentage, for all goods or for some. It is valid for some days after the claim,
-- or between two dates of its template.
ALTER TABLE coupon_templates
  ADD CONSTRAINT coupon_templates_total CHECK (threshold_fen >= 0 AND claimed >= 0
    AND (total IS NULL OR claimed <= total)),
  ADD CONSTRAINT coupon_templates_worth CHECK (CASE WHEN off_bp = 0 THEN amount_fen > 0 AND most_fen IS NULL
    ELSE off_bp BETWEEN 1 AND 9999 AND amount_fen = 0 AND (most_fen IS NULL OR most_fen > 0) END),
  ADD CONSTRAINT coupon_templates_validity CHECK (CASE WHEN ends_at IS NULL
    THEN starts_at IS NULL AND valid_days IS NOT NULL AND valid_days > 0
    ELSE starts_at IS NOT NULL AND starts_at < ends_at AND valid_days IS NULL END),
  ADD CONSTRAINT coupon_templates_scope CHECK (products IS NULL OR categories IS NULL),
  ADD CONSTRAINT coupon_templates_audience CHECK (audience IN ('all', 'new', 'birthday'));

ALTER TABLE coupons
  ADD CONSTRAINT coupons_state CHECK (state IN ('unused', 'locked', 'used', 'void')),
  ADD CONSTRAINT coupons_order CHECK ((state IN ('locked', 'used')) = (order_id IS NOT NULL)),
  ADD CONSTRAINT coupons_worth CHECK (CASE WHEN off_bp = 0 THEN most_fen IS NULL
    ELSE off_bp BETWEEN 1 AND 9999 AND amount_fen = 0 END),
  ADD CONSTRAINT coupons_scope CHECK (products IS NULL OR categories IS NULL),
  -- Only a coupon that was bought is taken back by a refund, and only one that was used has a time of it.
  ADD CONSTRAINT coupons_taken CHECK ((taken_by IS NULL OR order_line_id IS NOT NULL)
    AND (taken_at IS NULL OR state IN ('used', 'void')));
CREATE UNIQUE INDEX coupons_one_per_order ON coupons (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX coupons_of_line ON coupons (order_line_id) WHERE order_line_id IS NOT NULL;
CREATE INDEX coupons_by_issue ON coupons (issue_id, created_at, id) WHERE issue_id IS NOT NULL;
CREATE INDEX coupons_ending ON coupons (expires_at, id) WHERE state = 'unused' AND warned_at IS NULL;

ALTER TABLE coupon_issues
  ADD CONSTRAINT coupon_issues_state CHECK (state IN ('running', 'done', 'total', 'ended', 'stopped')
    AND (state = 'running') = (finished_at IS NULL)),
  ADD CONSTRAINT coupon_issues_counts CHECK (seen >= 0 AND issued BETWEEN 0 AND seen);
CREATE INDEX coupon_issues_open ON coupon_issues (id) WHERE state = 'running';

-- constraints/exports.sql

ALTER TABLE exports
  ADD CONSTRAINT exports_state CHECK (state IN ('waiting', 'running', 'done', 'failed')),
  ADD CONSTRAINT exports_body CHECK ((state = 'done') = (body IS NOT NULL));
CREATE INDEX exports_open ON exports (id) WHERE state IN ('waiting', 'running');

-- constraints/flash_sales.sql

ALTER TABLE flash_sales
  ADD CONSTRAINT flash_sales_window CHECK (ends_at > starts_at),
  ADD CONSTRAINT flash_sales_settled CHECK (settled_at IS NULL OR settled_at >= LEAST(ends_at, stopped_at));
CREATE INDEX flash_sales_unsettled ON flash_sales (ends_at) WHERE settled_at IS NULL;

ALTER TABLE flash_items
  ADD CONSTRAINT flash_items_price CHECK (price_fen > 0),
  ADD CONSTRAINT flash_items_stock CHECK (returned BETWEEN 0 AND stock),
  ADD CONSTRAINT flash_items_per_member CHECK (per_member > 0);

-- Each piece of an item is a row, so that buyers claim different rows and never wait for each other.
ALTER TABLE flash_units ADD CONSTRAINT flash_units_sold CHECK (NOT sold OR order_id IS NOT NULL);
-- This order of columns finds a free piece fast even if other items have many pieces, see flash_sale_take.
CREATE INDEX flash_units_open ON flash_units (item_id, order_id, id) WHERE NOT sold;
CREATE INDEX flash_units_orders ON flash_units (order_id) WHERE order_id IS NOT NULL;

ALTER TABLE flash_tallies ADD CONSTRAINT flash_tallies_taken CHECK (taken >= 0);

-- constraints/group_buys.sql

ALTER TABLE group_buys
  ADD CONSTRAINT group_buys_terms CHECK (size BETWEEN 2 AND 50 AND window_hours BETWEEN 1 AND 168 AND per_member > 0
    AND ends_at > starts_at),
  ADD CONSTRAINT group_buys_taken CHECK (taken >= 0 AND stock_limit > 0);
CREATE INDEX group_buys_running ON group_buys (ends_at) WHERE active;

ALTER TABLE group_buy_skus ADD CONSTRAINT group_buy_skus_price CHECK (price_fen > 0 AND leader_fen > 0);

-- These checks say what each state of a team means. group_buy_take reserves the seats.
ALTER TABLE teams
  ADD CONSTRAINT teams_state CHECK (state IN ('open', 'full', 'succeeded', 'failed')
    AND (ended_at IS NULL) = (state IN ('open', 'full'))),
  ADD CONSTRAINT teams_seats CHECK (0 <= paid AND paid <= taken AND taken + filled <= size AND filled >= 0
    AND (state = 'full') <= (taken = size) AND (state = 'succeeded') <= (paid + filled = size)
    AND (filled = 0 OR state = 'succeeded'));
CREATE INDEX teams_closing ON teams (due_at) WHERE state IN ('open', 'full');
CREATE INDEX teams_to_join ON teams (group_buy_id, closes_at) WHERE state = 'open' AND paid > 0;

-- constraints/ledger.sql

ALTER TABLE ledger_accounts ADD CONSTRAINT ledger_member_not_negative CHECK (member_id = 0 OR balance >= 0);

CREATE INDEX ledger_entries_reverses ON ledger_entries (reverses_id) WHERE reverses_id IS NOT NULL;

CREATE INDEX ledger_lines_member ON ledger_lines (member_id, entry_id) WHERE member_id > 0;
-- For a member's statement: by kind, by month (only CNY lines of members have both, see ledger_post), and of points.
CREATE INDEX ledger_lines_kind ON ledger_lines (member_id, kind, entry_id) WHERE month IS NOT NULL;
CREATE INDEX ledger_lines_month ON ledger_lines (member_id, month, entry_id) INCLUDE (code, amount)
  WHERE month IS NOT NULL;
CREATE INDEX ledger_lines_points ON ledger_lines (member_id, entry_id) WHERE currency = 'POINT';

-- constraints/levels.sql

ALTER TABLE levels
  ADD CONSTRAINT levels_within CHECK (place BETWEEN 0 AND 9 AND growth >= 0 AND (place > 0 OR growth = 0)
    AND discount_bp BETWEEN 5000 AND 10000 AND points_bp BETWEEN 10000 AND 100000
    AND commission_bonus_bp BETWEEN 0 AND 10000);

ALTER TABLE growth_entries
  ADD CONSTRAINT growth_entries_kind CHECK (kind IN ('spend', 'referral', 'taken_back', 'correction')),
  ADD CONSTRAINT growth_entries_amount CHECK (CASE kind WHEN 'taken_back' THEN amount < 0
    WHEN 'correction' THEN amount <> 0 ELSE amount > 0 END);

ALTER TABLE member_levels
  ADD CONSTRAINT member_levels_kept CHECK ((position = 0) = (kept_until IS NULL));
CREATE INDEX member_levels_due ON member_levels (kept_until) WHERE kept_until IS NOT NULL;

-- constraints/members.sql

ALTER TABLE members
  ADD CONSTRAINT members_state CHECK (state IN ('active', 'blocked', 'closed')),
  ADD CONSTRAINT members_not_own_referrer CHECK (referrer_id <> id);

-- For the panel's list, newest first: members who are not active, members with a referrer, members without.
CREATE INDEX members_not_active ON members (created_at, id) WHERE state <> 'active';
CREATE INDEX members_bound ON members (created_at, id) WHERE referrer_id IS NOT NULL;
CREATE INDEX members_unbound ON members (created_at, id) WHERE referrer_id IS NULL;

-- The panel finds members by the beginning of their name. The indexes by first letters are in the order of the list,
-- because one letter may fit a tenth of all members.
CREATE INDEX members_by_name ON members (nickname text_pattern_ops) WHERE nickname <> '';
CREATE INDEX members_by_letter ON members (left(nickname, 1), created_at, id);
CREATE INDEX members_by_letters ON members (left(nickname, 2), created_at, id, nickname text_pattern_ops);

CREATE UNIQUE INDEX bindings_one_open ON bindings (member_id) WHERE valid_to IS NULL;
-- The overview reads two weeks of bindings from the index alone.
CREATE INDEX bindings_by_time ON bindings (valid_from) WHERE how <> 'correction';

ALTER TABLE cart_items ADD CONSTRAINT cart_items_quantity CHECK (quantity BETWEEN 1 AND 999);

-- constraints/operations.sql

CREATE INDEX outbox_due ON outbox (due_at, id) WHERE done_at IS NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

ALTER TABLE notice_credits ADD CONSTRAINT notice_credits_left CHECK (credits >= 0);

CREATE INDEX alarms_unseen ON alarms (id) WHERE seen_at IS NULL;

-- There is one row. Its seal is empty until the first record of the log, or `audit --seal`, sets it.
ALTER TABLE audit_anchor ADD CONSTRAINT audit_anchor_one CHECK (id = 1);
INSERT INTO audit_anchor (id, count, head, seal) VALUES (1, 0, repeat('0', 64), '');

-- constraints/operators.sql

ALTER TABLE operators
  ADD CONSTRAINT operators_role CHECK (role IN ('owner', 'operations', 'finance', 'service', 'auditor')),
  ADD CONSTRAINT operators_state CHECK (state IN ('active', 'disabled'));

-- constraints/orders.sql

ALTER TABLE orders
  ADD CONSTRAINT orders_status CHECK (status IN
    ('pending', 'paid', 'teaming', 'shipped', 'received', 'completed', 'closed', 'refunded')),
  ADD CONSTRAINT orders_kind CHECK (kind IN ('normal', 'group_buy', 'flash_sale', 'points')),
  ADD CONSTRAINT orders_amounts CHECK (items_fen >= 0 AND freight_fen >= 0 AND cash_due_fen >= 0
    AND balance_fen >= withdrawable_fen AND withdrawable_fen >= 0
    AND freight_cash_fen BETWEEN 0 AND LEAST(freight_fen, cash_due_fen)),
  ADD CONSTRAINT orders_never_refund_more CHECK (refunded_cash_fen BETWEEN 0 AND cash_due_fen
    AND refunded_balance_fen BETWEEN 0 AND balance_fen
    AND refunded_freight_fen BETWEEN 0 AND freight_cash_fen),
  ADD CONSTRAINT orders_shipped_by CHECK ((shipped_by IS NULL) = (shipped_at IS NULL)
    AND shipped_by IN ('express', 'own', 'pick_up')),
  ADD CONSTRAINT orders_express CHECK (CASE WHEN shipped_by = 'express'
    THEN company <> '' AND tracking_no <> '' AND company IS NOT NULL AND tracking_no IS NOT NULL
    ELSE company IS NULL AND tracking_no IS NULL END),
  ADD CONSTRAINT orders_points CHECK (points >= 0 AND refunded_points BETWEEN 0 AND points),
  ADD CONSTRAINT orders_paid_has_time CHECK (status IN ('pending', 'closed') OR paid_at IS NOT NULL);
CREATE UNIQUE INDEX orders_transaction ON orders (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE UNIQUE INDEX orders_one_seat ON orders (team_id, member_id) WHERE team_id IS NOT NULL AND status <> 'closed';

-- For the jobs that run at intervals.
CREATE INDEX orders_expiring ON orders (expires_at) WHERE status = 'pending';
-- Placing counts what its member holds unpaid.
CREATE INDEX orders_unpaid ON orders (member_id) WHERE status = 'pending';
CREATE INDEX orders_silent ON orders (check_at) WHERE status = 'pending' AND check_at IS NOT NULL;
CREATE INDEX orders_on_the_way ON orders (shipped_at) WHERE status = 'shipped';
CREATE INDEX orders_received ON orders (received_at) WHERE status = 'received';

-- The panel searches orders by the beginning of their number. Orders to ship have an index of their own.
CREATE INDEX orders_by_number ON orders (order_no text_pattern_ops);
CREATE INDEX orders_to_ship ON orders (id) WHERE status = 'paid' AND NOT virtual;
-- The overview reads two weeks of orders from the index alone.
CREATE INDEX orders_by_payment ON orders (paid_at) INCLUDE (cash_due_fen, balance_fen) WHERE paid_at IS NOT NULL;
-- A commission policy with steps by month adds up what a referrer's friends have paid since the first of the month.
CREATE INDEX orders_referred ON orders (referrer_id, paid_at) WHERE referrer_id IS NOT NULL;
CREATE INDEX orders_of_flash_items ON orders (promotion_id) WHERE kind = 'flash_sale';
CREATE INDEX orders_of_points_goods ON orders (promotion_id) WHERE kind = 'points';

ALTER TABLE order_lines
  ADD CONSTRAINT order_lines_sum CHECK (quantity > 0 AND amount_fen = unit_price_fen * quantity
    AND amount_fen = discount_fen + coupon_fen + points_fen + balance_fen + cash_fen
    AND LEAST(discount_fen, coupon_fen, points_fen, cash_fen) >= 0
    AND withdrawable_fen BETWEEN 0 AND balance_fen),
  ADD CONSTRAINT order_lines_spec CHECK (spec IS JSON OBJECT),
  ADD CONSTRAINT order_lines_promotion CHECK (promotion_fen BETWEEN 0 AND unit_price_fen),
  ADD CONSTRAINT order_lines_points CHECK (points >= 0 AND points_fen >= 0 AND refunded_points BETWEEN 0 AND points),
  ADD CONSTRAINT order_lines_never_refund_more CHECK (refunded_quantity BETWEEN 0 AND quantity
    AND refunded_cash_fen BETWEEN 0 AND cash_fen
    AND refunded_balance_fen BETWEEN 0 AND balance_fen
    AND refunded_withdrawable_fen BETWEEN 0 AND withdrawable_fen);
-- Only pictures that operators uploaded are ever deleted, and not while an order line shows them.
CREATE INDEX order_lines_picture ON order_lines (image) WHERE image LIKE '/media/goods-%';

-- constraints/payments.sql

ALTER TABLE payments
  ADD CONSTRAINT payments_outcome CHECK (outcome IN ('settled', 'after_close', 'twice')),
  ADD CONSTRAINT payments_amount CHECK (amount_fen > 0);
CREATE UNIQUE INDEX payments_settle_once ON payments (order_id) WHERE outcome = 'settled';

ALTER TABLE refunds
  ADD CONSTRAINT refunds_kind CHECK (kind IN ('order', 'stray')),
  ADD CONSTRAINT refunds_state CHECK (state IN
    ('requested', 'returning', 'granting', 'withdrawn', 'rejected', 'approved', 'processing', 'abnormal', 'succeeded')),
  ADD CONSTRAINT refunds_return CHECK (state <> 'returning' OR (return_to IS NOT NULL AND return_by IS NOT NULL)),
  ADD CONSTRAINT refunds_amounts CHECK (cash_fen >= 0 AND withheld_fen >= 0 AND withdrawable_fen >= 0
    AND balance_fen >= withdrawable_fen);
-- A refund that waits for its goods, or for the end of an unpaid order, is open too. An order has at most one open refund.
CREATE UNIQUE INDEX refunds_one_open ON refunds (order_id)
  WHERE kind = 'order' AND state IN ('requested', 'returning', 'granting');
CREATE UNIQUE INDEX refunds_stray_once ON refunds (payment_id) WHERE kind = 'stray';
CREATE INDEX refunds_to_check ON refunds (check_at) WHERE state IN ('approved', 'processing', 'abnormal');
CREATE INDEX refunds_to_decide ON refunds (decide_by) WHERE state IN ('requested', 'returning');
CREATE INDEX refunds_to_come_back ON refunds (return_by) WHERE state = 'returning';
ALTER TABLE refunds
  ADD CONSTRAINT refunds_issued CHECK ((issue_no IS NULL) = (issued_at IS NULL) AND issue_no <> refund_no),
  ADD CONSTRAINT refunds_by_hand CHECK (NOT by_hand OR state = 'succeeded');
ALTER TABLE refund_reissues
  ADD CONSTRAINT refund_reissues_way CHECK ((way, ended) IN
    (('again', 'CLOSED'), ('hand', 'CLOSED'), ('card', 'ABNORMAL'), ('hand', 'ABNORMAL')));
-- A number that WeChat closed is given up once.
CREATE UNIQUE INDEX refund_reissues_given_up ON refund_reissues (before_no) WHERE ended = 'CLOSED';
CREATE INDEX refunds_by_issue ON refunds (issued_at) WHERE issued_at IS NOT NULL;
-- Reconciliation reads the refunds of one day, and those that the bills of that day name.
CREATE INDEX refunds_by_decision ON refunds (decided_at) WHERE decided_at IS NOT NULL;
CREATE INDEX refunds_at_wechat ON refunds (wechat_refund_id) WHERE wechat_refund_id IS NOT NULL;

-- constraints/points.sql

ALTER TABLE point_earnings
  ADD CONSTRAINT point_earnings_state CHECK (state IN ('frozen', 'settled', 'reversed')),
  ADD CONSTRAINT point_earnings_points CHECK (granted > 0 AND base_fen > 0 AND remaining BETWEEN 0 AND granted
    AND (state = 'reversed') = (remaining = 0));
CREATE INDEX point_earnings_due ON point_earnings (release_at) WHERE state = 'frozen';

ALTER TABLE point_credits ADD CONSTRAINT point_credits_points CHECK (points > 0);
CREATE INDEX point_credits_due ON point_credits (ends_at) WHERE NOT settled;
CREATE INDEX point_credits_to_tell ON point_credits (ends_at) WHERE NOT told;

ALTER TABLE check_ins ADD CONSTRAINT check_ins_days CHECK (days > 0 AND points >= 0);

-- constraints/points_goods.sql

ALTER TABLE points_goods
  ADD CONSTRAINT points_goods_points CHECK (points > 0),
  ADD CONSTRAINT points_goods_price CHECK (price_fen >= 0),
  ADD CONSTRAINT points_goods_taken CHECK (taken BETWEEN 0 AND stock),
  ADD CONSTRAINT points_goods_per_member CHECK (per_member > 0);

-- constraints/rebates.sql

ALTER TABLE rule_versions ADD CONSTRAINT rule_versions_budget CHECK (budget_used_fen >= 0);

ALTER TABLE qualifications
  ADD CONSTRAINT qualifications_state CHECK (state IN ('pending', 'held', 'counted', 'consumed', 'void')),
  ADD CONSTRAINT qualifications_consumed CHECK ((state = 'consumed') = (rebate_id IS NOT NULL));
CREATE UNIQUE INDEX qualifications_one_live ON qualifications (referee_id) WHERE state <> 'void';
CREATE INDEX qualifications_rebate ON qualifications (rebate_id) WHERE rebate_id IS NOT NULL;
CREATE INDEX qualifications_on_hold ON qualifications (id) WHERE state = 'held';

ALTER TABLE rebates
  ADD CONSTRAINT rebates_state CHECK (state IN ('frozen', 'settled', 'reversed')),
  ADD CONSTRAINT rebates_pay_as CHECK (pay_as IN ('balance', 'coupon')),
  ADD CONSTRAINT rebates_amount CHECK (whole_fen >= 0 AND granted_fen BETWEEN 0 AND whole_fen);
CREATE UNIQUE INDEX rebates_order_once ON rebates (order_id) WHERE state <> 'reversed';

ALTER TABLE rebate_stages
  ADD CONSTRAINT rebate_stages_state CHECK (state IN ('frozen', 'settled', 'reversed')),
  ADD CONSTRAINT rebate_stages_amount CHECK (amount_fen >= 0 AND position > 0);
CREATE UNIQUE INDEX rebate_stages_once ON rebate_stages (rebate_id, position) WHERE state <> 'reversed';
CREATE INDEX rebate_stages_due ON rebate_stages (release_at) WHERE state = 'frozen' AND release_at IS NOT NULL;

-- constraints/reconciliation.sql

ALTER TABLE reconciliations
  ADD CONSTRAINT reconciliations_state CHECK (state IN ('running', 'clean', 'differences', 'failed'));
ALTER TABLE reconciliation_differences
  ADD CONSTRAINT differences_bill CHECK (bill IN ('trade', 'refund', 'fund')),
  ADD CONSTRAINT differences_kind CHECK (kind IN ('ours_only', 'theirs_only', 'amount', 'state'));

ALTER TABLE reconciliation_asks
  ADD CONSTRAINT reconciliation_asks_state CHECK (state IN ('waiting', 'running', 'done', 'failed'));
-- A day has at most one request that is waiting or running, however often it is asked for.
CREATE UNIQUE INDEX reconciliation_asks_open ON reconciliation_asks (day) WHERE state IN ('waiting', 'running');

-- constraints/withdrawals.sql

ALTER TABLE withdrawals
  ADD CONSTRAINT withdrawals_state CHECK (state IN
    ('requested', 'approved', 'sent', 'confirming', 'paid', 'rejected', 'failed', 'expired', 'cancelled')),
  ADD CONSTRAINT withdrawals_amounts CHECK (payout_fen > 0 AND fee_fen >= 0 AND tax_fen >= 0
    AND amount_fen = payout_fen + fee_fen + tax_fen),
  ADD CONSTRAINT withdrawals_two_pairs_of_eyes CHECK (second_by IS NULL OR second_by <> approved_by);
CREATE INDEX withdrawals_to_review ON withdrawals (id) WHERE state = 'requested';
CREATE INDEX withdrawals_to_ask ON withdrawals (check_at) WHERE check_at IS NOT NULL;
-- Reconciliation reads the withdrawals of one day, and those that the bills of that day name.
CREATE INDEX withdrawals_by_end ON withdrawals (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX withdrawals_at_wechat ON withdrawals (wechat_bill_no) WHERE wechat_bill_no IS NOT NULL;
"""

DOWN = r"""
DROP FUNCTION settle_write, order_place, ledger_post_json, stage_held, settle_facts, listed, ledger_post, group_buy_take, flash_sale_settle, flash_sale_release, unpaid_refuse, stock_move, refund_holds, points_take, outbox_put, on_shelf, of_value, ledger_roll_up, ledger_refuse_excess, ledger_owner, idempotency_put, handed_out, group_buy_refuse, flash_sale_take, chain_at;
DROP TABLE skus, flash_units, teams, refund_reissues, refund_lines, reconciliation_differences, rebate_stages, qualifications, products, order_lines, operator_sessions, group_buy_skus, flash_items, withdrawals, touches, stacking_versions, shop_policy, shares, security_events, scheduler_runs, rule_versions, return_choices, refunds, reconciliations, reconciliation_asks, rebates, points_goods, point_earnings, point_credits, pending_bindings, payments, payment_notices, outbox, orders, operators, notice_templates, notice_credits, members, member_levels, limit_uses, levels, level_changes, ledger_lines, ledger_entries, ledger_deltas, ledger_accounts, idempotency_keys, growth_entries, group_buys, freight_templates, flash_tallies, flash_sales, field_keys, exports, coupons, coupon_templates, coupon_issues, coupon_issue_members, commissions, commission_versions, check_ins, categories, cart_items, card_keys, bindings, audit_runs, audit_log, audit_anchor, approvals, alarms, addresses;
DROP FUNCTION ledger_refuse_unbalanced, ledger_refuse_edit, growth_refuse_edit, audit_log_refuse_edit;
"""

FINGERPRINT = "9006f8ef528b660584bee9808a87d2ac509a9c1fdddff7e04206c4ba8cde3778"
"""The database keeps it, so that one that another initial migration made is recognised, see server/schema.py."""

KEEP = f"COMMENT ON TABLE tortoise_migrations IS '{FINGERPRINT}'"
FORGET = "COMMENT ON TABLE tortoise_migrations IS NULL"


class Migration(migrations.Migration):
    initial = True
    operations = [ops.RunSQL([UP, KEEP], [DOWN, FORGET])]
