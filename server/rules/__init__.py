"""The business rules as pure, synchronous functions on plain values."""
