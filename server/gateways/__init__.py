"""Everything outside the house stands behind a port here."""
