"""Withdrawals: request, decide, send through WeChat, show."""
