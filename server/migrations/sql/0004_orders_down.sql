DROP FUNCTION settle_write(jsonb);
DROP FUNCTION settle_facts(text, text, text, text, bigint, timestamptz);
DROP FUNCTION order_place(jsonb);
DROP FUNCTION idempotency_put(bigint, text, text, text, integer, text, timestamptz);
DROP FUNCTION ledger_post_json(jsonb);
DROP FUNCTION outbox_put(jsonb, timestamptz);
DROP FUNCTION stock_move(jsonb, text, text, timestamptz);
