"""Ports to everything outside the application, and their implementations."""
