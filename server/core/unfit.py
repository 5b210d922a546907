"""An error of commands, not a refusal: members never see it."""


class UnfitDatabaseError(Exception):
    """The database was made by another initial migration, so it cannot be migrated to this version."""

    def __init__(self) -> None:
        super().__init__(
            "数据库是旧版本建的，不能迁移：请用空的数据库，或用 `./scripts/run --fresh` 重新开始，旧数据会留在旁边"
            " an earlier version made this database, which cannot be migrated: use an empty one, or start anew with"
            " `./scripts/run --fresh`, which keeps the old data aside"
        )
