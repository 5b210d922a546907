"""Access to PostgreSQL: Tortoise's configuration, `transaction()` and reads in SQL.

This module is also the Tortoise engine (`client_class`). Its client returns a connection to the pool even when a
request is cancelled during BEGIN; the stock client leaks it (tortoise 1.1.9).
"""

import functools
import itertools
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias, TypeVar
from urllib.parse import unquote, urlsplit

import asyncpg
import msgspec
import orjson
from tortoise import Tortoise
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext, TransactionContextPooled
from tortoise.connection import get_connections

from server.core.advisory import Advisory
from server.core.errors import Busy, Refusal, by_code

Connection: TypeAlias = asyncpg.Connection
"""What `transaction()` yields: `fetch`, `fetchrow`, `fetchval`, `execute`. ORM calls in the block use the same
transaction."""

ACQUIRE_TIMEOUT_S = 5.0
MODELS = "server.models"
MIGRATIONS = "server.migrations"

_BUSY = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server died in the middle of an answer on this connection
    ConnectionError,
    TimeoutError,
)
_REFUSAL_STATE = "TM422"
"""SQLSTATE of refusals raised by our SQL functions: the message is the refusal's code, the detail is JSON."""

log = logging.getLogger("tuisan.db")
_inside: ContextVar[bool] = ContextVar("inside_transaction", default=False)


class _Transaction(TransactionContextPooled):
    """A pooled transaction that returns its connection to the pool whatever happens during BEGIN."""

    async def __aenter__(self) -> Any:  # noqa: ANN401 - Tortoise's own type
        await self.ensure_connection()
        pool = self.client._parent._pool  # noqa: SLF001 - no public way to the pool
        connection = await pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        try:
            self.client._connection = connection  # noqa: SLF001 - as the stock context does
            await self.client.begin()
        except BaseException:
            await pool.release(connection)
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client


class SafeClient(AsyncpgDBClient):
    """Tortoise's asyncpg client, with transactions that survive cancellation."""

    def _in_transaction(self) -> TransactionContext:
        return _Transaction(TransactionWrapper(self), self._pool_init_lock)


class _PlainConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that is not reset on each return to the pool, which saves one round trip per use.

    This is safe: nothing here leaves session state behind, and the pool still rolls back an open transaction.
    """

    def get_reset_query(self) -> str:
        return ""


client_class = SafeClient
"""Tortoise uses this module as its engine and looks up this name."""


def config(database_url: str, pool_size: int = 10, *, patient: bool = False) -> dict[str, Any]:
    """Return Tortoise's configuration for a `postgres://user:password@host:port/name` URL.

    With `patient`, statements have no time limit.
    """
    url = urlsplit(database_url)
    credentials = {
        "host": url.hostname,
        "port": url.port or 5432,
        "user": unquote(url.username or ""),
        "password": unquote(url.password or ""),
        "database": url.path.lstrip("/"),
        "minsize": 1,
        "maxsize": pool_size,
        "timeout": 10,
        "command_timeout": None if patient else 30,
        "connection_class": _PlainConnection,
        "server_settings": {
            "statement_timeout": "0" if patient else "15000",
            "lock_timeout": "8000",
            "idle_in_transaction_session_timeout": "20000",
            "jit": "off",
        },
    }
    return {
        "connections": {"default": {"engine": "server.db", "credentials": credentials}},
        "apps": {"models": {"models": [MODELS], "default_connection": "default", "migrations": MIGRATIONS}},
        "use_tz": True,
        "timezone": "UTC",
    }


async def connect(database_url: str, pool_size: int = 10, *, patient: bool = False) -> None:
    """Create the pool of this process and close the old one. The first query opens the first connection.

    For `patient` see `config`.
    """
    await disconnect()
    forget_identity()
    await Tortoise.init(config=config(database_url, pool_size, patient=patient), _enable_global_fallback=True)


async def disconnect() -> None:
    """Close the pool."""
    await Tortoise.close_connections()


def _client() -> Any:  # noqa: ANN401 - Tortoise's client, untyped
    return get_connections().get("default")


_identities = itertools.count(1)
_identity = 0


def identity() -> int:
    """Return the key for everything this process caches about its database; it changes with each `connect`."""
    return _identity


def forget_identity() -> None:
    """Take a new identity, which invalidates every cache: the pool now leads to a database with other contents."""
    global _identity  # noqa: PLW0603 - a process has one pool, and the pool one identity
    _identity = next(_identities)


async def place() -> str:
    """Return what tells this database from every other one: its cluster and its name."""
    found = await fetch_value("SELECT system_identifier || '/' || current_database() FROM pg_control_system()")
    return str(found)


@asynccontextmanager
async def transaction() -> AsyncIterator[Connection]:
    """Open one transaction, commit it at the end of the block and roll it back on any exception.

    Raises RuntimeError when nested: a use case opens exactly one transaction. Raises the refusal `Busy` when the
    database cannot serve now (pool exhausted, lock or statement timeout, deadlock, restart), even if that shows only at
    COMMIT; the caller may then retry the whole use case. A refusal raised by one of our SQL functions is raised as its
    own type.
    """
    if _inside.get():
        msg = "transaction() inside a transaction: use cases call steps, not other use cases"
        raise RuntimeError(msg)
    token = _inside.set(True)
    try:
        with _translated():
            async with _client()._in_transaction() as client:  # noqa: SLF001 - the only door
                yield client._connection  # noqa: SLF001 - the asyncpg connection itself: no translation, no overhead
    finally:
        _inside.reset(token)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _BUSY as error:
        log.warning("the database cannot serve now: %r", error)
        raise Busy from error
    except asyncpg.PostgresError as error:
        if error.sqlstate == _REFUSAL_STATE:
            raise _refusal(error) from error
        raise


def _refusal(error: asyncpg.PostgresError) -> Refusal:
    return by_code(error.message)(**orjson.loads(error.detail or "{}"))


async def _pool() -> asyncpg.Pool:
    client = _client()
    if not client._pool:  # noqa: SLF001 - no public way to the pool
        await _Transaction(TransactionWrapper(client), client._pool_init_lock).ensure_connection()  # noqa: SLF001
    pool: asyncpg.Pool = client._pool  # noqa: SLF001
    return pool


@asynccontextmanager
async def connection() -> AsyncIterator[Connection]:
    """Yield a connection for reads or for a use case of one statement; inside a transaction, the transaction's own.

    Errors are translated as in `transaction()`.
    """
    if _inside.get():
        yield _client()._connection  # noqa: SLF001 - as in transaction()
        return
    with _translated():
        pool = await _pool()
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as acquired:
            yield acquired


async def fetch(sql: str, *args: Any) -> list[asyncpg.Record]:  # noqa: ANN401 - SQL parameters
    """Return all rows of a reading statement, outside any transaction. Raises Busy."""
    async with connection() as reader:
        return await reader.fetch(sql, *args)  # type: ignore[no-any-return]


async def fetch_row(sql: str, *args: Any) -> asyncpg.Record | None:  # noqa: ANN401 - SQL parameters
    """Return the first row, or None. Raises Busy."""
    async with connection() as reader:
        return await reader.fetchrow(sql, *args)


async def fetch_value(sql: str, *args: Any) -> Any:  # noqa: ANN401 - SQL parameters and a single value
    """Return the first column of the first row, or None. Raises Busy."""
    async with connection() as reader:
        return await reader.fetchval(sql, *args)


_Row = TypeVar("_Row", bound=msgspec.Struct)


def typed(row: asyncpg.Record, kind: type[_Row]) -> _Row:
    """Decode a row into `kind` by the names of its columns. A column that `kind` does not name is left out.

    A `kind` that forbids unknown fields refuses such a column. A JSON column is decoded for a field that is a struct, a
    list, a tuple or a dict; for a field `str` it stays text. Raises msgspec.ValidationError: the statement and `kind`
    disagree.
    """
    values = dict(row)
    for name, decoder in _json_fields(kind).items():
        if isinstance(text := values.get(name), str):  # None stays None, and an array of PostgreSQL is a list already
            values[name] = decoder.decode(text)
    return msgspec.convert(values, kind)


@functools.cache
def _json_fields(kind: type[msgspec.Struct]) -> dict[str, msgspec.json.Decoder[Any]]:
    return {
        field.name: msgspec.json.Decoder(field.type)
        for field in msgspec.structs.fields(kind)
        if _composed(msgspec.inspect.type_info(field.type))
    }


_COMPOSED = (
    msgspec.inspect.CollectionType,
    msgspec.inspect.TupleType,
    msgspec.inspect.DictType,
    msgspec.inspect.StructType,
    msgspec.inspect.DataclassType,
)


def _composed(found: msgspec.inspect.Type) -> bool:
    parts = found.types if isinstance(found, msgspec.inspect.UnionType) else (found,)
    return any(isinstance(part, _COMPOSED) for part in parts)


@functools.cache
def columns(kind: type[msgspec.Struct], of: str = "") -> str:
    """Return the columns that `kind` needs, for a SELECT list: "id, state", or "o.id, o.state" with `of="o"`."""
    return ", ".join(f"{of}.{name}" if of else name for name in kind.__struct_fields__)


async def hold(guard: Connection, number: Advisory) -> None:
    """Wait for an advisory lock and keep it until `let_go`, or until the connection closes."""
    await guard.execute("SELECT pg_advisory_lock($1)", number)


async def let_go(guard: Connection, number: Advisory) -> None:
    """Release an advisory lock of this connection."""
    await guard.execute("SELECT pg_advisory_unlock($1)", number)


@asynccontextmanager
async def snapshot(*, scratch: bool = False, of: Connection | None = None) -> AsyncIterator[Connection]:
    """Open a read-only REPEATABLE READ transaction: a consistent view of the live database, without stopping writes.

    With `scratch` it may make temporary tables. With `of` it sees what that open snapshot sees.
    """
    async with connection() as reader, reader.transaction(isolation="repeatable_read", readonly=not scratch):
        if of is not None:
            seen = await of.fetchval("SELECT pg_export_snapshot()")
            await reader.execute(f"SET TRANSACTION SNAPSHOT '{seen}'")
        await reader.execute("SET LOCAL statement_timeout = 0")
        yield reader
