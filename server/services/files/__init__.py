"""Pictures, sheets, operators' files and answers that are kept for a moment."""
