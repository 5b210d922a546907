"""Points: earned, given, taken back, expiring; and the daily check-in."""
