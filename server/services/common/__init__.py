"""What every room uses: alarms, the log of operators, lists, cursors, limits, keys of repeated calls."""
