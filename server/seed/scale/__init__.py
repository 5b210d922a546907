"""A year of a large shop, made in minutes, to try long lists, searches and proofs. Never for production."""
