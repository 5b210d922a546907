"""The books. `chart` and `entries` are pure, `book` writes, `statement` and `browser` read, `audit` proves."""
