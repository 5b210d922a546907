"""The member's balance and its statement."""

from datetime import datetime
from typing import Annotated

import msgspec

from server.handlers.endpoint import Call, NoBody, Page, Room
from server.ledger import statement
from server.ledger.chart import kinds_of
from server.services.common import cursors
from server.services.files.sheets import MEDIA_TYPE
from server.services.members import statement_file

room = Room("wallet", "钱包")


class WalletView(msgspec.Struct):
    """`available_fen` is all that can be spent, `withdrawable_fen` its part that can be withdrawn."""

    available_fen: int
    withdrawable_fen: int
    frozen_fen: int
    in_flight_fen: int
    debt_fen: int
    points: int


@room.get("/wallet", "我的钱包", gives=WalletView)
async def wallet(call: Call, _query: NoBody) -> WalletView:
    """Kinds of balance, in fen."""
    held = await statement.balances(call.member_id)
    withdrawable = held.get("withdrawable", 0)
    return WalletView(
        available_fen=held.get("spend_only", 0) + withdrawable,
        withdrawable_fen=withdrawable,
        frozen_fen=held.get("frozen", 0),
        in_flight_fen=held.get("in_flight", 0),
        debt_fen=held.get("debt", 0),
        points=held.get("points", 0),
    )


Month = Annotated[str, msgspec.Meta(pattern=r"^(20\d\d)-(0[1-9]|1[0-2])$")]


class StatementQuery(Page, kw_only=True):
    """Filters: a kind of entry or a group of kinds (`rebate`, `commission`, `order`, `withdrawal`), and a month."""

    kind: Annotated[str, msgspec.Meta(max_length=24)] | None = None
    month: Month | None = None


class StatementLineView(msgspec.Struct):
    """One entry and how it changed the wallet."""

    time: datetime
    kind: str
    label: str
    available_delta_fen: int
    frozen_delta_fen: int
    debt_delta_fen: int
    available_after_fen: int
    why: str
    link: str


class StatementView(msgspec.Struct):
    """A page of the statement, newest first."""

    items: list[StatementLineView]
    next_cursor: str | None


@room.get("/wallet/statement", "钱包明细", takes=StatementQuery, gives=StatementView)
async def lines(call: Call, query: StatementQuery) -> StatementView:
    """Every movement, newest first, each with its reason and what it is about."""
    found = await statement.statement(
        call.member_id,
        before_entry=cursors.unpack(query.cursor, tuple[cursors.Number])[0] if query.cursor else None,
        limit=query.limit + 1,
        kinds=kinds_of(query.kind) if query.kind else (),
        month=_number(query.month),
    )
    shown = found[: query.limit]
    return StatementView(
        [
            StatementLineView(
                line.time,
                line.kind,
                line.label,
                line.available_delta_fen,
                line.frozen_delta_fen,
                line.debt_delta_fen,
                line.available_after_fen,
                line.why,
                line.link,
            )
            for line in shown
        ],
        cursors.pack((shown[-1].entry_id,)) if len(found) > query.limit else None,
    )


def _number(month: str | None) -> int | None:
    return None if month is None else int(month.replace("-", ""))


class MonthView(msgspec.Struct):
    """A month in Shanghai: the number of entries, what the available balance gained and lost, other changes."""

    month: str
    entries: int
    in_fen: int
    out_fen: int
    frozen_delta_fen: int
    debt_delta_fen: int


class Months(msgspec.Struct):
    """Months with entries, newest first."""

    items: list[MonthView]


@room.get("/wallet/months", "每月收支", gives=Months)
async def months(call: Call, _query: NoBody) -> Months:
    """List the sums of each month over all kinds of entry."""
    return Months(
        [
            MonthView(
                f"{total.month // 100}-{total.month % 100:02}",
                total.entries,
                total.in_fen,
                total.out_fen,
                total.frozen_delta_fen,
                total.debt_delta_fen,
            )
            for total in await statement.month_totals(call.member_id)
        ]
    )


class FileQuery(msgspec.Struct):
    """The month to export; without it, as many lines as fit."""

    month: Month | None = None


@room.get("/wallet/statement.xlsx", "导出钱包明细", takes=FileQuery, gives=bytes, media_type=MEDIA_TYPE)
async def export(call: Call, query: FileQuery) -> bytes:
    """The statement as a spreadsheet, at most the newest 10 000 lines."""
    return await statement_file.statement_file(call.member_id, _number(query.month))
