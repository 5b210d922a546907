"""Reads the SQL that belongs to a migration."""

from pathlib import Path


def sql(name: str) -> str:
    """The text of `<name>.sql` here; such a file is as immutable as the migration that uses it."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
