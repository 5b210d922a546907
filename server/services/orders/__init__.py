"""Orders once they are paid: shown, shipped, received, refunded, returned; teams that end."""
