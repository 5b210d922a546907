"""Names of sealed columns. The cipher binds a value to its column's name, so all users share one constant."""

PHONE_COLUMN = "members.phone"
"""A member's phone number, both sealed and as a blind index."""
