from datetime import UTC, datetime, timedelta

import pytest

from server import db
from server.rules.bills import Bill
from server.services.reconciliation import matching as bill_matching


@pytest.mark.parametrize("bill", list(Bill))
async def test_a_day_is_read_by_indexes(database: str, bill: Bill) -> None:
    """The number of older payments, refunds and withdrawals does not matter."""
    async with db.transaction() as tx:
        await tx.execute(bill_matching._SPOOL)
        await tx.execute("SET LOCAL enable_seqscan = off")  # else the planner would scan, because the tables are empty
        noon = datetime(2026, 11, 1, tzinfo=UTC)
        rows = await tx.fetch(f"EXPLAIN {bill_matching._OURS[bill]}", noon, noon + timedelta(days=1))
    scanned = [row[0] for row in rows if "Seq Scan" in row[0] and "bill_lines" not in row[0]]
    assert scanned == []
