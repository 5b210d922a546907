"""Tuisan Mall (推三返一商城): see README.md for what it is and docs/decisions/ for why it is so."""
