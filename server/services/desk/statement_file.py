"""A member's statement as a file: every movement of a month, or the newest of all, for one's own books."""

import asyncio

from server.ledger import statement
from server.ledger.statement import StatementLine
from server.services.files.sheets import SheetWriter, Yuan

MOST = 10_000
"""Lines in one file: made within seconds, and within the memory of one request. Who has more takes months."""
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
    """An XLSX of a month (`202611`), or of all, newest first, at most `MOST` lines; more are told in the last row."""
    file = SheetWriter("钱包明细", _HEADER, _WIDTHS)
    before, left = None, MOST
    while left:
        lines = await statement.statement(member_id, before_entry=before, limit=_AT_A_TIME, month=month)
        await asyncio.to_thread(file.append, [_row(line) for line in lines])
        if len(lines) < _AT_A_TIME:
            break
        before, left = lines[-1].entry_id, left - len(lines)
    else:
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
