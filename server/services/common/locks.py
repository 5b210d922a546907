"""All locks on members, orders and teams, and all advisory locks of a transaction.

Locks are always taken in this order: advisory, members (ascending id), payment, order, team, qualification and rebate,
stock, coupon, wallet, budget. `tests/support/lock_order.py` checks it. `FOR NO KEY UPDATE` lets other transactions
insert rows that refer to the locked row. A wallet has no lock of its own: the ledger writes it under its member's lock.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypeAlias, TypeVar

import asyncpg
import msgspec

from server import db
from server.core.advisory import Advisory
from server.core.errors import NotFound
from server.db import Connection
from server.rules.orders import OrderKind, OrderStatus
from server.rules.promotions import PromotedOrder

ROWS = "FOR NO KEY UPDATE"
"""The end of a statement that fetches and locks in one round trip."""

Table: TypeAlias = Literal["coupon_issues", "coupon_templates", "operators", "qualifications", "rebates"]
_Row = TypeVar("_Row", bound=msgspec.Struct)
Owned: TypeAlias = Literal["order", "order_no", "rebate", "withdrawal_no"]

_MEMBER = f"SELECT state FROM members WHERE id = $1 {ROWS}"  # noqa: S608 - our own text
_OWNER: dict[str, str] = {
    what: f"SELECT state FROM members WHERE id = (SELECT member_id FROM {table} WHERE {column} = $1) {ROWS}"  # noqa: S608 - our own names
    for what, table, column in (
        ("order", "orders", "id"),
        ("order_no", "orders", "order_no"),
        ("rebate", "rebates", "id"),
        ("withdrawal_no", "withdrawals", "withdrawal_no"),
    )
}
_TEAM = f"SELECT FROM teams WHERE id = $1 {ROWS}"


class LockedOrder(PromotedOrder, frozen=True):
    """An order as it is under its lock: what decides about its money, and whose it is."""

    order_no: str
    member_id: int
    kind: OrderKind
    status: OrderStatus
    virtual: bool
    coupon_id: int | None
    points: int
    balance_fen: int
    withdrawable_fen: int
    freight_fen: int
    freight_cash_fen: int
    prepay_started_at: datetime | None
    received_at: datetime | None
    rule_version: int | None
    referrer_id: int | None


_ORDER = f"SELECT {db.columns(LockedOrder)} FROM orders WHERE id = $1 {ROWS}"  # noqa: S608 - our own names
_ORDER_NO = f"SELECT {db.columns(LockedOrder)} FROM orders WHERE order_no = $1 {ROWS}"  # noqa: S608 - our own names


async def alone(tx: Connection, number: Advisory) -> None:
    """Take this advisory lock exclusively: wait until it is free, and hold it until the transaction ends."""
    await tx.execute("SELECT pg_advisory_xact_lock($1)", number)


SHARED = "pg_advisory_xact_lock_shared($1)"
"""A column that takes the advisory lock $1 in shared mode, for a statement that also reads."""


async def member(tx: Connection, member_id: int) -> str | None:
    """Lock a member; return its state under the lock, or None if there is no such member."""
    state: str | None = await tx.fetchval(_MEMBER, member_id)
    return state


class _State(msgspec.Struct, frozen=True):
    """A member's state."""

    id: int
    state: str


async def members(tx: Connection, member_ids: Iterable[int | None]) -> dict[int, str]:
    """Lock members by ascending id; return the state of each existing one by id. A None among the ids is skipped."""
    return {row.id: row.state for row in await member_rows(tx, member_ids, _State)}


async def member_rows(tx: Connection, member_ids: Iterable[int | None], kind: type[_Row]) -> list[_Row]:
    """Lock members by ascending id; return the columns of `kind`, in that order. A None among the ids is skipped."""
    wanted = [member_id for member_id in member_ids if member_id is not None]
    rows = await tx.fetch(
        f"SELECT {db.columns(kind)} FROM members WHERE id = ANY ($1::bigint[]) ORDER BY id {ROWS}",  # noqa: S608 - our own names
        wanted,
    )
    return [db.typed(row, kind) for row in rows]


async def owner(tx: Connection, what: Owned, number: int | str) -> str | None:
    """Lock the member who owns something; return the member's state, or None if there is no such thing.

    `number` is an id, or a business number where `what` is `order_no` or `withdrawal_no`.
    """
    state: str | None = await tx.fetchval(_OWNER[what], number)
    return state


async def order(tx: Connection, order_id: int) -> LockedOrder:
    """Lock an order; return it as it is under the lock. Where money moves, lock its buyer first. Raises NotFound."""
    return db.typed(_found(await tx.fetchrow(_ORDER, order_id)), LockedOrder)


async def order_of_no(tx: Connection, order_no: str) -> LockedOrder:
    """Lock an order by its order number, like `order`. Raises NotFound."""
    return db.typed(_found(await tx.fetchrow(_ORDER_NO, order_no)), LockedOrder)


def _found(row: asyncpg.Record | None, what: str = "order") -> asyncpg.Record:
    if row is None:
        raise NotFound(what=what)
    return row


async def row(tx: Connection, table: Table, row_id: int, kind: type[_Row]) -> _Row:
    """Lock a row of one of these tables; return the columns of `kind`.

    Raises NotFound (`what`: the table's name in singular).
    """
    sql = f"SELECT {db.columns(kind)} FROM {table} WHERE id = $1 {ROWS}"  # noqa: S608 - our own names
    return db.typed(_found(await tx.fetchrow(sql, row_id), table.removesuffix("s")), kind)


async def team(tx: Connection, team_id: int) -> None:
    """Lock a team of a group buy. Take this lock after orders and before stock."""
    await tx.execute(_TEAM, team_id)
