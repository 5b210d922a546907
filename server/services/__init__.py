"""Use cases: each opens one transaction, never around a gateway call."""
