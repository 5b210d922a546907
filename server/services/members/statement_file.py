"""A member's statement as a file: all movements of a month, or the newest movements, for the member's own records."""

import asyncio

from server.ledger import statement
from server.ledger.statement import StatementLine
from server.services.files.sheets import SheetWriter, Yuan

MOST = 10_000
"""The most lines in one file, so that a request makes it in seconds and in memory. With more, export by month."""
_AT_A_TIME = 1_000
_HEADER = (
    "时间",
    "类型",
    "说明",
    "可用余额变动（元）",
    "冻结变动（元）",
    "待抵扣变动（元）",
    "变动后可用余额（元）",
    "编号",
)
_WIDTHS = (20, 22, 48, 20, 18, 18, 22, 32)


async def statement_file(member_id: int, month: int | None) -> bytes:
    """Return an XLSX of a month (`202611`) or of all months, newest first, at most `MOST` lines.

    If there are more lines, the last row says so.
    """
    with SheetWriter("钱包明细", _HEADER, _WIDTHS) as file:
        before, left = None, MOST
        while left:
            page = min(left, _AT_A_TIME)
            lines = await statement.statement(member_id, before_entry=before, limit=page, month=month)
            await asyncio.to_thread(file.append, [_row(line) for line in lines])
            if len(lines) < page:
                break
            before, left = lines[-1].entry_id, left - page
        else:
            if await statement.statement(member_id, before_entry=before, limit=1, month=month):
                file.append([("", "", f"只含最近 {MOST} 条，更早的请按月份导出")])
        return await asyncio.to_thread(file.finished)


def _row(line: StatementLine) -> tuple[object, ...]:
    return (
        line.time,
        line.label,
        line.why,
        Yuan(line.available_delta_fen),
        Yuan(line.frozen_delta_fen),
        Yuan(line.debt_delta_fen),
        Yuan(line.available_after_fen),
        line.link,
    )
