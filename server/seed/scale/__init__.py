"""A year of a large shop, made in minutes: what long lists, searches and proofs are tried on. Never in production."""
