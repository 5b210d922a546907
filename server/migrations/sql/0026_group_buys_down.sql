DROP FUNCTION group_buy_take;
DROP FUNCTION group_buy_refuse;
DROP INDEX orders_one_seat;
DROP INDEX group_buys_running;
DROP INDEX teams_to_join;
DROP INDEX teams_closing;
ALTER TABLE teams DROP CONSTRAINT teams_seats, DROP CONSTRAINT teams_state;
ALTER TABLE group_buy_skus DROP CONSTRAINT group_buy_skus_price;
ALTER TABLE group_buys DROP CONSTRAINT group_buys_taken, DROP CONSTRAINT group_buys_terms;
