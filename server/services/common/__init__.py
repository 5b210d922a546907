"""What all services use: alarms, the audit log, lists, cursors, locks, limits, idempotency keys."""
