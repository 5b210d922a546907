"""Background work: unpack, one service call. The truth of every job is its outbox row."""
