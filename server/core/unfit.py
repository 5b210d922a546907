"""Errors of commands, not refusals: members never see them."""


class UnfitDatabaseError(Exception):
    """The database was made by another initial migration, so it cannot be migrated to this version."""

    def __init__(self) -> None:
        super().__init__(
            "数据库是旧版本建的，不能迁移：请用空的数据库，或用 `./scripts/run --fresh` 重新开始，旧数据会留在旁边"
            " an earlier version made this database, which cannot be migrated: use an empty one, or start anew with"
            " `./scripts/run --fresh`, which keeps the old data aside"
        )


class UnfitKeysError(Exception):
    """FIELD_KEYS lacks a key with which this database was written, or another one is the oldest."""

    def __init__(self) -> None:
        super().__init__(
            "FIELD_KEYS: 不是这个数据库的密钥：用过的密钥要全部列出，最旧的放在最后"
            " not the keys of this database: every key that was ever used must be listed, the oldest one last"
        )


class UnfitRoleError(Exception):
    """The role of DATABASE_URL may do what only the owner of the tables may, or nothing at all; `why` says what."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"DATABASE_URL: 应用的数据库角色不合要求（{why}）：请按 docs/guides/database.md 建立两个角色"
            f" not a role for the application ({why}): make two roles as docs/guides/database.md says"
        )
