"""What operators see and do, one file per noun."""
