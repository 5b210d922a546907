"""The schema's version and the rights of the application's role: migrate, grant, and the checks before a start."""

from importlib import import_module

import asyncpg
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.graph import MigrationKey

from server import db
from server.core.advisory import Advisory
from server.core.unfit import UnfitDatabaseError, UnfitRoleError
from server.models import rights

EMPTY = "__first__"
"""The target that means "before the first migration"."""

_FIRST = MigrationKey(app_label="models", name="0001_initial")


def _executor() -> MigrationExecutor:
    return MigrationExecutor(get_connection("default"), db.config("postgres://nobody@nowhere/nothing")["apps"])


async def migrate(owner_url: str, database_url: str, target: str = "__latest__") -> list[str]:
    """Migrate the database to `target` (`__latest__`, a migration's name, or `EMPTY`) and return the steps taken.

    The owner's role makes everything. The role of `database_url`, the application's, then has the rights of
    `models/rights.py` and no others. Waits without a limit while another process migrates. Safe to repeat. Manages its
    own connections, so this process must not have an open pool. Raises UnfitRoleError and UnfitDatabaseError before it
    changes anything.
    """
    role = await _role_of(database_url)
    guard = await asyncpg.connect(owner_url)
    try:
        if await guard.fetchval("SELECT pg_has_role($1, current_user, 'MEMBER')", role):
            raise UnfitRoleError("the same as of DATABASE_OWNER_URL")
        await db.hold(guard, Advisory.MIGRATIONS)  # several processes may start at once; only one migrates
        await db.connect(owner_url, pool_size=2, patient=True)  # building an index on a large table takes minutes
        try:
            await refuse_unfit()
            executor = _executor()
            goal = [MigrationTarget(app_label="models", name=target)]
            steps = [step.migration.name for step in await executor.plan(goal)]
            await executor.migrate(goal)
            await grant(guard, role)
            return steps
        finally:
            await db.disconnect()
    finally:
        await guard.close()


async def pending() -> list[str]:
    """Return the names of migrations that this database lacks, in order. Needs a connected pool."""
    return [step.migration.name for step in await _executor().plan()]


async def refuse_unfit() -> None:
    """Raise UnfitDatabaseError when another initial migration made the database. Needs a connected pool.

    The name of the initial migration proves nothing, because until the first release the migration is generated again
    under the same name. So the database stores a fingerprint of the migration that made it. An empty database is
    accepted. A database that a later version migrated further is accepted too, because processes of this version still
    start during the rollout of the later one.
    """
    if _FIRST not in await _executor().recorder.applied_migrations():
        return
    kept = await db.fetch_value("SELECT obj_description('tortoise_migrations'::regclass, 'pg_class')")
    if kept != import_module(f"{db.MIGRATIONS}.{_FIRST.name}").FINGERPRINT:
        raise UnfitDatabaseError


_ROLE = """
WITH tables AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p'))
SELECT why FROM (VALUES
  (1, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user), 'superuser'),
  (2, (SELECT rolcreaterole FROM pg_roles WHERE rolname = current_user), 'CREATEROLE'),
  (3, (SELECT pg_has_role(datdba, 'MEMBER') FROM pg_database WHERE datname = current_database()), 'owns the database'),
  (4, has_schema_privilege('public', 'CREATE'), 'CREATE in schema public'),
  (5, EXISTS (SELECT FROM tables WHERE pg_has_role(relowner, 'MEMBER')), 'owns tables'),
  (6, EXISTS (SELECT FROM tables WHERE relname = ANY ($1::text[])
      AND has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')
    OR relname = ANY ($2::text[]) AND has_table_privilege(oid, 'INSERT')), 'changes the books or the logs'),
  (7, EXISTS (SELECT FROM tables WHERE relname = 'tortoise_migrations' AND NOT has_table_privilege(oid, 'SELECT')),
    'no rights yet, run `migrate`')
) AS found (n, wrong, why) WHERE wrong ORDER BY n LIMIT 1
"""


async def unfit_role() -> str | None:
    """Return why the role of this process does not fit: it could change the books, or it may not even read yet.

    Needs a connected pool. Raises Busy.
    """
    why: str | None = await db.fetch_value(_ROLE, rights.PROTECTED, rights.WRITTEN_BY_FUNCTIONS)
    return why


async def refuse_unfit_role() -> None:
    """Raise UnfitRoleError for a role that does not fit. Needs a connected pool. Raises Busy."""
    if why := await unfit_role():
        raise UnfitRoleError(why)


async def _role_of(database_url: str) -> str:
    connection = await asyncpg.connect(database_url)
    try:
        return str(await connection.fetchval("SELECT current_user"))
    finally:
        await connection.close()


_OURS = """
SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, quote_ident(relname) AS name, relname AS bare
  FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S')
    AND pg_get_userbyid(relowner) = current_user
UNION ALL SELECT 'FUNCTION', oid::regprocedure::text, proname
  FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND pg_get_userbyid(proowner) = current_user
"""


async def grant(owner: db.Connection, role: str) -> None:
    """Give a role the rights of `models/rights.py` to everything in the database now, and take all others from it.

    Nobody else may call our functions, because some of them run with the rights of the owner.
    """
    usual = {"SEQUENCE": "USAGE", "FUNCTION": "EXECUTE"}
    role = await owner.fetchval("SELECT quote_ident($1)", role)
    async with owner.transaction():
        statements = ["REVOKE CREATE ON SCHEMA public FROM PUBLIC", f"GRANT USAGE ON SCHEMA public TO {role}"]
        for kind, name, bare in await owner.fetch(_OURS):
            allowed = usual.get(kind) or ", ".join(("SELECT", *rights.RIGHTS.get(bare, ())))
            statements.append(f"REVOKE ALL ON {kind} {name} FROM PUBLIC, {role}")
            statements.append(f"GRANT {allowed} ON {kind} {name} TO {role}")
        await owner.execute("; ".join(statements))
