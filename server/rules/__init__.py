"""The business rules of rules.md as pure, synchronous functions on plain values."""
