"""Withdrawals: asked for, decided, sent through WeChat, shown."""
