"""Shares and their results, login through them, and who referred whom."""
