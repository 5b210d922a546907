"""Orders after payment: views, shipping, receipt, refunds, returns; teams that end."""
