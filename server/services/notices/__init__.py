"""Subscription messages to members, and the events that WeChat pushes."""
