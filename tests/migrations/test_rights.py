"""The application's role has the rights that models/rights.py declares and no others; one that has more is refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from server import db, models, schema
from server.core.unfit import UnfitRoleError
from server.models.rights import ADDED_TO, CHANGED, CLEARED, PROTECTED, RIGHTS, WRITTEN_BY_FUNCTIONS
from tests.support.catalogue import catalogue
from tests.support.databases import administer

_TABLES = """
SELECT c.relname, array_remove(ARRAY(SELECT p FROM unnest($2::text[]) p WHERE has_table_privilege($1, c.oid, p)), NULL)
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
"""
_VERBS = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
_OTHERS = """
SELECT ARRAY[
  (SELECT bool_and(has_sequence_privilege($1, oid, 'USAGE')) AND NOT bool_or(has_sequence_privilege($1, oid, 'UPDATE'))
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'),
  (SELECT bool_and(has_function_privilege($1, oid, 'EXECUTE')) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace),
  has_schema_privilege($1, 'public', 'USAGE') AND NOT has_schema_privilege($1, 'public', 'CREATE'),
  NOT EXISTS (SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND a.attacl IS NOT NULL)]
"""
_OF_EVERYBODY = """
SELECT proname FROM pg_proc, aclexplode(COALESCE(proacl, acldefault('f', proowner))) x
  WHERE pronamespace = 'public'::regnamespace AND x.grantee = 0
UNION ALL SELECT relname FROM pg_class, aclexplode(relacl) x
  WHERE relnamespace = 'public'::regnamespace AND x.grantee = 0
"""


@pytest.fixture
def role(own_database_url: str) -> str:
    return urlsplit(own_database_url).username or ""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def held(url: str, role: str) -> dict[str, list[str]]:
    async with connected(url) as owner:
        assert await owner.fetchval(_OTHERS, role) == [True] * 4
        assert await owner.fetch(_OF_EVERYBODY) == []
        return {name: sorted(verbs) for name, verbs in await owner.fetch(_TABLES, role, _VERBS)}


def declared() -> dict[str, list[str]]:
    found = {table: sorted(("SELECT", *verbs)) for table, verbs in RIGHTS.items()}
    return found | {"tortoise_migrations": ["SELECT"]}


def test_each_table_is_in_one_list() -> None:
    lists = [*WRITTEN_BY_FUNCTIONS, *ADDED_TO, *CHANGED, *CLEARED]
    assert sorted(lists) == sorted({getattr(models, name)._meta.db_table for name in models.__all__})
    assert set(PROTECTED) <= {*WRITTEN_BY_FUNCTIONS, *ADDED_TO}


async def test_the_role_has_what_is_declared(own_owner_url: str, role: str) -> None:
    assert await held(own_owner_url, role) == declared()


async def test_what_was_given_by_hand_is_taken_by_the_next_migrate(
    own_owner_url: str, own_database_url: str, role: str
) -> None:
    await administer(own_owner_url, f"GRANT ALL ON ledger_lines, members TO {role}; GRANT SELECT ON orders TO PUBLIC")
    await administer(
        own_owner_url, f"REVOKE ALL ON outbox FROM {role}; GRANT EXECUTE ON FUNCTION ledger_roll_up TO PUBLIC"
    )
    assert await schema.migrate(own_owner_url, own_database_url) == []
    assert await held(own_owner_url, role) == declared()


_REFUSED = [
    *(f"{verb} {table}" for table in PROTECTED for verb in ("DELETE FROM", "TRUNCATE")),
    *(f"UPDATE {table} SET id = id" for table in PROTECTED),
    *(f"INSERT INTO {table} DEFAULT VALUES" for table in WRITTEN_BY_FUNCTIONS),
    *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in ("ledger_lines", "audit_log", "members")),
    *("DELETE FROM orders", "DELETE FROM members", "TRUNCATE outbox", "DELETE FROM audit_anchor"),
    *("DROP TABLE ledger_lines", "DROP FUNCTION ledger_roll_up", "DROP TRIGGER ledger_lines_immutable ON ledger_lines"),
    *("CREATE TABLE mine (id int)", "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    "CREATE TRIGGER mine BEFORE INSERT ON orders EXECUTE FUNCTION ledger_refuse_edit()",
    "CREATE RULE mine AS ON INSERT TO audit_log DO INSTEAD NOTHING",
    "CREATE OR REPLACE FUNCTION ledger_roll_up(p_limit integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "ALTER FUNCTION ledger_roll_up SECURITY INVOKER",
    "SET session_replication_role = 'replica'",
    "SELECT setval('ledger_entries_id_seq', 1)",
    "LOCK TABLE ledger_entries IN ACCESS EXCLUSIVE MODE",
    "UPDATE tortoise_migrations SET name = name",
]


@pytest.mark.parametrize("statement", _REFUSED)
async def test_the_application_cannot(database: str, statement: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as refused:
        async with db.transaction() as tx:
            await tx.execute(statement)
    assert refused.value.sqlstate == "42501", refused.value  # insufficient_privilege


async def test_it_cannot_become_the_owner(database: str, owner: asyncpg.Connection) -> None:
    name = await owner.fetchval("SELECT quote_ident(current_user)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.fetch(f"SET ROLE {name}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.fetch(f"GRANT {name} TO CURRENT_USER")


async def test_a_temporary_table_does_not_stand_in_for_the_books(database: str, owner: asyncpg.Connection) -> None:
    """A function that runs as the owner finds its tables in `public` only."""
    found = await owner.fetch("SELECT proname, proconfig FROM pg_proc WHERE prosecdef ORDER BY 1")
    assert [tuple(row) for row in found] == [
        ("ledger_post", ["search_path=public, pg_temp"]),
        ("ledger_roll_up", ["search_path=public, pg_temp"]),
    ]
    async with db.transaction() as tx:
        await tx.execute("CREATE TEMP TABLE ledger_entries (LIKE public.ledger_entries) ON COMMIT DROP")
        lines = """[{"m": 0, "a": "wechat_cash", "s": "", "c": "CNY", "d": true, "v": -5},
            {"m": 0, "a": "sales", "s": "", "c": "CNY", "d": false, "v": 5}]"""
        await tx.fetch("SELECT ledger_post('k', 'order_paid', 'h', now(), now(), '', '', NULL, $1)", lines)
    assert await db.fetch_value("SELECT key FROM public.ledger_entries") == "k"


_MAY_CREATE = "GRANT CREATE ON SCHEMA public TO {role}"
_OWNS = "owns tables"


async def refusal(url: str) -> str | None:
    await db.connect(url, pool_size=1)
    try:
        return await schema.unfit_role()
    finally:
        await db.disconnect()


async def test_a_role_that_fits(own_database_url: str) -> None:
    assert await refusal(own_database_url) is None
    await db.connect(own_database_url, pool_size=1)
    try:
        await schema.refuse_unfit_role()
    finally:
        await db.disconnect()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (_MAY_CREATE, "CREATE in schema public"),
        (f"{_MAY_CREATE}; ALTER TABLE touches OWNER TO {{role}}; REVOKE CREATE ON SCHEMA public FROM {{role}}", _OWNS),
        ("GRANT UPDATE ON ledger_lines TO {role}", "changes the books or the logs"),
        ("GRANT TRIGGER ON audit_log TO PUBLIC", "changes the books or the logs"),
        ("GRANT INSERT ON ledger_entries TO {role}", "changes the books or the logs"),
        ("REVOKE ALL ON tortoise_migrations FROM {role}", "no rights yet, run `migrate`"),
    ],
)
async def test_a_role_that_does_not_fit(
    own_owner_url: str, own_database_url: str, role: str, given: str, why: str
) -> None:
    await administer(own_owner_url, given.format(role=role))
    assert await refusal(own_database_url) == why


async def test_the_owner_is_no_role_for_the_application(own_owner_url: str) -> None:
    assert await refusal(own_owner_url) is not None
    await db.connect(own_owner_url, pool_size=1)
    try:
        with pytest.raises(UnfitRoleError, match="DATABASE_URL: "):
            await schema.refuse_unfit_role()
    finally:
        await db.disconnect()


async def test_the_owner_gets_no_rights_of_the_application(empty_database: str) -> None:
    before = await catalogue(empty_database)
    with pytest.raises(UnfitRoleError, match="the same as of DATABASE_OWNER_URL"):
        await schema.migrate(empty_database, empty_database)
    assert await catalogue(empty_database) == before
