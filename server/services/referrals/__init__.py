"""Shares, what they led to, logging in by them, and who referred whom."""
