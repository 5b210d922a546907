"""Names of sealed columns: the cipher binds what it seals to the name, so each stands once for all who read it."""

PHONE_COLUMN = "members.phone"
"""The phone number of a member, sealed and as a blind index."""
