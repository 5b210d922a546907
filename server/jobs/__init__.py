"""Background work: a job unpacks its arguments and makes one service call. Its outbox row is the only record of it."""
