DROP INDEX orders_referred;
