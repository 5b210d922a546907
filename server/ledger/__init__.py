"""The books: chart and entries are pure, book writes, statement reads, audit proves."""
