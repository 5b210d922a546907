"""Points: how they are earned, given, taken back and expire; and the daily check-in."""
