"""What a command must not be started on. It is no refusal: no member ever meets it."""


class UnfitDatabaseError(Exception):
    """Another initial migration made the database, so no step leads from it to here."""

    def __init__(self) -> None:
        super().__init__(
            "数据库是旧版本建的，不能迁移：请用空的数据库，或用 `./scripts/run --fresh` 重新开始，旧数据会留在旁边"
            " an earlier version made this database, which cannot be migrated: use an empty one, or start anew with"
            " `./scripts/run --fresh`, which keeps the old data aside"
        )
