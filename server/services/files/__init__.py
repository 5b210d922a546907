"""Pictures, sheets, operators' files, and a short-lived cache of answers."""
